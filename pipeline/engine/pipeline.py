"""The pipeline: a recording in, a transcript out, stage by stage."""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeAlias

from numpy.typing import NDArray

from pipeline import media
from pipeline.config.schema import Config, check
from pipeline.core.audio import Stream
from pipeline.core.events import Listener, NoticeIssued, Progress, ignore
from pipeline.core.identity import Identity
from pipeline.core.stage import Stage
from pipeline.core.types import Notice, Provenance, Transcript, Turn
from pipeline.engine import preflight
from pipeline.engine.artifact_cache import Cache, NoCache
from pipeline.engine.known_people import KnownPeople, load_people
from pipeline.engine.model_pool import ModelPool, RecordingModels
from pipeline.engine.runner import StageRunner
from pipeline.engine.stage_keys import package_versions
from pipeline.engine.voice_comparison import VoiceComparison
from pipeline.formats.naming import chosen_names, with_identities
from pipeline.formats.rounding import rounded
from pipeline.media import Decoded
from pipeline.models import registry
from pipeline.models.weights import Store
from pipeline.stages.assembly.stage import STAGE as ASSEMBLY
from pipeline.stages.channels.stage import STAGE as CHANNELS
from pipeline.stages.diarization.stage import STAGE as DIARIZATION
from pipeline.stages.identification.stage import STAGE as IDENTIFICATION
from pipeline.stages.recognition.stage import STAGE as RECOGNITION
from pipeline.stages.separation.stage import STAGE as SEPARATION

LOG = logging.getLogger("pipeline")
LOG.addHandler(logging.NullHandler())  # a library prints nothing: programs that want the lines add a handler

STAGES: tuple[Stage[Any], ...] = (CHANNELS, DIARIZATION, SEPARATION, RECOGNITION, ASSEMBLY, IDENTIFICATION)
"""The pipeline's own stages, in the order in which `run_pipeline` runs them."""
Recording: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any]
"""Anything that can be transcribed from Python; torch tensors and other arrays too."""
Decode: TypeAlias = Callable[[Progress], Decoded]
"""Decodes a recording and reports its progress."""


def run_pipeline(decode: Decode, name: str, runner: StageRunner, known: KnownPeople | None = None) -> Transcript:
    """The transcript of the recording that ``decode`` returns and that is called ``name``.

    Its speakers are compared with the ``known`` people.
    """
    runner.expect(RECOGNITION, DIARIZATION, SEPARATION, ASSEMBLY)  # Whisper is loaded while torch is imported
    recording = runner.decode(decode)
    tracks = runner.run(CHANNELS, recording)
    diarization = runner.run(DIARIZATION, tracks)
    separation = runner.run(SEPARATION, tracks, diarization)
    recognition = runner.run(RECOGNITION, tracks, diarization, separation)
    transcript = runner.run(ASSEMBLY, recording, tracks, diarization, separation, recognition)
    if known is not None:
        identities: tuple[Identity, ...] = runner.run(IDENTIFICATION, tracks, diarization, known.people)
        transcript = with_identities(transcript, identities, known.notices)
    return _finished(transcript, recording, name, runner)


def separate_stems(decode: Decode, runner: StageRunner, known: KnownPeople | None = None) -> SpeakerStems:
    """A stream per speaker of the recording that ``decode`` returns, without words; named as by `run_pipeline`."""
    recording = runner.decode(decode)
    tracks = runner.run(CHANNELS, recording)
    diarization = runner.run(DIARIZATION, tracks)
    separation = runner.run(SEPARATION, tracks, diarization)
    notices = (*recording.notices, *diarization.notices, *separation.notices, *runner.notices)
    stems = SpeakerStems(recording.duration, diarization.turns, separation.streams, notices)
    if known is None:
        return stems
    identities: tuple[Identity, ...] = runner.run(IDENTIFICATION, tracks, diarization, known.people)
    return stems.with_identities(identities, known.notices)


@dataclass(frozen=True, slots=True)
class SpeakerStems:
    """Turns, and a stream per speaker: separated in overlaps where that was accepted, else the mixture."""

    duration: float
    turns: tuple[Turn, ...]
    streams: tuple[Stream, ...]
    notices: tuple[Notice, ...]

    def with_identities(self, identities: Sequence[Identity], notices: Sequence[Notice]) -> SpeakerStems:
        """The same with the names of the identities."""
        names = chosen_names(identities)
        return replace(
            self,
            turns=tuple(sorted(replace(turn, speaker=names.get(turn.speaker, turn.speaker)) for turn in self.turns)),
            streams=tuple(
                replace(stream, speaker=names.get(stream.speaker, stream.speaker)) for stream in self.streams
            ),
            notices=(*self.notices, *notices),
        )


def _finished(transcript: Transcript, recording: Decoded, name: str, runner: StageRunner) -> Transcript:
    """The transcript in whole milliseconds, with its provenance and the runner's notices."""
    provenance = Provenance(
        source=name,
        sha256=recording.sha256,
        settings=_settings(runner),
        models=dict(runner.models.identities),
        versions=package_versions(),
        stages=dict(runner.versions),
        recorded=recording.recorded,
    )
    return rounded(replace(transcript, notices=(*transcript.notices, *runner.notices), provenance=provenance))


def _settings(runner: StageRunner) -> dict[str, Any]:
    """Every setting that can change a result, as plain data; those of extension stages with their defaults."""
    settings = registry.effective_settings(runner.config)
    del settings["runtime"]
    del settings["identification"]["gallery"]  # a path of this machine
    settings["identification"]["known"] = len(runner.config.identification.known)  # not the names of absent people
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
        return separate_stems(decode, self._runner(), self.known_people)

    def with_config(self, config: Config) -> Transcriber:
        """The same models under settings that differ only where no model depends on them (speakers, channels)."""
        other = Transcriber(config, store=self.models.store, cache=self._cache, listener=self._listener)
        other.models = self.models
        if other.config.identification == self.config.identification:
            other.known_people = self.known_people
        return other

    @functools.cached_property
    def voices(self) -> VoiceComparison:
        """What makes voice prints of recordings, and compares voices."""
        return VoiceComparison(self.models, self.config)

    @functools.cached_property
    def known_people(self) -> KnownPeople | None:
        """The people that speakers are compared with, read once; None where no names were asked for."""
        settings = self.config.identification
        if not settings.is_on:
            return None
        return load_people(settings, self.voices.identity, self.voices.enroll)

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
        transcript = run_pipeline(decode, name, runner, self.known_people)
        for notice in transcript.notices:
            self._listener(NoticeIssued(notice.code, notice.message))
        for notice in runner.notices:
            LOG.warning("%s: %s", name, notice.message)
        return transcript
