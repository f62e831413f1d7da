"""The journal of jobs in SQLite: what was accepted is done once, also after a restart, and deleted after a while."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal

from pipeline.config.schema import Config, as_mapping, assign, check
from pipeline.core.atomic_write import as_error
from pipeline.core.errors import ResourceError, SettingsError
from pipeline.formats.sanitize import clean
from pipeline.server import folders
from pipeline.server.dispatcher import STOPPED
from pipeline.server.work import Cancelled, Done, Failed, Started, Update, Work

Status = Literal["queued", "running", "done", "failed"]
MAX_STARTS: Final = 3
"""Number of starts after which a job fails if the server ends during each: the job may be why. Chosen by hand."""
RECENT: Final = 20
"""Number of finished jobs from which the speed is taken. Chosen by hand; a larger value follows a change later."""
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, recording BLOB NOT NULL, settings TEXT NOT NULL, created REAL NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued', starts INTEGER NOT NULL DEFAULT 0, ended REAL, duration REAL, seconds REAL,
    kind TEXT, message TEXT, notices TEXT, corrections TEXT);
"""
_COLUMNS: Final = "id, name, recording, created, status, ended, duration, kind, message, notices, corrections"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the journal has it. ``created`` and ``ended`` are Unix times, ``duration`` is that of the recording."""

    id: str
    name: str
    recording: Path
    created: float
    status: Status
    ended: float | None = None
    duration: float | None = None
    failure: Failed | None = None
    notices: tuple[str, ...] = ()
    corrections: str | None = None
    """What the names of the files with the corrections in force have in common; None without corrections."""


class Jobs:
    """The jobs of the server that uses ``folder``; finished ones are deleted after ``keep`` seconds. Thread-safe.

    Each job has a folder with its uploads and results. Raises `ResourceError` where the journal cannot be used.
    """

    def __init__(self, folder: Path, keep: float) -> None:
        self.folder, self.keep = folder / "jobs", keep
        self._lock = Lock()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self._claim = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise as_error(error, folder) from error
        try:
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._database = _opened(folder / "journal.sqlite")
        except BlockingIOError as error:
            os.close(self._claim)
            raise SettingsError("another server uses the folder", where=str(folder), hint="choose another") from error
        except ResourceError:
            os.close(self._claim)
            raise
        self._remove_leftovers()
        self._speed = self._measured()

    @property
    def speed(self) -> float | None:
        """Seconds of work per second of recording; None before any job was done."""
        return self._speed

    def folder_of(self, id: str) -> Path:
        """The folder of a job that the journal has."""
        return self.folder / id

    def new(self) -> tuple[str, Path]:
        """The id of a new job, which cannot be guessed, and its folder; `add` makes it a job."""
        id = folders.new_name()
        try:
            self.folder_of(id).mkdir(mode=0o700)
        except OSError as error:
            raise as_error(error, self.folder) from error
        return id, self.folder_of(id)

    def add(self, work: Work) -> None:
        """Record accepted work."""
        row = (work.id, clean(work.name), os.fsencode(work.recording), json.dumps(as_mapping(work.config)), time.time())
        self._do("INSERT INTO jobs (id, name, recording, settings, created) VALUES (?, ?, ?, ?, ?)", row)

    def get(self, id: str) -> Job | None:
        """A job; None for an unknown id."""
        rows = self._do(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (id,))
        return _job(rows[0]) if rows else None

    def pending(self) -> list[Work]:
        """The work that a server before this one accepted and did not end, in that order."""
        lost = Failed("crash", f"the server ended during this job {MAX_STARTS} times")
        for (id,) in self._do("SELECT id FROM jobs WHERE status = 'running' AND starts >= ?", (MAX_STARTS,)):
            self._fail(id, lost)
        self._do("UPDATE jobs SET status = 'queued' WHERE status = 'running'")
        rows = self._do(
            "SELECT id, recording, name, settings FROM jobs WHERE status = 'queued' ORDER BY created, rowid"
        )
        work: list[Work] = []
        for id, recording, name, settings in rows:
            try:
                config = check(assign(Config(), json.loads(settings)))
            except SettingsError as error:  # of another version of this program
                self._fail(id, Failed("request", f"its settings cannot be read any more: {error.what}"))
            else:
                work.append(Work(id, self.folder_of(id), Path(os.fsdecode(recording)), name, config))
        return work

    def observe(self, work: Work, update: Update) -> None:
        """Record the start or the end of a job; what a stopping server did not finish waits for the next one."""
        if isinstance(update, Started):
            first = int(update.attempt == 1)  # further ones are of the same server
            statement = "UPDATE jobs SET status = 'running', starts = starts + ? WHERE id = ? AND ended IS NULL"
            self._do(statement, (first, work.id))
        elif isinstance(update, Done):
            self._finish(work.id, update)
        elif update == STOPPED:
            self._do("UPDATE jobs SET status = 'queued', starts = 0 WHERE id = ? AND ended IS NULL", (work.id,))
        elif isinstance(update, Failed):
            self._fail(work.id, update)
        elif isinstance(update, Cancelled):
            self.delete(work.id)

    def correct(self, id: str, corrections: str) -> bool:
        """Put corrections in force; whether the job is still there."""
        return bool(self._do("UPDATE jobs SET corrections = ? WHERE id = ? RETURNING id", (corrections, id)))

    def delete(self, id: str) -> bool:
        """Delete a job with its folder; whether it was there."""
        if not self._do("DELETE FROM jobs WHERE id = ? RETURNING id", (id,)):
            return False
        self.discard(id)
        return True

    def discard(self, id: str) -> None:
        """Delete a folder that `new` made; whoever still writes there finds no folder."""
        folders.remove(self.folder_of(id))

    def sweep(self) -> None:
        """Delete the jobs that ended more than ``keep`` seconds ago."""
        rows = self._do("SELECT id FROM jobs WHERE ended < ?", (time.time() - self.keep,))
        for (id,) in rows:
            self.delete(id)

    def close(self) -> None:
        """Close the journal; another server may use the folder."""
        with self._lock:
            self._database.close()
            os.close(self._claim)

    def _finish(self, id: str, done: Done) -> None:
        row = (time.time(), done.duration, done.seconds, json.dumps(done.notices), id)
        self._do(
            "UPDATE jobs SET status = 'done', ended = ?, duration = ?, seconds = ?, notices = ?"
            " WHERE id = ? AND ended IS NULL",
            row,
        )
        self._speed = self._measured()

    def _fail(self, id: str, failed: Failed) -> None:
        row = (time.time(), failed.kind, failed.message, id)
        self._do(
            "UPDATE jobs SET status = 'failed', ended = ?, kind = ?, message = ? WHERE id = ? AND ended IS NULL", row
        )

    def _measured(self) -> float | None:
        rows = self._do(
            "SELECT seconds, duration FROM jobs WHERE status = 'done' AND duration > 0 ORDER BY ended DESC LIMIT ?",
            (RECENT,),
        )
        audio = sum(duration for _, duration in rows)
        return sum(seconds for seconds, _ in rows) / audio if audio else None

    def _remove_leftovers(self) -> None:
        """Delete folders of uploads that did not become jobs, and of jobs whose deletion was interrupted; no others."""
        known = {id for (id,) in self._do("SELECT id FROM jobs")}
        folders.remove_leftovers(self.folder, known)

    def _do(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement, which is on disk when this returns."""
        try:
            with self._lock:
                return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise ResourceError(f"the journal of jobs cannot be used: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    """The database; what is deleted in it is overwritten."""
    try:
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        database.execute("PRAGMA secure_delete = ON")
        database.executescript(_TABLE)
    except (sqlite3.Error, OSError) as error:
        hint = "delete it to start over"
        raise ResourceError(f"the journal of jobs cannot be used: {error}", where=str(path), hint=hint) from error
    return database


def _job(row: Sequence[Any]) -> Job:
    id, name, recording, created, status, ended, duration, kind, message, notices, corrections = row
    failure = Failed(kind, message) if kind else None
    path, codes = Path(os.fsdecode(recording)), tuple(json.loads(notices)) if notices else ()
    return Job(id, name, path, created, status, ended, duration, failure, codes, corrections)
