"""What wraps a stage: its key, its cached result, its progress and its time. The stages themselves know of none of it.

A key covers the stage's settings, the hashes of its models, the source code it depends on, and the key of the stage
before it; the first covers the recording. Threads are in no key; device and batch size are in it where the device is
not the CPU, since there the last digits of a result depend on them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pipeline.config.schema import Config, Runtime
from pipeline.core.audio import Audio, Clip, Samples, Stream, to_sample
from pipeline.core.code_version import source_hash
from pipeline.core.errors import BackendError, CrosstalkError, OutOfMemory, is_gpu_out_of_memory
from pipeline.core.events import Listener, Progress, StageAdvanced, StageFinished, StageStarted
from pipeline.core.failpoints import hit
from pipeline.core.types import Notice, Origin, OverlapDecision
from pipeline.engine.artifact_cache import Cache, recipe_key
from pipeline.models import registry
from pipeline.stages.separation.result import Separation

Value = TypeVar("Value")
Compute = Callable[[Progress], Value]

USES: Mapping[str, tuple[registry.Kind, ...]] = {
    "diarization": ("diarizer", "embedder"),
    "separation": ("separator", "embedder"),
    "recognition": ("recognizer",),
}
"""The kinds of models that each stage uses."""


class StageRunner:
    """Runs the stages of one recording."""

    def __init__(
        self,
        identities: Mapping[str, str],
        config: Config,
        cache: Cache,
        listener: Listener,
        reduce_memory: Callable[[], Runtime | None] = lambda: None,
        runtime: Runtime | None = None,
    ) -> None:
        """``runtime`` is where the models compute; ``reduce_memory`` makes them need less, and says where they are then
        (None when there is no less)."""
        self._identities, self._config, self._cache, self._tell = identities, config, cache, listener
        self._reduce_memory, self._runtime = reduce_memory, runtime or config.runtime
        self._before = self._key = ""
        self.notices: tuple[Notice, ...] = ()
        """What the transcript must say of how the stages were computed."""

    def begin(self, sha256: str, versions: Mapping[str, str], source: str = "1") -> None:
        """The chain of keys starts with the recording, what of it was read, and the versions of what computes."""
        self._key = recipe_key(
            recording=sha256, source=source, decoder=source_hash("pipeline.media"), versions=dict(versions)
        )

    def final_key(self, sha256: str, versions: Mapping[str, str]) -> str:
        """The key of the last stage's result; nothing is computed."""
        self.begin(sha256, versions)
        for stage in USES:
            self._advance(stage)
        return self._key

    def run(self, stage: str, kind: type[Value], compute: Compute[Value]) -> Value:
        """The stage's value, from the cache or computed and kept."""
        self._advance(stage)
        return self._cached(
            stage, lambda: self._cache.load(self._key, kind), compute, lambda value: self._cache.save(self._key, value)
        )

    def run_separation(self, tracks: Sequence[Audio], compute: Compute[Separation]) -> Separation:
        """The same for separation, whose samples are kept as FLAC; those of the mixture are cut again."""
        self._advance("separation")
        return self._cached(
            "separation",
            lambda: _load_separation(self._cache, self._key, tracks),
            compute,
            lambda value: _save_separation(self._cache, self._key, value),
        )

    def time(self, stage: str, compute: Compute[Value]) -> Value:
        """A stage that is not cached, timed."""
        return self._cached(stage, lambda: None, compute, lambda value: None)

    def _cached(
        self, stage: str, load: Callable[[], Value | None], compute: Compute[Value], save: Callable[[Value], None]
    ) -> Value:
        began = time.perf_counter()
        self._tell(StageStarted(stage))
        value = load()
        cached = value is not None
        if value is None:
            hit(f"{stage}.begin")
            value = self._compute(stage, load, compute)
            hit(f"{stage}.computed")
            save(value)
            hit(f"{stage}.saved")
        self._tell(StageFinished(stage, time.perf_counter() - began, cached))
        return value

    def _compute(self, stage: str, load: Callable[[], Value | None], compute: Compute[Value]) -> Value:
        """The value; when a GPU's memory runs out it is computed again with less, or was kept by a run that did so."""
        while True:
            try:
                return _guarded(stage, compute, lambda done, total: self._tell(StageAdvanced(stage, done, total)))
            except GpuOutOfMemory:
                runtime = self._reduce_memory()
                if runtime is None:
                    raise
            registry.free_gpu_memory()  # here, since the exception held what the models had made
            self._runtime = runtime
            self.notices = (Notice("reduced_memory", _reduced(stage, runtime)),)
            if stage in USES:
                self._key = self._stage_key(stage)
                value = load()
                if value is not None:
                    return value

    def _advance(self, stage: str) -> None:
        """Make the key this stage's; the next one's builds on it."""
        self._before = self._key
        self._key = self._stage_key(stage)

    def _stage_key(self, stage: str) -> str:
        place = registry.placement(self._runtime)
        kinds, settings = USES[stage], registry.effective_settings(self._config)
        names = registry.configured_names(self._config)
        parts = [part for kind in kinds for part in registry.weights(kind, self._config)]
        return recipe_key(
            before=self._before,
            stage=stage,
            settings=[settings[section] for section in (stage, *["embedding"] * ("embedder" in kinds))],
            models={part: self._identities[part] for part in parts if part in self._identities},
            code=source_hash(f"pipeline.stages.{stage}.stage"),
            declarations=[registry.identity(kind, names[kind]) for kind in kinds],
            **({"placement": place} if place else {}),
        )


def _reduced(stage: str, runtime: Runtime) -> str:
    how = "on the CPU" if runtime.device == "cpu" else f"in batches of {runtime.batch_size}"
    return f"the GPU's memory ran out in {stage}: from there on, this recording was computed {how}"


class GpuOutOfMemory(OutOfMemory):
    """The memory of a GPU ran out: less of it may do."""


def _guarded(stage: str, compute: Compute[Value], progress: Progress) -> Value:
    """What a model throws becomes one line that names the stage; `--debug` shows where it came from."""
    try:
        return compute(progress)
    except CrosstalkError:
        raise
    except MemoryError as error:
        raise OutOfMemory(f"memory ran out in {stage}", hint="transcribe a shorter piece, or free memory") from error
    except Exception as error:
        if is_gpu_out_of_memory(error):
            hint = "--device cpu, or a smaller --set runtime.batch_size"
            raise GpuOutOfMemory(f"the GPU's memory ran out in {stage}", hint=hint) from error
        text = next(iter(str(error).splitlines()), "")
        raise BackendError(f"{stage} failed: {type(error).__name__}: {text}", hint="--debug shows where") from error


@dataclass(frozen=True, slots=True)
class _KeptClip:
    speaker: str
    start: float
    samples: int
    origin: Origin
    track: int


@dataclass(frozen=True, slots=True)
class _KeptSeparation:
    """A separation without its samples: regions, notices, speakers, and each clip's place and length."""

    regions: tuple[OverlapDecision, ...]
    notices: tuple[Notice, ...]
    speakers: tuple[str, ...]
    clips: tuple[_KeptClip, ...]


def _save_separation(cache: Cache, key: str, value: Separation) -> None:
    kept = tuple(
        _KeptClip(stream.speaker, clip.start, len(clip.samples), clip.origin, clip.track)
        for stream in value.streams
        for clip in stream.clips
    )
    apart = [c.samples for stream in value.streams for c in stream.clips if c.origin == "separated"]
    if apart:
        cache.save_samples(key, np.concatenate(apart))
    cache.save(key, _KeptSeparation(value.regions, value.notices, tuple(s.speaker for s in value.streams), kept))


def _load_separation(cache: Cache, key: str, tracks: Sequence[Audio]) -> Separation | None:
    kept = cache.load(key, _KeptSeparation)
    if kept is None:
        return None
    wanted = sum(clip.samples for clip in kept.clips if clip.origin == "separated")
    samples = cache.load_samples(key) if wanted else np.zeros(0, np.float32)
    if samples is None or len(samples) != wanted:
        return None
    clips: dict[str, list[Clip]] = {speaker: [] for speaker in kept.speakers}
    for clip in kept.clips:
        if clip.origin == "separated":
            own, samples = samples[: clip.samples], samples[clip.samples :]
        else:
            own = _slice(tracks[clip.track], clip)
        clips[clip.speaker].append(Clip(own, clip.start, clip.origin, clip.track))
    return Separation(tuple(Stream(s, tuple(own)) for s, own in clips.items()), kept.regions, kept.notices)


def _slice(audio: Audio, clip: _KeptClip) -> Samples:
    first = to_sample(clip.start)
    return audio.samples[first : first + clip.samples]
