"""A recording in, a transcript out: the four stages in order. Cache, progress and timing wrap them from outside."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pipeline
from pipeline import backends, media
from pipeline.audio import Stream
from pipeline.cache import Cache, NoCache
from pipeline.config import Config, as_mapping, assign, check
from pipeline.events import Listener, Progress, Warned, ignore
from pipeline.formats.rounding import rounded
from pipeline.media import Decoded
from pipeline.presets import parts_of
from pipeline.protocols import Diarization, Diarizer, Embedder, Recognizer, Separator
from pipeline.stages.assembly import assemble, collect_removed, measure_coverage
from pipeline.stages.channels import Tracks, lay_out
from pipeline.stages.diarization import diarize_tracks
from pipeline.stages.recognition import Recognition, recognize
from pipeline.stages.separation import Separation, separate
from pipeline.steps import Steps
from pipeline.store import Store
from pipeline.values import Coverage, Notice, Provenance, Transcript, Turn

PACKAGES = ("pyannote.audio", "speechbrain", "torch", "faster-whisper", "ctranslate2", "av", "numpy")
"""Packages whose version can change a result."""


class Transcriber:
    """Transcribes recordings with one set of settings; the models are loaded once, when first needed."""

    def __init__(
        self,
        config: Config | None = None,
        *,
        store: Store | None = None,
        cache: Cache | None = None,
        listener: Listener = ignore,
    ) -> None:
        self.config = check(config or Config())
        self.models = Models(self.config, store or Store(offline=self.config.runtime.offline))
        self._cache = cache or NoCache()
        self._listener = listener

    def __call__(self, path: Path | str) -> Transcript:
        """The transcript of a file; raises `pipeline.errors.CrosstalkError`."""
        return self._run(Path(path).name, lambda progress: media.decode(path, progress=progress, track=self._track))

    def stream(self, file: BinaryIO) -> Transcript:
        """The transcript of what an open stream gives."""
        return self._run("stdin", lambda progress: media.decode_stream(file, progress=progress, track=self._track))

    def split(self, path: Path | str) -> Voices:
        """Everybody's voice in a file; raises `pipeline.errors.CrosstalkError`."""
        steps = self._steps()
        recording = steps.time("decode", lambda progress: media.decode(path, progress=progress, track=self._track))
        return split(recording, self.models, self.config, steps)

    def adjusted(self, config: Config) -> Transcriber:
        """The same models under settings that differ in what no model is made of (speakers, language, channels)."""
        other = Transcriber(config, store=self.models.store, cache=self._cache, listener=self._listener)
        other.models = self.models
        return other

    @property
    def _track(self) -> int | None:
        return self.config.input.track

    def _steps(self) -> Steps:
        return Steps(self.models.identities, self.config, self._cache, self._listener, self.models.relieve)

    def _run(self, name: str, decode: Callable[[Progress], Decoded]) -> Transcript:
        steps = self._steps()
        transcript = transcribe(steps.time("decode", decode), name, self.models, self.config, steps)
        for notice in transcript.warnings:
            self._listener(Warned(notice.code, notice.message))
        return transcript


def transcribe(recording: Decoded, name: str, models: Models, config: Config, steps: Steps) -> Transcript:
    """Decoded audio to transcript, stage by stage."""
    tracks, who, apart = find_voices(recording, models, config, steps)
    audio = tracks.audio
    heard = steps.run(
        "recognition",
        Recognition,
        lambda p: recognize(audio, who.turns, apart.streams, apart.regions, models.recognizer, config.recognition, p),
    )
    turns, regions, spoken = tracks.restore(who.turns, apart.regions, heard.spoken)
    utterances, ledger = assemble(
        spoken, turns, regions, recording.duration, config.assembly, tracks.microphones(who.turns)
    )
    suspects = tracks.restore_words(heard.removed)
    removed, removals = collect_removed(suspects, recording.duration, config.assembly)
    coverage = measure_coverage(turns, utterances, recording.duration, recording.decoded)
    transcript = Transcript(
        duration=recording.duration,
        utterances=utterances,
        turns=turns,
        overlaps=ledger,
        language=heard.language if utterances else None,
        complete=recording.complete,
        coverage=coverage,
        warnings=(*recording.notices, *who.notices, *apart.notices, *removals, *_lost(coverage)),
        provenance=_provenance(recording, name, config, models.identities),
        removed=removed,
    )
    return rounded(transcript)


@dataclass(frozen=True, slots=True)
class Voices:
    """Everybody's voice: turns, and a stream per speaker, separated in overlaps where the ledger decided so."""

    duration: float
    turns: tuple[Turn, ...]
    streams: tuple[Stream, ...]
    notices: tuple[Notice, ...]


def split(recording: Decoded, models: Models, config: Config, steps: Steps) -> Voices:
    """Decoded audio to a stream per speaker, without words."""
    tracks, who, apart = find_voices(recording, models, config, steps)
    turns, _, _ = tracks.restore(who.turns, apart.regions, ())
    streams = tracks.restore_streams(apart.streams)
    return Voices(recording.duration, turns, streams, (*recording.notices, *who.notices, *apart.notices))


def find_voices(
    recording: Decoded, models: Models, config: Config, steps: Steps
) -> tuple[Tracks, Diarization, Separation]:
    """The first stages: what is heard, who speaks when, and everybody's stream."""
    tracks = lay_out(recording.audio, config.diarization)
    audio = tracks.audio
    steps.begin(recording.sha256, versions(), recording.source)

    who = steps.run(
        "diarization", Diarization, lambda p: diarize_tracks(tracks, models.diarizer, config.diarization, p)
    )
    apart = steps.run_separation(
        audio, lambda p: separate(audio, who.turns, models.separator, models.embedder, config.separation, p)
    )
    return tracks, who, apart


def _lost(coverage: Coverage) -> tuple[Notice, ...]:
    if coverage.uncovered <= 0:
        return ()
    message = f"{coverage.uncovered:.1f} s of speech have no words, even after a second hearing"
    return (Notice("uncovered_speech", message),)


@functools.cache
def versions() -> dict[str, str]:
    """What computes, by package: a result belongs to these."""
    found = {package: importlib.metadata.version(package) for package in PACKAGES}
    found |= {"crosstalk": pipeline.__version__, "python": platform.python_version()}
    return dict(sorted(found.items()))


def _provenance(recording: Decoded, name: str, config: Config, identities: Mapping[str, str]) -> Provenance:
    settings = as_mapping(config)
    del settings["runtime"]
    return Provenance(name, recording.sha256, settings, dict(identities), versions())


def _names(config: Config) -> dict[backends.Kind, str]:
    return {
        "diarizer": config.diarization.backend,
        "separator": config.separation.backend,
        "embedder": config.diarization.embedding,
        "recognizer": config.recognition.backend,
    }


class Models:
    """The backends of a run, each loaded when a stage first needs it, then kept: one set serves many recordings."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config, self.store = config, store
        self.loads = 0
        """So many models were loaded so far, those that were loaded again counted again."""
        for kind, name in _names(config).items():
            backends.target(kind, name)  # a wrong name is an error now, not when its stage comes in an hour

    @functools.cached_property
    def diarizer(self) -> Diarizer:
        return self._load("diarizer")  # type: ignore[no-any-return]

    @functools.cached_property
    def separator(self) -> Separator:
        return self._load("separator")  # type: ignore[no-any-return]

    @functools.cached_property
    def embedder(self) -> Embedder | None:
        """None where nothing is taken apart, so that no voice needs to be compared."""
        if self._config.separation.backend == "mixture":
            return None
        return self._load("embedder")  # type: ignore[no-any-return]

    @functools.cached_property
    def recognizer(self) -> Recognizer:
        return self._load("recognizer")  # type: ignore[no-any-return]

    def load(self) -> None:
        """Load every model now, for a clock that should not count it."""
        _ = self.diarizer, self.separator, self.embedder, self.recognizer

    def relieve(self) -> bool:
        """Make do with less of a GPU's memory: half the batch, then the CPU; False when there is no less."""
        runtime = self._config.runtime
        if runtime.device == "cpu":
            return False
        less = {"runtime.batch_size": runtime.batch_size // 2} if runtime.batch_size > 4 else {"runtime.device": "cpu"}
        self._config = assign(self._config, less)
        for name in ("diarizer", "separator", "embedder", "recognizer"):
            self.__dict__.pop(name, None)
        return True

    @functools.cached_property
    def identities(self) -> dict[str, str]:
        """The hash of each model's weights, by the part it plays."""
        return {part: self.store.identity(name) for part, name in parts_of(self._config).items()}

    def _load(self, kind: backends.Kind) -> Any:
        self.loads += 1
        return backends.load(kind, _names(self._config)[kind], self._config, self.store)
