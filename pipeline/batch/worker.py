"""A worker: a process that loads the models once and transcribes what it is handed, until the pipe closes.

It ends with its parent, whatever happens to that: a thread reads the pipe, and its end ends the whole process group.
"""

from __future__ import annotations

import logging
import os
import platform
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline import media
from pipeline.batch.history import read_outputs
from pipeline.batch.journal import Outcome, Status
from pipeline.config.schema import Config
from pipeline.core.atomic_write import as_error_of_unknown_direction
from pipeline.core.errors import (
    CrosstalkError,
    InputError,
    OutOfMemory,
    OutputExists,
    ReadError,
    ResourceError,
    SettingsError,
)
from pipeline.core.events import Event, StageAdvanced, StageFinished
from pipeline.core.output_record import OutputRecord
from pipeline.engine.artifact_cache import DiskCache, NoCache


@dataclass(frozen=True, slots=True)
class Setup:
    """What every job of a worker has in common; ``analytics`` is the text of the rules, None without analytics.

    ``overwrite`` allows to replace files that this program did not write; ``mark_doubts`` marks what is to be checked.
    """

    config: Config
    out: Path
    formats: tuple[str, ...]
    cache: Path | None = None
    analytics: str | None = None
    overwrite: bool = False
    mark_doubts: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to transcribe, with the settings that are its own."""

    path: Path
    name: str
    config: Config
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """The models are loaded."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The recording is decoded; its ``duration`` in seconds is known."""

    duration: float


@dataclass(frozen=True, slots=True)
class FatalError:
    """A fault that hits every recording: models are missing, the disk is full."""

    line: str
    exit_code: int


Message = Ready | Decoded | Outcome | FatalError


def main(handle: int) -> None:
    """Serve the pipe with this file descriptor; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    pipe: Connection[Any, Any] = Connection(handle)
    setup: Setup = pipe.recv()
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(pipe, jobs), daemon=True).start()
    logging.getLogger("pipeline").addHandler(logging.StreamHandler())  # to the error output of the whole batch
    try:
        bench = WorkerRuntime(setup, pipe.send)
    except CrosstalkError as error:
        pipe.send(FatalError(error.line, error.exit_code))
        signal.pause()
    else:
        pipe.send(Ready())
        while True:
            pipe.send(bench.work(jobs.get()))


class WorkerRuntime:
    """The models of one worker, and what is done with them."""

    def __init__(self, setup: Setup, tell: Callable[[Message], None]) -> None:
        from pipeline.engine.pipeline import Transcriber

        self._setup, self._tell = setup, tell
        self._stages: dict[str, float] = {}
        self._decoded = 0.0
        cache = DiskCache(setup.cache) if setup.cache else NoCache()
        self._transcriber = Transcriber(setup.config, cache=cache, listener=self._note)
        if problem := self._transcriber.models.choice.problem:
            logging.getLogger("pipeline").warning("%s", problem)
        self._transcriber.models.load()
        media.prestart()
        self._name = f"{platform.node()}:{os.getpid()}"

    def work(self, job: Job) -> Outcome | FatalError:
        """Transcribe and write one recording."""
        began = time.perf_counter()
        self._stages, self._decoded = {}, 0.0
        done = Outcome("done")
        try:
            done = self._transcribe(job)
        except Exception as fault:
            error = _understood(fault)
            if error.affects_all:
                return FatalError(error.line, error.exit_code)
            done = Outcome(_status(fault), error=error.line)
        return replace(
            done,
            seconds=time.perf_counter() - began,
            stages=dict(self._stages),
            worker=self._name,
            loads=self._transcriber.models.loads,
        )

    def _transcribe(self, job: Job) -> Outcome:
        from pipeline.analytics import analytics_file
        from pipeline.formats import files

        setup = self._setup
        target = setup.out / job.name
        record = OutputRecord(setup.out, job.name, overwrite=setup.overwrite, adopted=read_outputs(setup.out, job.name))
        analytics = () if setup.analytics is None else (analytics_file.path_of(target),)
        record.check((*files.output_paths(target.name, target.parent, setup.formats), *analytics))
        transcript = self._transcriber.with_config(job.config)(job.path)
        paths = files.write(transcript, target.name, target.parent, setup.formats, record, setup.mark_doubts)
        if setup.analytics is not None:
            record.write(*analytics_file.file_of(transcript, setup.analytics, target, job.columns))
            paths += analytics
        outputs = tuple(str(path.relative_to(setup.out)) for path in paths)
        notices = tuple((notice.code, notice.message) for notice in transcript.notices)
        return Outcome("done", duration=transcript.duration, outputs=outputs, notices=notices)

    def _note(self, event: Event) -> None:
        if isinstance(event, StageAdvanced) and event.stage == "decode":
            self._decoded = event.done
        if isinstance(event, StageFinished):
            if not event.cached:
                self._stages[event.stage] = round(event.seconds, 4)
            if event.stage == "decode":
                media.prestart()
                self._tell(Decoded(self._decoded))


def _understood(fault: Exception) -> CrosstalkError:
    """What went wrong, as an error with one line."""
    if isinstance(fault, CrosstalkError):
        return fault
    if isinstance(fault, MemoryError):
        return OutOfMemory("memory ran out", hint="transcribe a shorter piece, or free memory")
    if isinstance(fault, OSError):
        return as_error_of_unknown_direction(fault)
    return CrosstalkError(f"{type(fault).__name__}: {fault}")


def _status(fault: Exception) -> Status:
    """How an attempt with this fault ended; only what is the recording's own fault is final."""
    if isinstance(fault, OutOfMemory | MemoryError):
        return "out_of_memory"
    if isinstance(fault, ResourceError | ReadError | OutputExists | OSError):
        return "blocked"
    return "refused" if isinstance(fault, InputError | SettingsError) else "failed"


def _read(pipe: Connection[Any, Any], jobs: queue.SimpleQueue[Job]) -> None:
    try:
        while True:
            jobs.put(pipe.recv())
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)


def _leave(number: int, frame: Any) -> None:
    raise SystemExit(128 + number)
