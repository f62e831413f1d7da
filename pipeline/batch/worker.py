"""The program of a batch worker: load the models once, then transcribe one recording after another."""

from __future__ import annotations

import logging
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

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
from pipeline.core.types import Transcript
from pipeline.engine.artifact_cache import DiskCache, NoCache
from pipeline.formats.base import Options
from pipeline.formats.sound import SoundUse
from pipeline.redaction.settings import RedactionSettings
from pipeline.workers.program import Control

PROGRAM = "pipeline.batch.worker:start"
"""What a worker runs, for `pipeline.workers.program.Program`; its setup is a `WorkerSetup`."""


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings that all recordings share.

    ``analytics`` is the text of the rules, None without analytics. ``overwrite`` allows to replace files that this
    program did not write. ``options`` and ``sound`` say how the transcripts are written. With
    ``redaction``, only redacted results are written.
    """

    config: Config
    out: Path
    formats: tuple[str, ...]
    cache: Path | None = None
    analytics: str | None = None
    overwrite: bool = False
    options: Options = field(default_factory=Options)
    sound: SoundUse = "embed"
    redaction: RedactionSettings | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a worker: ``base`` seconds plus ``factor`` seconds per second of recording; ``memory`` in bytes.

    The first two are those of the command line's ``--timeout``, chosen by hand: far above any measured speed.
    """

    base: float = 300.0
    factor: float = 30.0
    memory: int | None = None

    def seconds(self, duration: float) -> float:
        """Time limit in seconds for a recording of ``duration`` seconds."""
        return self.base + self.factor * duration


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker is started with."""

    batch: Setup
    limits: Limits


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to transcribe, with its own settings and the manifest's further columns."""

    path: Path
    name: str
    config: Config
    columns: Mapping[str, str] = field(default_factory=dict)


def start(setup: WorkerSetup) -> WorkerRuntime:
    """Load the models. Log messages go to the error output of the whole batch."""
    logging.getLogger("pipeline").addHandler(logging.StreamHandler())
    return WorkerRuntime(setup)


class WorkerRuntime:
    """The models of one worker; called with a job, it transcribes the recording and writes the results."""

    def __init__(self, setup: WorkerSetup) -> None:
        from pipeline.analytics.rules.reading import read
        from pipeline.engine.pipeline import Transcriber

        self._setup, self._limits = setup.batch, setup.limits
        self._rules = read(setup.batch.analytics or "")
        self._stages: dict[str, float] = {}
        self._decoded = 0.0
        self._control = Control()
        cache = DiskCache(self._setup.cache) if self._setup.cache else NoCache()
        self._transcriber = Transcriber(self._setup.config, cache=cache, listener=self._on_event)
        if problem := self._transcriber.models.choice.problem:
            logging.getLogger("pipeline").warning("%s", problem)
        self._transcriber.models.load()
        media.prestart()
        self._name = f"{platform.node()}:{os.getpid()}"

    def __call__(self, job: Job, control: Control) -> Outcome:
        """Transcribe one recording and write its results. Raises only errors that every recording would meet."""
        began = time.perf_counter()
        self._stages, self._decoded, self._control = {}, 0.0, control
        try:
            outcome = self._transcribe(job)
        except Exception as fault:
            error = _as_error(fault)
            if error.affects_all:
                raise error from fault
            outcome = Outcome(_status(fault), error=error.line)
        return replace(
            outcome,
            seconds=time.perf_counter() - began,
            stages=dict(self._stages),
            worker=self._name,
            loads=self._transcriber.models.loads,
        )

    def _transcribe(self, job: Job) -> Outcome:
        from pipeline.analytics import analytics_file
        from pipeline.analytics.roles.assigning import with_roles
        from pipeline.analytics.roles.request import request_of
        from pipeline.corrections.saved import corrected, corrections_of, refuse_loss
        from pipeline.formats import files

        setup = self._setup
        target = setup.out / job.name
        record = OutputRecord(setup.out, job.name, overwrite=setup.overwrite, adopted=read_outputs(setup.out, job.name))
        analytics = () if setup.analytics is None else (analytics_file.path_of(target),)
        expected = files.expected_paths(target.name, target.parent, setup.formats, **setup.options)
        record.check((*expected, *analytics))
        if not setup.overwrite:
            refuse_loss(job.path, target.name, target.parent)
        request = request_of(self._rules.roles, job.config.diarization.roles, job.columns)
        corrections = corrections_of(job.path)
        transcript = self._transcriber.with_config(job.config)(job.path)
        transcript = corrected(transcript, target.name, target.parent, corrections)
        transcript = with_roles(transcript, request)
        transcript, columns, paths = self._write(transcript, job, target, record)
        if setup.analytics is not None:
            record.write(*analytics_file.file_of(transcript, self._rules.rules, target, columns))
            paths += analytics
        outputs = tuple(str(path.relative_to(setup.out)) for path in paths)
        notices = tuple((notice.code, notice.message) for notice in transcript.notices)
        return Outcome("done", duration=transcript.duration, outputs=outputs, notices=notices)

    def _write(
        self, transcript: Transcript, job: Job, target: Path, record: OutputRecord
    ) -> tuple[Transcript, Mapping[str, str], tuple[Path, ...]]:
        """Write the transcript, redacted where that is asked for; what was written, the columns, and the paths."""
        from pipeline.batch.redacted import write_redacted
        from pipeline.formats import files
        from pipeline.formats.sound import sound_maker

        setup, models = self._setup, self._transcriber.models
        if setup.redaction is not None:
            place = target, setup, record
            return write_redacted(transcript, job.path, job.columns, place, lambda: models.recognizer)
        sound = sound_maker(job.path, transcript, setup.sound)
        paths = files.write(transcript, target.name, target.parent, setup.formats, record, sound, **setup.options)
        return transcript, job.columns, paths

    def _on_event(self, event: Event) -> None:
        """Collect the seconds of computed stages; once the recording is decoded, its duration sets the time limit."""
        if isinstance(event, StageAdvanced) and event.stage == "decode":
            self._decoded = event.done
        if isinstance(event, StageFinished):
            if not event.cached:
                self._stages[event.stage] = round(event.seconds, 4)
            if event.stage == "decode":
                media.prestart()
                self._control.extend(self._limits.seconds(self._decoded))


def _as_error(fault: Exception) -> CrosstalkError:
    """Any exception as an error with a one-line message."""
    if isinstance(fault, CrosstalkError):
        return fault
    if isinstance(fault, MemoryError):
        return OutOfMemory("out of memory", hint="transcribe a shorter excerpt, or free memory")
    if isinstance(fault, OSError):
        return as_error_of_unknown_direction(fault)
    return CrosstalkError(f"{type(fault).__name__}: {fault}")


def _status(fault: Exception) -> Status:
    """How an attempt with this exception ended: ``refused`` is final, so it stands for faults of the recording only."""
    if isinstance(fault, OutOfMemory | MemoryError):
        return "out_of_memory"
    if isinstance(fault, ResourceError | ReadError | OutputExists | OSError):
        return "blocked"
    return "refused" if isinstance(fault, InputError | SettingsError) else "failed"
