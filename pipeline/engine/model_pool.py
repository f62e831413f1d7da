"""The loaded models of a run, and how one recording uses them when GPU memory runs out."""

from __future__ import annotations

import functools
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from pipeline.config.schema import Config, IdentificationConfig, Runtime, assign
from pipeline.engine import extensions
from pipeline.models import registry
from pipeline.models.protocols import Diarizer, Embedder, Recognizer, Separator
from pipeline.models.weights import Store

if TYPE_CHECKING:
    from pipeline.models.cuda_libraries import Choice

LEAST_BATCH = 4
"""Smallest batch size that is not halved when GPU memory runs out; the CPU is next. Chosen by hand."""
KINDS: tuple[registry.Kind, ...] = ("diarizer", "separator", "embedder", "recognizer")
"""The models of a pool."""
INDEPENDENT = {
    "diarization.speakers": None,
    "diarization.min_speakers": None,
    "diarization.max_speakers": None,
    "diarization.channels": "auto",
    "diarization.roles": None,
    "recognition.language": None,
}
"""Settings on which no model depends, at one value each: runs that differ only in these share their models."""


class ModelPool:
    """The models of a run, each loaded when a stage first needs it and kept for the recordings that follow."""

    def __init__(self, config: Config, store: Store, choice: Choice | None = None) -> None:
        self._config, self.store = config, store
        self._loaded: dict[registry.Kind, Any] = {}
        self._locks = {kind: Lock() for kind in KINDS}
        """One for each kind: models of two kinds may be loaded at the same time."""
        self._counts = dict.fromkeys(KINDS, 0)
        if choice is not None:
            self.choice = choice
        for kind, name in registry.configured_names(config).items():
            registry.locate(kind, name)  # a wrong name is an error now, not when its stage begins

    @property
    def loads(self) -> int:
        """Number of loads so far; a model that was released and loaded again counts twice."""
        return sum(self._counts.values())

    @property
    def diarizer(self) -> Diarizer:
        return self._get("diarizer")  # type: ignore[no-any-return]

    @property
    def separator(self) -> Separator:
        return self._get("separator")  # type: ignore[no-any-return]

    @property
    def embedder(self) -> Embedder | None:
        """The embedder that separated sources and voice prints are compared with; None where neither the separator nor
        identification nor an extension stage uses it."""
        if not (registry.uses_embedder("separator", self._config) or extensions.use_embedder(self._config)):
            return None
        return self._get("embedder")  # type: ignore[no-any-return]

    @property
    def recognizer(self) -> Recognizer:
        return self._get("recognizer")  # type: ignore[no-any-return]

    def load(self) -> None:
        """Load every model now, so that later measurements of time exclude it."""
        _ = self.diarizer, self.separator, self.embedder, self.recognizer

    @functools.cached_property
    def choice(self) -> Choice:
        """The device of the models, tested by a computation on first use. Raises `ResourceError`."""
        return registry.choose_device(self._config)

    def reduced(self) -> ModelPool | None:
        """The same models with less GPU memory: half the batch size, then the CPU; None on the CPU."""
        runtime = self.choice.runtime
        if runtime.device == "cpu":
            return None
        half = replace(runtime, batch_size=runtime.batch_size // 2)
        less = half if runtime.batch_size > LEAST_BATCH else replace(runtime, device="cpu")
        return ModelPool(self._config, self.store, replace(self.choice, runtime=less))

    def adopt(self, other: ModelPool) -> None:
        """Take over the loaded models of another pool that this one would load in the same way.

        That is all of them where the settings differ in `INDEPENDENT` and in people to compare with only, and all but
        the recognizer where they also differ in those of recognition.
        """
        if self.store is not other.store:
            return
        mine, theirs = (_of_models(pool._config) for pool in (self, other))
        kinds = KINDS
        if mine != theirs:
            kinds = tuple(kind for kind in KINDS if kind != "recognizer")
            mine = replace(mine, recognition=theirs.recognition)
        if mine == theirs:
            self._loaded.update({kind: model for kind, model in other._loaded.items() if kind in kinds})
            self.__dict__.update({"choice": other.choice} if "choice" in other.__dict__ else {})
            self._counts = dict(other._counts)

    def release(self) -> None:
        """Release the loaded models and their memory; each is loaded again on its next use."""
        for kind in KINDS:
            with self._locks[kind]:
                self._loaded.pop(kind, None)

    @functools.cached_property
    def identities(self) -> dict[str, str]:
        """The hash of each model's weights, by the part it plays."""
        return {part: self.store.identity(name) for part, name in extensions.required_models(self._config).items()}

    def _get(self, kind: registry.Kind) -> Any:
        with self._locks[kind]:
            if kind not in self._loaded:
                self._loaded[kind] = self._load(kind)
                self._counts[kind] += 1
            return self._loaded[kind]

    def _load(self, kind: registry.Kind) -> Any:
        config = replace(self._config, runtime=self.choice.runtime)
        return registry.load(kind, registry.configured_names(self._config)[kind], config, self.store)


def _of_models(config: Config) -> Config:
    """The settings without those on which no model depends."""
    return replace(assign(config, INDEPENDENT), identification=IdentificationConfig())


class RecordingModels:
    """The models as one recording uses them: when GPU memory runs out, the recording continues with less of it.

    The shared `ModelPool` keeps its settings, so that the next recording starts with the full batch size.
    """

    def __init__(self, models: ModelPool) -> None:
        self._models, self._shared = models, models

    @property
    def diarizer(self) -> Diarizer:
        return self._models.diarizer

    @property
    def separator(self) -> Separator:
        return self._models.separator

    @property
    def embedder(self) -> Embedder | None:
        return self._models.embedder

    @property
    def recognizer(self) -> Recognizer:
        return self._models.recognizer

    @property
    def identities(self) -> dict[str, str]:
        return self._shared.identities

    @property
    def runtime(self) -> Runtime:
        """Where the models compute now."""
        return self._models.choice.runtime

    def reduce_memory(self) -> Runtime | None:
        """Continue with less GPU memory; the new runtime settings, or None when there is no less."""
        less = self._models.reduced()
        if less is None:
            return None
        used, self._models = self._models, less
        used.release()
        return less.choice.runtime
