"""A recording in, a transcript out: the four stages in order. Cache, progress and timing wrap them from outside."""

from __future__ import annotations

import functools
import importlib.metadata
import logging
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeAlias

from numpy.typing import NDArray

from pipeline import media
from pipeline._version import __version__
from pipeline.config.schema import Config, check
from pipeline.core.audio import Stream
from pipeline.core.events import Listener, NoticeIssued, Progress, ignore
from pipeline.core.types import Coverage, Notice, Provenance, Transcript, Turn
from pipeline.engine import preflight
from pipeline.engine.artifact_cache import Cache, NoCache
from pipeline.engine.model_pool import ModelPool, RecordingModels
from pipeline.engine.runner import StageRunner
from pipeline.formats.rounding import rounded
from pipeline.media import Decoded
from pipeline.models import registry
from pipeline.models.protocols import Diarization
from pipeline.models.weights import Store
from pipeline.stages.assembly.stage import assemble, collect_removed, measure_coverage
from pipeline.stages.channels.tracks import Channels, split_channels
from pipeline.stages.diarization.stage import diarize_tracks
from pipeline.stages.recognition.stage import Recognition, recognize
from pipeline.stages.separation.result import Separation
from pipeline.stages.separation.stage import separate

LOG = logging.getLogger("pipeline")
LOG.addHandler(logging.NullHandler())  # the library prints nothing; who wants the lines adds a handler

PACKAGES = ("pyannote.audio", "speechbrain", "torch", "faster-whisper", "ctranslate2", "av", "numpy")
"""Packages whose version can change a result."""


Recording: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any]
"""What can be transcribed from Python; torch tensors and other arrays too."""


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

    def __call__(self, recording: Recording, sample_rate: float | None = None) -> Transcript:
        """The transcript of a recording; raises `pipeline.core.errors.CrosstalkError`.

        It may be a path, bytes, a file opened in binary mode, or an array of samples (numpy or torch) with its
        ``sample_rate``: shape (samples,) or (channels, samples), floats between -1 and 1 or int8, int16, int32, uint8.
        """
        return self._run(*media.open_input(recording, sample_rate, self._track))

    def stream(self, file: BinaryIO) -> Transcript:
        """The transcript of what an open stream gives."""
        return self._run("stdin", lambda progress: media.decode_stream(file, progress=progress, track=self._track))

    def split(self, recording: Recording, sample_rate: float | None = None) -> SpeakerStems:
        """Each speaker's stream of a recording, given as in `__call__`; raises `CrosstalkError`."""
        steps, models = self._begin()
        _, decode = media.open_input(recording, sample_rate, self._track)
        return separate_stems(steps.time("decode", decode), models, self.config, steps)

    def with_config(self, config: Config) -> Transcriber:
        """The same models under settings that differ in what no model is made of (speakers, language, channels)."""
        other = Transcriber(config, store=self.models.store, cache=self._cache, listener=self._listener)
        other.models = self.models
        return other

    @property
    def _track(self) -> int | None:
        return self.config.input.track

    def _begin(self) -> tuple[StageRunner, RecordingModels]:
        """The stages and the models of one recording; what one recording must do without, the next one has again."""
        choice = self.models.choice
        if choice.problem:
            self._listener(NoticeIssued("gpu_unusable", choice.problem))
        models = RecordingModels(self.models)
        identities = self.models.identities
        return StageRunner(
            identities, self.config, self._cache, self._listener, models.reduce_memory, choice.runtime
        ), models

    def _run(self, name: str, decode: Callable[[Progress], Decoded]) -> Transcript:
        steps, models = self._begin()
        transcript = run_pipeline(steps.time("decode", decode), name, models, self.config, steps)
        for notice in transcript.notices:
            self._listener(NoticeIssued(notice.code, notice.message))
        for notice in steps.notices:
            LOG.warning("%s: %s", name, notice.message)
        return transcript


def run_pipeline(
    recording: Decoded, name: str, models: ModelPool | RecordingModels, config: Config, steps: StageRunner
) -> Transcript:
    """Decoded audio to transcript, stage by stage."""
    channels, who, apart = diarize_and_separate(recording, models, config, steps)
    heard = steps.run(
        "recognition",
        Recognition,
        lambda p: recognize(channels.tracks, who, apart, models.recognizer, config.recognition, p),
    )
    utterances, ledger = assemble(
        heard.spoken, who, apart.regions, recording.duration, config.assembly, channels.has_bleed
    )
    removed, removals = collect_removed(heard.removed, recording.duration, config.assembly)
    coverage = measure_coverage(who.turns, utterances, recording.duration, recording.decoded)
    transcript = Transcript(
        duration=recording.duration,
        utterances=utterances,
        turns=who.turns,
        overlaps=ledger,
        language=heard.language if utterances else None,
        complete=recording.complete,
        coverage=coverage,
        notices=(
            *recording.notices,
            *who.notices,
            *apart.notices,
            *removals,
            *_coverage_notices(coverage),
            *steps.notices,
        ),
        provenance=_provenance(recording, name, config, models.identities),
        removed=removed,
    )
    return rounded(transcript)


@dataclass(frozen=True, slots=True)
class SpeakerStems:
    """Everybody's voice: turns, and a stream per speaker, separated in overlaps where the ledger decided so."""

    duration: float
    turns: tuple[Turn, ...]
    streams: tuple[Stream, ...]
    notices: tuple[Notice, ...]


def separate_stems(
    recording: Decoded, models: ModelPool | RecordingModels, config: Config, steps: StageRunner
) -> SpeakerStems:
    """Decoded audio to a stream per speaker, without words."""
    _, who, apart = diarize_and_separate(recording, models, config, steps)
    notices = (*recording.notices, *who.notices, *apart.notices, *steps.notices)
    return SpeakerStems(recording.duration, who.turns, apart.streams, notices)


def diarize_and_separate(
    recording: Decoded, models: ModelPool | RecordingModels, config: Config, steps: StageRunner
) -> tuple[Channels, Diarization, Separation]:
    """The first stages: what is heard, who speaks when, and everybody's stream."""
    channels = split_channels(recording.audio, config.diarization)
    tracks = channels.tracks
    steps.begin(recording.sha256, versions(), recording.source)

    who = steps.run(
        "diarization", Diarization, lambda p: diarize_tracks(tracks, models.diarizer, config.diarization, p)
    )
    apart = steps.run_separation(
        [track.audio for track in tracks],
        lambda p: separate(tracks, who, models.separator, models.embedder, config.separation, p),
    )
    return channels, replace(who, notices=(*channels.notices, *who.notices)), apart


def _coverage_notices(coverage: Coverage) -> tuple[Notice, ...]:
    if coverage.uncovered <= 0:
        return ()
    message = f"{coverage.uncovered:.1f} s of speech have no words, even after a second hearing"
    return (Notice("uncovered_speech", message),)


@functools.cache
def versions() -> dict[str, str]:
    """What computes, by package: a result belongs to these."""
    found = {package: importlib.metadata.version(package) for package in PACKAGES}
    found |= {"crosstalk": __version__, "python": platform.python_version()}
    return dict(sorted(found.items()))


def _provenance(recording: Decoded, name: str, config: Config, identities: Mapping[str, str]) -> Provenance:
    settings = registry.effective_settings(config)
    del settings["runtime"]
    return Provenance(name, recording.sha256, settings, dict(identities), versions())
