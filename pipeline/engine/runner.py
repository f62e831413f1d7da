"""Runs stages as they are declared: keys, the cache, progress events, timing, and less memory where a GPU's runs out.

Nothing here knows a particular stage: each `Stage` declares its version, settings, models and codec.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pipeline.config.schema import Config, Runtime
from pipeline.core.allocator import return_freed_memory
from pipeline.core.codecs import Codec, DataclassCodec
from pipeline.core.errors import BackendError, CrosstalkError, OutOfMemory, is_gpu_out_of_memory
from pipeline.core.events import Listener, Progress, StageAdvanced, StageFinished, StageStarted, no_progress
from pipeline.core.failpoints import hit
from pipeline.core.stage import ModelKind, Stage, StageModels
from pipeline.core.types import Notice
from pipeline.engine import artifact_cache, extensions
from pipeline.engine.artifact_cache import Cache
from pipeline.engine.extensions import ConfiguredStage
from pipeline.engine.stage_keys import stage_key, start_key
from pipeline.media import Decoded
from pipeline.models import registry

Value = TypeVar("Value")
Compute = Callable[[Progress], Value]


class RunnerModels(StageModels, Protocol):
    """The models as the runner needs them: `pipeline.engine.model_pool.RecordingModels`."""

    @property
    def identities(self) -> dict[str, str]:
        """The hash of each model's weights, by the part it plays."""
        ...

    @property
    def runtime(self) -> Runtime:
        """Where the models compute now."""
        ...

    def reduce_memory(self) -> Runtime | None:
        """Go on with less of a GPU's memory: where the models then compute, or None when there is no less."""
        ...


class StageRunner:
    """Runs the stages of one recording, each with the extension stages that refine its value."""

    def __init__(self, models: RunnerModels, config: Config, cache: Cache, listener: Listener) -> None:
        self.models, self.config = models, config
        self._cache, self._listener = cache, listener
        self.refinements = extensions.refinements(config)
        """The extension stages that are switched on, in order."""
        self.notices: tuple[Notice, ...] = ()
        """Notices about how the stages were computed."""
        self.versions: dict[str, int] = {}
        """Versions of the stages that were run, by name."""
        self._key = ""
        self._later: tuple[Stage[Any], ...] = ()

    def expect(self, *stages: Stage[Any]) -> None:
        """These stages will be run: as soon as a stage has to be computed, they are prepared in another thread."""
        self._later = stages

    def decode(self, decode: Compute[Decoded]) -> Decoded:
        """The decoded recording, with which the chain of keys starts; decoding is timed and not cached."""
        began = time.perf_counter()
        self._listener(StageStarted("decode"))
        hit("decode.begin")
        recording = _guarded("decode", decode, self._progress("decode"))
        hit("decode.computed")
        self._progress("decode")(recording.duration, recording.duration)
        self._listener(StageFinished("decode", time.perf_counter() - began))
        self._key = start_key(recording.sha256, recording.source)
        return self._refined(recording)

    def run(self, stage: Stage[Value], *inputs: Any) -> Value:
        """The stage's value from ``inputs``, cached or computed, refined by the extension stages of its type."""
        value: Value = self._value(extensions.of_pipeline(stage, self.config), inputs)
        return self._refined(value)

    def _refined(self, value: Value) -> Value:
        for refinement in self.refinements:
            if refinement.stage.refines is type(value):
                refined: Value = self._value(refinement, (value,))
                value = refined
        return value

    def _value(self, configured: ConfiguredStage, inputs: tuple[Any, ...]) -> Any:
        """The value of one stage alone; its key becomes the one that the next stage builds on."""
        stage = configured.stage
        self.versions[stage.name] = stage.version
        call = _Call(configured, inputs, _DeclaredModels(self.models, stage), before=self._key)
        self._key = self._key_of(call)
        if call.codec is None:
            return call.compute(no_progress)
        began = time.perf_counter()
        self._listener(StageStarted(stage.name))
        value = artifact_cache.load(self._cache, self._key, call.codec, inputs)
        cached = value is not None
        if value is None:
            hit(f"{stage.name}.begin")
            value = self._computed(call, call.codec)
            return_freed_memory()
            hit(f"{stage.name}.computed")
            artifact_cache.save(self._cache, self._key, call.codec, value)
            hit(f"{stage.name}.saved")
        self._listener(StageFinished(stage.name, time.perf_counter() - began, cached))
        return value

    def _computed(self, call: _Call, codec: Codec[Any]) -> Any:
        """The value; where a GPU's memory runs out, it is computed with less, or taken from a run that did so."""
        name = call.configured.stage.name
        if self._later:
            # not a daemon: the process waits for it, since libraries that are being loaded cannot be left
            threading.Thread(target=_prepare, args=(self._later, self.models), name="prepare").start()
            self._later = ()
        while True:
            try:
                return _guarded(name, call.compute, self._progress(name))
            except GpuOutOfMemory:
                runtime = self.models.reduce_memory()
                if runtime is None:
                    raise
            registry.free_gpu_memory()  # after the handler: the exception holds references to the models' tensors
            self.notices = (Notice("reduced_memory", _reduced(name, runtime)),)
            self._key = self._key_of(call)
            value = artifact_cache.load(self._cache, self._key, codec, call.inputs)
            if value is not None:
                return value

    def _key_of(self, call: _Call) -> str:
        return stage_key(call.before, call.configured, self.config, self.models.identities, self.models.runtime)

    def _progress(self, name: str) -> Progress:
        return lambda done, total: self._listener(StageAdvanced(name, done, total))


@dataclass(frozen=True, slots=True)
class _Call:
    """A stage with its inputs and models; ``before`` is the key of the stage before it."""

    configured: ConfiguredStage
    inputs: tuple[Any, ...]
    models: StageModels
    before: str

    @property
    def codec(self) -> Codec[Any] | None:
        stage = self.configured.stage
        return stage.codec or (DataclassCodec(stage.refines) if stage.refines else None)

    def compute(self, progress: Progress) -> Any:
        """The stage's value; `BackendError` where an extension stage returns a value of another type."""
        stage = self.configured.stage
        value = stage.run(*self.inputs, self.models, self.configured.settings, progress)
        if stage.refines is not None and type(value) is not stage.refines:
            message = f"the stage {stage.name} returned {type(value).__name__}, not {stage.refines.__name__}"
            raise BackendError(message)
        return value


class _DeclaredModels:
    """The models that a stage declares in ``uses``; asking for another is an error, because the key would miss it."""

    def __init__(self, models: StageModels, stage: Stage[Any]) -> None:
        self._models, self._stage = models, stage

    @property
    def diarizer(self) -> Any:
        return self._declared("diarizer")

    @property
    def embedder(self) -> Any:
        return self._declared("embedder")

    @property
    def separator(self) -> Any:
        return self._declared("separator")

    @property
    def recognizer(self) -> Any:
        return self._declared("recognizer")

    def _declared(self, kind: ModelKind) -> Any:
        if kind not in self._stage.uses:
            hint = f"declare it with uses=({kind!r},)"
            raise BackendError(f"the stage {self._stage.name} does not declare that it uses the {kind}", hint=hint)
        return getattr(self._models, kind)


def _reduced(stage: str, runtime: Runtime) -> str:
    place = "on the CPU" if runtime.device == "cpu" else f"in batches of {runtime.batch_size}"
    return f"the GPU's memory ran out in {stage}: from there on, this recording was computed {place}"


def _prepare(stages: Iterable[Stage[Any]], models: StageModels) -> None:
    """Import what the stages need, and load their models; what fails is raised again where it is used."""
    for stage in stages:
        with contextlib.suppress(Exception):
            for kind in stage.uses:
                getattr(models, kind)
            if stage.prepare:
                stage.prepare()


class GpuOutOfMemory(OutOfMemory):
    """The memory of a GPU ran out; a smaller batch or the CPU may do."""


def _guarded(stage: str, compute: Compute[Value], progress: Progress) -> Value:
    """The value, or any exception of a model as an error of one line that names the stage; ``--debug`` shows where."""
    try:
        return compute(progress)
    except CrosstalkError:
        raise
    except MemoryError as error:
        hint = "transcribe a shorter recording, or free memory"
        raise OutOfMemory(f"memory ran out in {stage}", hint=hint) from error
    except Exception as error:  # a model or a stage may be anyone's code, and raise anything
        if is_gpu_out_of_memory(error):
            hint = "--device cpu, or a smaller --set runtime.batch_size"
            raise GpuOutOfMemory(f"the GPU's memory ran out in {stage}", hint=hint) from error
        text = next(iter(str(error).splitlines()), "")
        raise BackendError(f"{stage} failed: {type(error).__name__}: {text}", hint="--debug shows where") from error
