"""The program of a worker: load the models once, then transcribe one recording after another."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.config.schema import Config
from pipeline.core.atomic_write import write_atomically
from pipeline.core.errors import InputError, SettingsError
from pipeline.core.events import Event, StageAdvanced, StageFinished, StageStarted
from pipeline.server.api_errors import problem_of
from pipeline.server.failures import failure_of
from pipeline.server.log import log_to_standard_error
from pipeline.server.work import REPLY, TRANSCRIPT, Cancelled, Done, End, StageProgress, Work, require_unmoved
from pipeline.workers.program import Control

if TYPE_CHECKING:
    from pipeline.batch.worker import Limits
    from pipeline.core.types import Transcript
    from pipeline.engine.known_people import KnownPeople
    from pipeline.engine.pipeline import Transcriber
    from pipeline.gallery.people import VoicePrint
    from pipeline.media import Decoded

PROGRAM: Final = "pipeline.server.worker:start"
"""What a worker runs, for `pipeline.workers.program.Program`; its setup is a `WorkerSetup`."""
CLIP_SECONDS: Final = (2.0, 10.5)
"""Shortest and longest recording of a known speaker in seconds: OpenAI's limits, with half a second for padding by
encoders. Longer clips would take more time than the recording itself."""
INTERVAL: Final = 0.1
"""Fewest seconds between two reports in a stage. Chosen by hand; a smaller value takes more of the front process."""


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker is started with: the settings whose models it loads, for its share of the machine, and limits."""

    config: Config
    limits: Limits


def start(setup: WorkerSetup) -> TranscribingWorker:
    """Load the models."""
    log_to_standard_error()
    return TranscribingWorker(setup)


class TranscribingWorker:
    """The models of one worker; called with work, it transcribes the recording and writes the results.

    A request with other models replaces them: one set is in memory at a time.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        from pipeline import media
        from pipeline.engine.pipeline import Transcriber
        from pipeline.models.weights import Store

        self._setup = setup
        self._store = Store(offline=setup.config.runtime.offline)
        self._models = Transcriber(setup.config, store=self._store).models
        self._models.load()
        media.prestart()

    def __call__(self, work: Work, control: Control) -> End:
        """Transcribe one recording and write its results. Never raises an `Exception`."""
        progress = _WorkProgress(control, self._setup.limits)
        try:
            transcript = self._transcript(work, progress)
            if work.reply is not None:
                from pipeline.server import replies

                known = tuple(work.config.identification.known)
                write_atomically(work.folder / REPLY, replies.render(transcript, work.reply, known))
        except _Abandoned:
            return Cancelled()
        except Exception as fault:
            return failure_of(fault)
        notices = tuple(dict.fromkeys(notice.code for notice in transcript.notices))
        return Done(transcript.duration, progress.seconds, dict(progress.stages), notices)

    def _transcript(self, work: Work, progress: _WorkProgress) -> Transcript:
        """The transcript, and its file; that of an earlier attempt, which ended after writing it, is taken as it is."""
        from pipeline import formats
        from pipeline.analytics.roles.assigning import with_roles
        from pipeline.analytics.roles.request import wanted_roles

        path = work.folder / TRANSCRIPT
        if path.exists():
            return formats.load(path, "json")
        config = replace(work.config, runtime=self._setup.config.runtime)
        roles = wanted_roles(None, config.diarization.roles)
        transcriber = self._transcriber(config, progress)
        if clips := _clips_of(work):
            transcriber.known_people = _known_people(transcriber, clips)
        require_unmoved(work.recording, work.folder)
        transcript = with_roles(transcriber(work.recording), roles)
        if transcript.provenance is not None:
            transcript = replace(transcript, provenance=replace(transcript.provenance, source=work.name))
        write_atomically(path, formats.dumps(transcript, "json"))
        return transcript

    def _transcriber(self, config: Config, progress: _WorkProgress) -> Transcriber:
        """What transcribes with these settings, by the loaded models where they are the same."""
        from pipeline.engine.pipeline import Transcriber

        transcriber = Transcriber(config, store=self._store, listener=progress.on_event)
        transcriber.models.adopt(self._models)
        self._models = transcriber.models
        return transcriber


class _Abandoned(BaseException):
    """The result is not wanted any more; unwinds the pipeline, which no part of it takes for an error of a model."""


class _WorkProgress:
    """What one recording reports: progress, its time limit once its length is known, and the seconds of its stages."""

    def __init__(self, control: Control, limits: Limits) -> None:
        self.stages: dict[str, float] = {}
        self._control, self._limits = control, limits
        self._began = time.perf_counter()
        self._reported = 0.0
        self._decoded = 0.0
        self._duration: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the work began."""
        return time.perf_counter() - self._began

    def on_event(self, event: Event) -> None:
        """The listener of the pipeline."""
        if self._control.is_abandoned():
            raise _Abandoned
        if isinstance(event, StageStarted):
            self._report(StageProgress(event.stage, 0.0, event.total, self._duration))
        elif isinstance(event, StageAdvanced):
            if event.stage == "decode":
                self._decoded = event.done
            if time.perf_counter() - self._reported >= INTERVAL:
                self._report(StageProgress(event.stage, event.done, event.total, self._duration))
        elif isinstance(event, StageFinished):
            self.stages[event.stage] = round(event.seconds, 4)
            if event.stage == "decode":
                self._on_decoded()

    def _on_decoded(self) -> None:
        from pipeline import media

        self._duration = self._decoded
        self._control.extend(self._limits.seconds(self._decoded))
        self._report(StageProgress("decode", self._decoded, self._decoded, self._duration))
        media.prestart()

    def _report(self, progress: StageProgress) -> None:
        self._reported = time.perf_counter()
        self._control.report(progress)


def _clips_of(work: Work) -> Sequence[str]:
    """The recordings of known speakers that the client sent, in the order of the request.

    The names of their files have numbers in that order. Those of the operator lie elsewhere.
    """
    known = work.config.identification.known.values()
    sent = [clip for clip in known if Path(clip).is_relative_to(work.folder)]
    return sorted(sent, key=lambda clip: [int(digits) for digits in re.findall(r"\d+", Path(clip).name)])


def _known_people(transcriber: Transcriber, clips: Sequence[str]) -> KnownPeople:
    """The people of the settings; `SettingsError` names one of the ``clips`` that cannot be used by its number."""
    from pipeline import media
    from pipeline.engine.known_people import load_people

    def enroll(clip: str) -> tuple[VoicePrint, ...]:
        if clip not in clips:
            return transcriber.voices.enroll(clip)
        name, decode = media.open_input(clip)
        try:
            return transcriber.voices.enroll_decoded(name, lambda progress: _of_allowed_length(decode(progress)))
        except InputError as error:
            raise SettingsError(f"known_speaker_references[{clips.index(clip)}]: {problem_of(error)}") from error

    return load_people(transcriber.config.identification, transcriber.voices.identity, enroll)


def _of_allowed_length(clip: Decoded) -> Decoded:
    """The clip; `InputError` where it is too short or too long."""
    shortest, longest = CLIP_SECONDS
    if not shortest <= clip.duration <= longest:
        raise InputError(f"has {clip.duration:.1f} s; give a recording of {shortest:g} to {longest:.0f} s")
    return clip
