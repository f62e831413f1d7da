"""What a search left out, recorded in the journal of the output folder for a later report.

Written without claims on recordings, so that a run that holds some can record as well (POSIX locks end with the first
file of a process that is closed).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from pipeline.batch.discovery import LeftOut
from pipeline.batch.journal import open_database
from pipeline.batch.naming import absolute
from pipeline.core.atomic_write import sqlite_text
from pipeline.core.errors import ResourceError


def record(out: Path, places: Sequence[str], items: Sequence[LeftOut]) -> None:
    """Record what a search of ``places`` left out, instead of what the last search of each did."""
    rows = [(_text(item.path, item.kind == "rejected"), sqlite_text(item.reason), _text(item.place)) for item in items]
    with closing(open_database(out)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("DELETE FROM skipped WHERE place = ?", [(_text(place),) for place in places])
            database.executemany("INSERT OR REPLACE INTO skipped VALUES (?, ?, ?)", rows)
            database.execute("COMMIT")
        except sqlite3.Error as error:
            raise ResourceError(
                f"the journal cannot be written: {error}", where=str(out), hint="free disk space and run again"
            ) from error


def _text(path: str, is_line: bool = False) -> str:
    """An absolute path, or the place of a line of a manifest, for the database."""
    return sqlite_text(path if is_line else str(absolute(Path(path))))
