"""The journal of a batch in SQLite: one row per attempt at a recording, from which the next run resumes."""

from __future__ import annotations

import json
import sqlite3
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.batch.discovery import Recording
from pipeline.batch.locks import Locks
from pipeline.batch.naming import absolute
from pipeline.core.atomic_write import as_error, digest_file, sqlite_text
from pipeline.core.errors import ResourceError, SettingsError

Status = Literal["running", "done", "refused", "failed", "crashed", "out_of_memory", "blocked", "lost", "stopped"]
"""Status of an attempt.

``refused`` is a fault of the recording and final; ``failed`` an error of a model; ``crashed`` a worker that died or
exceeded a limit; ``out_of_memory`` an error that the worker survived; ``blocked`` a fault of the machine that may pass
(a result that cannot be written, a file that cannot be read), never final; ``lost`` an attempt whose run was killed;
``stopped`` one whose run was interrupted in an orderly way.
"""
RESUMABLE = ("blocked", "out_of_memory")
"""Statuses of failures caused by the machine."""
Decision = Literal["do", "done", "refused", "quarantined", "locked", "over_limit"]
"""What to do with a recording now.

``quarantined`` after too many failed attempts, ``locked`` while another run works on it, ``over_limit`` beyond the
number of recordings of this run.
"""

WEIGHTS: Mapping[str, float] = {"failed": 1.0, "crashed": 1.0, "out_of_memory": 1.0, "lost": 0.5}
"""Weight of a failed attempt in the count that quarantines a recording. ``lost`` counts half because the run may have
been killed for another reason. Chosen by hand; larger weights give up earlier."""
_TABLE = """
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL, sha256 TEXT NOT NULL, stamp TEXT NOT NULL,
    settings TEXT NOT NULL, status TEXT NOT NULL, counts INTEGER NOT NULL DEFAULT 1, began REAL NOT NULL,
    seconds REAL, duration REAL, stages TEXT, outputs TEXT, columns TEXT, error TEXT, worker TEXT, loads INTEGER,
    notices TEXT);
CREATE INDEX IF NOT EXISTS attempts_by_name ON attempts (name, id);
CREATE TABLE IF NOT EXISTS skipped (path TEXT PRIMARY KEY, reason TEXT NOT NULL, place TEXT NOT NULL);
"""
FOLDER = ".crosstalk"
"""The folder of the journal and its locks, in the output folder."""
_ADDED_COLUMNS = ("worker TEXT", "loads INTEGER", "notices TEXT")
"""Columns that are missing in journals of earlier versions."""
_WAIT = 60.0
"""Seconds to wait while another run writes to the journal. Chosen by hand; a smaller value fails on slow disks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended.

    ``seconds`` of work; ``duration`` of the recording in seconds; ``outputs`` relative to the output folder. ``worker``
    is its process (``host:pid``), ``loads`` the number of models that process has loaded. ``stages`` has the seconds of
    computed stages only, not of those from the cache. ``notices`` are those of the result, as code and message.
    """

    status: Status
    seconds: float = 0.0
    duration: float | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    error: str = ""
    worker: str = ""
    loads: int = 0
    notices: tuple[tuple[str, str], ...] = ()

    @property
    def resumable(self) -> bool:
        """Whether the machine caused the failure."""
        return self.status in RESUMABLE


class Journal:
    """The journal of one output folder (``.crosstalk/journal.sqlite`` in it), for one process."""

    def __init__(self, out: Path, attempts: int = 3) -> None:
        self.out, self._attempts = out, attempts
        self._database = open_database(out)
        self.locks = Locks(out / FOLDER / "claims")

    def decide(self, recording: Recording, settings: str, again: bool = False) -> Decision:
        """What to do with the recording under these settings; ``again`` retries one that has failed.

        A recording without an attempt is not read: a plan for thousands of them takes seconds.
        """
        if not self._is_known(recording.name):
            return "do"
        return self._decide(recording, self._identify(recording)[0], settings, again)

    def claim(self, recording: Recording, settings: str, again: bool = False) -> tuple[Decision, int]:
        """The decision; for ``do`` also the number of the attempt, and the recording is locked until `finish`."""
        name = recording.name
        if not self.locks.acquire(name):
            return "locked", 0
        self._do("UPDATE attempts SET status = 'lost' WHERE name = ? AND status = 'running'", (sqlite_text(name),))
        sha256, signature = self._identify(recording)
        decision = self._decide(recording, sha256, settings, again)
        if decision != "do":
            self.locks.release(name)
            return decision, 0
        if again:
            self._do("UPDATE attempts SET counts = 0 WHERE name = ? AND status != 'done'", (sqlite_text(name),))
        row = (
            sqlite_text(name),
            sqlite_text(str(absolute(recording.path))),
            sha256,
            signature,
            settings,
            time.time(),
            json.dumps(dict(recording.columns)),
        )
        cursor = self._do(
            "INSERT INTO attempts (name, source, sha256, stamp, settings, status, began, columns)"
            " VALUES (?, ?, ?, ?, ?, 'running', ?, ?)",
            row,
        )
        return "do", int(cursor.lastrowid or 0)

    def finish(self, attempt: int, name: str, outcome: Outcome) -> None:
        """Record how the attempt ended, and unlock the recording."""
        row = (outcome.status, outcome.seconds, outcome.duration, json.dumps(dict(outcome.stages)))
        self._do(
            "UPDATE attempts SET status = ?, seconds = ?, duration = ?, stages = ?, outputs = ?, error = ?,"
            " worker = ?, loads = ?, notices = ? WHERE id = ?",
            (
                *row,
                json.dumps(outcome.outputs),
                outcome.error,
                outcome.worker,
                outcome.loads,
                json.dumps(outcome.notices),
                attempt,
            ),
        )
        self.locks.release(name)

    def _is_known(self, name: str) -> bool:
        """Whether there was an attempt at a recording of this name."""
        row = self._do("SELECT 1 FROM attempts WHERE name = ? LIMIT 1", (sqlite_text(name),)).fetchone()
        return row is not None

    def has_failed(self, name: str) -> bool:
        """Whether the recording's last attempt has ended without a result."""
        row = self._do("SELECT status FROM attempts WHERE name = ? ORDER BY id DESC", (sqlite_text(name),)).fetchone()
        return row is not None and row[0] not in ("done", "running")

    def last(self, name: str) -> tuple[str, str]:
        """Status and reason of the recording's last attempt; empty strings without one."""
        row = self._do(
            "SELECT status, error FROM attempts WHERE name = ? ORDER BY id DESC", (sqlite_text(name),)
        ).fetchone()
        if row is None:
            return "", ""
        return row[0], row[1] or ("the run was killed during this recording" if row[0] == "lost" else "")

    def speed(self, computed: bool = True) -> float | None:
        """Seconds of work per second of recording in this folder; None without measurements.

        ``computed``: of attempts that ran the recognizer, otherwise of those whose stages all came from the cache.
        """
        rows = self._do("SELECT seconds, duration, stages FROM attempts WHERE status = 'done' AND duration > 0")
        measured = [(row[0], row[1]) for row in rows if ("recognition" in json.loads(row[2] or "{}")) == computed]
        audio = sum(duration for _, duration in measured)
        return sum(seconds for seconds, _ in measured) / audio if audio else None

    def content(self, recording: Recording) -> str:
        """SHA-256 of the recording's content; "" when it cannot be read, or has no attempt."""
        return self._identify(recording)[0] if self._is_known(recording.name) else ""

    def outdated(self, recording: Recording) -> tuple[str, ...]:
        """Result files of an earlier content of the recording; () while the recording is missing."""
        sha256, signature = self._identify(recording)
        rows = self._do(
            "SELECT sha256, outputs FROM attempts WHERE name = ? AND status = 'done' ORDER BY id",
            (sqlite_text(recording.name),),
        )
        owners = {path: content for content, outputs in rows for path in json.loads(outputs or "[]")}
        return tuple(path for path, content in owners.items() if signature and content != sha256)

    def close(self) -> None:
        """Close the journal and release all locks."""
        self._database.close()
        self.locks.close()

    def _do(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, tuple(values))
        except sqlite3.Error as error:
            raise ResourceError(
                f"the journal cannot be written: {error}", where=str(self.out), hint="free disk space and run again"
            ) from error

    def _decide(self, recording: Recording, sha256: str, settings: str, again: bool) -> Decision:
        rows = self._do(
            "SELECT status, counts, outputs FROM attempts WHERE name = ? AND sha256 = ? AND settings = ? ORDER BY id",
            (sqlite_text(recording.name), sha256, settings),
        ).fetchall()
        if rows and rows[-1][0] == "done" and all((self.out / path).is_file() for path in json.loads(rows[-1][2])):
            return "done"
        counted = [status for status, counts, _ in rows if counts and not again]
        if "refused" in counted:
            return "refused"
        return "quarantined" if sum(WEIGHTS.get(status, 0.0) for status in counted) >= self._attempts else "do"

    def _identify(self, recording: Recording) -> tuple[str, str]:
        """Hash and signature of the file. A file whose signature is unchanged is not read again."""
        signature = file_signature(recording.path)
        row = self._do(
            "SELECT sha256, stamp FROM attempts WHERE name = ? ORDER BY id DESC", (sqlite_text(recording.name),)
        ).fetchone()
        if row and row[0] and signature and row[1] == signature:
            return row[0], signature
        return (_digest(recording.path) if signature else ""), signature


def open_database(out: Path) -> sqlite3.Connection:
    """The database of a folder's journal, made where it is missing, without claims on recordings.

    It has no write-ahead log, whose shared memory does not work across hosts.
    """
    path = out / FOLDER / "journal.sqlite"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise as_error(error, path.parent) from error
    try:
        database = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        database.execute("PRAGMA journal_mode = DELETE")
        database.executescript(_TABLE)
        _add_columns(database)
    except sqlite3.DatabaseError as error:
        kind = ResourceError if isinstance(error, sqlite3.OperationalError) else SettingsError
        raise kind(f"the journal cannot be used: {error}", where=str(path), hint="delete it to start over") from error
    return database


def _add_columns(database: sqlite3.Connection) -> None:
    """Add the columns that are missing; of two runs that start at once, only one does."""
    if _missing_columns(database):
        database.execute("BEGIN IMMEDIATE")
        for column in _missing_columns(database):
            database.execute(f"ALTER TABLE attempts ADD COLUMN {column}")
        database.execute("COMMIT")


def _missing_columns(database: sqlite3.Connection) -> list[str]:
    existing = {row[1] for row in database.execute("PRAGMA table_info(attempts)")}
    return [column for column in _ADDED_COLUMNS if column.split()[0] not in existing]


def file_signature(path: Path) -> str:
    """Size, modification time and inode of a regular file; "" for anything else, which is never read."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}" if stat.S_ISREG(status.st_mode) else ""


def _digest(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError:
        return ""
