"""The journal: what was tried with each recording, in SQLite, one row per attempt; who runs again resumes from it."""

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
"""``refused`` is the recording's own fault and final; ``failed`` a model's; ``crashed`` a worker that died, hung or
grew too large; ``out_of_memory`` says itself; ``blocked`` a fault of the machine that may pass (a result that cannot be
written, a file that cannot be read): never final; ``lost`` an attempt whose whole run was killed; ``stopped`` one that
was interrupted in good order."""
RESUMABLE = ("blocked", "out_of_memory")
"""Failures for which the machine lacked something."""
Verdict = Literal["do", "done", "refused", "aside", "elsewhere", "later"]
"""What is to happen with a recording now; ``aside`` after too many attempts, ``elsewhere`` while another run has it,
``later`` beyond the number asked for."""

WEIGHTS: Mapping[str, float] = {"failed": 1.0, "crashed": 1.0, "out_of_memory": 1.0, "lost": 0.5}
"""What an attempt counts towards setting a recording aside: a run may have been killed for another's sake."""
_TABLE = """
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL, sha256 TEXT NOT NULL, stamp TEXT NOT NULL,
    settings TEXT NOT NULL, status TEXT NOT NULL, counts INTEGER NOT NULL DEFAULT 1, began REAL NOT NULL,
    seconds REAL, duration REAL, stages TEXT, outputs TEXT, columns TEXT, error TEXT, worker TEXT, loads INTEGER,
    notices TEXT);
CREATE INDEX IF NOT EXISTS attempts_by_name ON attempts (name, id);
"""
_LATER = ("worker TEXT", "loads INTEGER", "notices TEXT")
"""Columns that journals of earlier versions lack."""
_WAIT = 60.0
"""Seconds to wait for another run that is writing to the journal."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended; ``outputs`` are relative to the output folder, ``duration`` is the recording's.

    ``worker`` is the process that worked on it (``host:pid``), ``loads`` how many models it has loaded since it began.
    ``stages`` are the seconds of the stages that were computed; those taken from the cache are not in it. ``notices``
    are the result's own warnings: a code and a sentence each.
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
        """Whether it failed because the machine lacked something."""
        return self.status in RESUMABLE


class Journal:
    """The journal of one output folder (``.crosstalk/journal.sqlite`` in it), for one process."""

    def __init__(self, out: Path, attempts: int = 3) -> None:
        self.out, self._most = out, attempts
        folder = out / ".crosstalk"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise as_error(error, folder) from error
        self.claims = Locks(folder / "claims")
        self._base = _open(folder / "journal.sqlite")

    def look(self, recording: Recording, settings: str, again: bool = False) -> Verdict:
        """What is to happen with the recording under these settings; ``again`` gives failed ones another chance."""
        return self._verdict(recording, self._identify(recording)[0], settings, again)

    def claim(self, recording: Recording, settings: str, again: bool = False) -> tuple[Verdict, int]:
        """The verdict, and for ``do`` the number of the attempt, which is now ours until `finish`."""
        name = recording.name
        if not self.claims.take(name):
            return "elsewhere", 0
        self._do("UPDATE attempts SET status = 'lost' WHERE name = ? AND status = 'running'", (sqlite_text(name),))
        sha256, mark = self._identify(recording)
        verdict = self._verdict(recording, sha256, settings, again)
        if verdict != "do":
            self.claims.drop(name)
            return verdict, 0
        if again:
            self._do("UPDATE attempts SET counts = 0 WHERE name = ? AND status != 'done'", (sqlite_text(name),))
        row = (
            sqlite_text(name),
            sqlite_text(str(absolute(recording.path))),
            sha256,
            mark,
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
        """Write down how the attempt ended, and let go of the recording."""
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
        self.claims.drop(name)

    def has_failed(self, name: str) -> bool:
        """Whether the recording's last attempt came to nothing."""
        row = self._do("SELECT status FROM attempts WHERE name = ? ORDER BY id DESC", (sqlite_text(name),)).fetchone()
        return row is not None and row[0] not in ("done", "running")

    def last(self, name: str) -> tuple[str, str]:
        """How the recording's last attempt ended, and why."""
        row = self._do(
            "SELECT status, error FROM attempts WHERE name = ? ORDER BY id DESC", (sqlite_text(name),)
        ).fetchone()
        if row is None:
            return "", ""
        return row[0], row[1] or ("the run was killed at it" if row[0] == "lost" else "")

    def speed(self, computed: bool = True) -> float | None:
        """Seconds of work per second of recording in this folder; None before anything was measured.

        ``computed``: where words were recognised anew, else where every stage came from the cache.
        """
        rows = self._do("SELECT seconds, duration, stages FROM attempts WHERE status = 'done' AND duration > 0")
        measured = [(row[0], row[1]) for row in rows if ("recognition" in json.loads(row[2] or "{}")) == computed]
        audio = sum(duration for _, duration in measured)
        return sum(seconds for seconds, _ in measured) / audio if audio else None

    def content(self, recording: Recording) -> str:
        """The hash of the recording's content, "" when it cannot be read."""
        return self._identify(recording)[0]

    def outdated(self, recording: Recording) -> tuple[str, ...]:
        """Results that lie in the folder and belong to an earlier content of the recording; () while it is missing."""
        sha256, mark = self._identify(recording)
        rows = self._do(
            "SELECT sha256, outputs FROM attempts WHERE name = ? AND status = 'done' ORDER BY id",
            (sqlite_text(recording.name),),
        )
        owners = {path: content for content, outputs in rows for path in json.loads(outputs or "[]")}
        return tuple(path for path, content in owners.items() if mark and content != sha256)

    def close(self) -> None:
        """Close the journal; all claims are let go of."""
        self._base.close()
        self.claims.close()

    def _do(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        try:
            return self._base.execute(statement, tuple(values))
        except sqlite3.Error as error:
            raise ResourceError(
                f"the journal cannot be written: {error}", where=str(self.out), hint="make room and run again"
            ) from error

    def _verdict(self, recording: Recording, sha256: str, settings: str, again: bool) -> Verdict:
        rows = self._do(
            "SELECT status, counts, outputs FROM attempts WHERE name = ? AND sha256 = ? AND settings = ? ORDER BY id",
            (sqlite_text(recording.name), sha256, settings),
        ).fetchall()
        if rows and rows[-1][0] == "done" and all((self.out / path).is_file() for path in json.loads(rows[-1][2])):
            return "done"
        counted = [status for status, counts, _ in rows if counts and not again]
        if "refused" in counted:
            return "refused"
        return "aside" if sum(WEIGHTS.get(status, 0.0) for status in counted) >= self._most else "do"

    def _identify(self, recording: Recording) -> tuple[str, str]:
        """Hash and stamp of the content; a file whose stamp has not changed is not read again."""
        mark = file_signature(recording.path)
        row = self._do(
            "SELECT sha256, stamp FROM attempts WHERE name = ? ORDER BY id DESC", (sqlite_text(recording.name),)
        ).fetchone()
        if row and row[0] and mark and row[1] == mark:
            return row[0], mark
        return (_digest(recording.path) if mark else ""), mark


def _open(path: Path) -> sqlite3.Connection:
    """The journal's data base. It has no write-ahead log, whose shared memory does not work between two hosts."""
    try:
        base = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        base.execute("PRAGMA journal_mode = DELETE")
        base.executescript(_TABLE)
        _add_columns(base)
    except sqlite3.DatabaseError as error:
        problem = ResourceError if isinstance(error, sqlite3.OperationalError) else SettingsError
        raise problem(
            f"the journal cannot be used: {error}", where=str(path), hint="delete it to start over"
        ) from error
    return base


def _add_columns(base: sqlite3.Connection) -> None:
    """Add what journals of earlier versions lack; of two runs that begin at once, one does."""
    if _lacking(base):
        base.execute("BEGIN IMMEDIATE")
        for column in _lacking(base):
            base.execute(f"ALTER TABLE attempts ADD COLUMN {column}")
        base.execute("COMMIT")


def _lacking(base: sqlite3.Connection) -> list[str]:
    known = {row[1] for row in base.execute("PRAGMA table_info(attempts)")}
    return [column for column in _LATER if column.split()[0] not in known]


def file_signature(path: Path) -> str:
    """Size, time and inode of a regular file; "" for anything else, which nobody reads here."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}" if stat.S_ISREG(found.st_mode) else ""


def _digest(path: Path) -> str:
    try:
        return digest_file(path)
    except OSError:
        return ""
