"""The pipeline: a recording in, a transcript out, stage by stage."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeAlias

from numpy.typing import NDArray

from pipeline import media
from pipeline.config.schema import Config, check
from pipeline.core.audio import Stream
from pipeline.core.events import Listener, NoticeIssued, Progress, ignore
from pipeline.core.stage import Stage
from pipeline.core.types import Notice, Provenance, Transcript, Turn
from pipeline.engine import preflight
from pipeline.engine.artifact_cache import Cache, NoCache
from pipeline.engine.model_pool import ModelPool, RecordingModels
from pipeline.engine.runner import StageRunner
from pipeline.engine.stage_keys import package_versions
from pipeline.formats.rounding import rounded
from pipeline.media import Decoded
from pipeline.models import registry
from pipeline.models.weights import Store
from pipeline.stages.assembly.stage import STAGE as ASSEMBLY
from pipeline.stages.channels.stage import STAGE as CHANNELS
from pipeline.stages.diarization.stage import STAGE as DIARIZATION
from pipeline.stages.recognition.stage import STAGE as RECOGNITION
from pipeline.stages.separation.stage import STAGE as SEPARATION

LOG = logging.getLogger("pipeline")
LOG.addHandler(logging.NullHandler())  # a library prints nothing: programs that want the lines add a handler

STAGES: tuple[Stage[Any], ...] = (CHANNELS, DIARIZATION, SEPARATION, RECOGNITION, ASSEMBLY)
"""The pipeline's own stages, in the order in which `run_pipeline` runs them."""
Recording: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any]
"""Anything that can be transcribed from Python; torch tensors and other arrays too."""
Decode: TypeAlias = Callable[[Progress], Decoded]
"""Decodes a recording and reports its progress."""


def run_pipeline(decode: Decode, name: str, runner: StageRunner) -> Transcript:
    """The transcript of the recording that ``decode`` returns and that is called ``name``."""
    recording = runner.decode(decode)
    tracks = runner.run(CHANNELS, recording)
    diarization = runner.run(DIARIZATION, tracks)
    separation = runner.run(SEPARATION, tracks, diarization)
    recognition = runner.run(RECOGNITION, tracks, diarization, separation)
    transcript = runner.run(ASSEMBLY, recording, tracks, diarization, separation, recognition)
    return _finished(transcript, recording, name, runner)


def separate_stems(decode: Decode, runner: StageRunner) -> SpeakerStems:
    """A stream per speaker of the recording that ``decode`` returns, without words."""
    recording = runner.decode(decode)
    tracks = runner.run(CHANNELS, recording)
    diarization = runner.run(DIARIZATION, tracks)
    separation = runner.run(SEPARATION, tracks, diarization)
    notices = (*recording.notices, *diarization.notices, *separation.notices, *runner.notices)
    return SpeakerStems(recording.duration, diarization.turns, separation.streams, notices)


@dataclass(frozen=True, slots=True)
class SpeakerStems:
    """Turns, and a stream per speaker: separated in overlaps where that was accepted, else the mixture."""

    duration: float
    turns: tuple[Turn, ...]
    streams: tuple[Stream, ...]
    notices: tuple[Notice, ...]


def _finished(transcript: Transcript, recording: Decoded, name: str, runner: StageRunner) -> Transcript:
    """The transcript in whole milliseconds, with its provenance and the runner's notices."""
    provenance = Provenance(
        source=name,
        sha256=recording.sha256,
        settings=_settings(runner),
        models=dict(runner.models.identities),
        versions=package_versions(),
        stages=dict(runner.versions),
    )
    return rounded(replace(transcript, notices=(*transcript.notices, *runner.notices), provenance=provenance))


def _settings(runner: StageRunner) -> dict[str, Any]:
    """Every setting that can change a result, as plain data; those of extension stages with their defaults."""
    settings = registry.effective_settings(runner.config)
    del settings["runtime"]
    settings["stages"] = list(runner.config.stages)
    settings["stage_options"] = {
        each.stage.name: dataclasses.asdict(each.settings) for each in runner.refinements if each.settings is not None
    }
    return settings


class Transcriber:
    """Transcribes recordings with one set of settings; the models are loaded once, when first needed.

    Raises `SettingsError` for impossible settings and `MissingModel` for models that are not installed, before any
    work. Without a ``cache`` nothing is stored on disk.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        store: Store | None = None,
        cache: Cache | None = None,
        listener: Listener = ignore,
    ) -> None:
        self.config = check(config or Config())
        self.models = ModelPool(self.config, store or Store(offline=self.config.runtime.offline))
        preflight.require(self.config, self.models.store)
        self._cache = cache or NoCache()
        self._listener = listener
        for notice in self.config.notices:
            listener(NoticeIssued(notice.code, notice.message))

    def __call__(self, recording: Recording, sample_rate: float | None = None) -> Transcript:
        """The transcript of a recording; raises `pipeline.core.errors.CrosstalkError`.

        It may be a path, bytes, a file opened in binary mode, or an array of samples (numpy or torch) with its
        ``sample_rate``: shape (samples,) or (channels, samples), floats between -1 and 1 or int8, int16, int32, uint8.
        """
        return self._transcribe(*media.open_input(recording, sample_rate, self._track))

    def stream(self, file: BinaryIO) -> Transcript:
        """The transcript of a recording that is read from an open stream."""
        return self._transcribe(
            "stdin", lambda progress: media.decode_stream(file, progress=progress, track=self._track)
        )

    def split(self, recording: Recording, sample_rate: float | None = None) -> SpeakerStems:
        """Each speaker's stream of a recording, which is given as in `__call__`; raises `CrosstalkError`."""
        _, decode = media.open_input(recording, sample_rate, self._track)
        return separate_stems(decode, self._runner())

    def with_config(self, config: Config) -> Transcriber:
        """The same models under settings that differ only where no model depends on them (speakers, channels)."""
        other = Transcriber(config, store=self.models.store, cache=self._cache, listener=self._listener)
        other.models = self.models
        return other

    @property
    def _track(self) -> int | None:
        return self.config.input.track

    def _runner(self) -> StageRunner:
        """A runner for one recording: where that needs less of a GPU's memory, the next one starts with all of it."""
        problem = self.models.choice.problem
        if problem:
            self._listener(NoticeIssued("gpu_unusable", problem))
        return StageRunner(RecordingModels(self.models), self.config, self._cache, self._listener)

    def _transcribe(self, name: str, decode: Decode) -> Transcript:
        runner = self._runner()
        transcript = run_pipeline(decode, name, runner)
        for notice in transcript.notices:
            self._listener(NoticeIssued(notice.code, notice.message))
        for notice in runner.notices:
            LOG.warning("%s: %s", name, notice.message)
        return transcript
