"""The past of an output folder, read from its journal without a claim: names, results and failures."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.atomic_write import sqlite_text
from pipeline.core.errors import ResourceError

_LAST = """
SELECT name, source, status, error FROM attempts
WHERE id IN (SELECT MAX(id) FROM attempts GROUP BY name) AND status != 'running' ORDER BY id
"""
_FAILED = ("refused", "failed", "crashed", "out_of_memory", "blocked", "lost")


@dataclass(frozen=True, slots=True)
class Last:
    """The last attempt at a recording; ``source`` is its absolute path (in old journals: the path as given)."""

    name: str
    source: str
    status: str
    error: str

    @property
    def failed(self) -> bool:
        return self.status in _FAILED

    @property
    def exists(self) -> bool | None:
        """Whether the recording still exists; None when the journal has no absolute path."""
        return os.path.lexists(self.source) if os.path.isabs(self.source) else None  # noqa: PTH117 — text of a journal


def read_last(out: Path) -> dict[str, Last]:
    """The last attempt at each recording, by name; of two names of one recording only the newer."""
    newest = {last.source: last for last in (Last(*row) for row in _rows(out, _LAST))}
    return {last.name: last for last in newest.values()}


def read_superseded(out: Path) -> frozenset[str]:
    """Former names of recordings whose results have another name now."""
    return frozenset(row[0] for row in _rows(out, _LAST)) - read_last(out).keys()


def read_names(out: Path) -> dict[Path, str]:
    """The name of each known recording, by absolute path."""
    return {Path(last.source): last.name for last in read_last(out).values()}


def read_outputs(out: Path, name: str) -> frozenset[str]:
    """The result files of a recording in the journal, relative to the output folder."""
    rows = _rows(out, "SELECT outputs FROM attempts WHERE name = ? AND outputs != ''", (sqlite_text(name),))
    return frozenset(output for (outputs,) in rows for output in json.loads(outputs))


def _rows(out: Path, statement: str, values: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    path = out / ".crosstalk" / "journal.sqlite"
    if not path.is_file():
        return []
    try:
        connection = sqlite3.connect(path, timeout=60.0)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ResourceError(f"the journal cannot be read: {error}", where=str(path)) from error
