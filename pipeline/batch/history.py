"""The past of an output folder, read from its journal without a claim: names, results, failures, what was left out."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pipeline.analytics.calls import Failure, History, Skipped
from pipeline.core.atomic_write import sqlite_text
from pipeline.core.errors import ResourceError

_LAST = """
SELECT name, source, status, error, sha256 FROM attempts
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
    sha256: str = ""
    """SHA-256 of the recording; "" when it could not be read."""

    @property
    def failed(self) -> bool:
        return self.status in _FAILED

    @property
    def exists(self) -> bool | None:
        """Whether the recording still exists; None if unknown.

        That is where its folder does not exist either: the disk may be elsewhere, or the results were moved to another
        machine. Also where an old journal has no absolute path.
        """
        if os.path.lexists(self.source):
            return True
        folder = os.path.dirname(self.source)  # noqa: PTH120 — text of a journal
        return False if os.path.isabs(folder) and os.path.isdir(folder) else None  # noqa: PTH112, PTH117


def read_last(out: Path) -> dict[str, Last]:
    """The last attempt at each recording, by name; of two names of one recording only the newer."""
    newest = {last.source: last for last in (Last(*row) for row in _rows(out, _LAST))}
    return {last.name: last for last in newest.values()}


def read_history(out: Path) -> History:
    """What tables and report say beside the calls: failures, removed recordings, duplicates, and what was left out."""
    last = read_last(out)
    failures = tuple(
        Failure(one.name, one.status, one.error, one.source, one.exists)
        for _, one in sorted(last.items())
        if one.failed
    )
    exists = {name: one.exists for name, one in last.items()}
    digests = {name: one.sha256 for name, one in last.items() if one.sha256}
    return History(failures, exists, read_superseded(out), digests, read_skipped(out))


def read_skipped(out: Path) -> tuple[Skipped, ...]:
    """What the last searches left out, without the recordings that were taken up since."""
    if not _rows(out, "SELECT name FROM sqlite_master WHERE name = 'skipped'"):  # a journal of an earlier version
        return ()
    rows = _rows(out, "SELECT path, reason FROM skipped WHERE path NOT IN (SELECT source FROM attempts) ORDER BY path")
    return tuple(Skipped(*row) for row in rows)


def read_duplicates(out: Path, names: Collection[str]) -> tuple[tuple[str, str], ...]:
    """The recordings among ``names`` with the content of an earlier one by name, each with that one."""
    wanted = {sqlite_text(name) for name in names}
    first: dict[str, str] = {}
    pairs = [
        (name, first.setdefault(one.sha256, name))
        for name, one in sorted(read_last(out).items())
        if one.sha256 and name in wanted
    ]
    return tuple((name, owner) for name, owner in pairs if name != owner)


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


def read_results(out: Path) -> tuple[tuple[str, ...], ...]:
    """The result files of every finished attempt, relative to the output folder."""
    rows = _rows(out, "SELECT outputs FROM attempts WHERE status = 'done' AND outputs != ''")
    return tuple(tuple(json.loads(outputs)) for (outputs,) in rows)


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
