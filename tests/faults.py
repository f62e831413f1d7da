"""Recognizers that fail on demand, given to a run as ``tests.faults:Name``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.config.schema import Config
from pipeline.core.audio import Samples
from pipeline.core.errors import BackendError
from pipeline.core.types import Word
from pipeline.models.protocols import EmbedderCalibration
from pipeline.models.synthetic import SyntheticRecognizer
from pipeline.models.weights import Store


class StumblingRecognizer(SyntheticRecognizer):
    """Counts its calls; fails while ``failures`` are left."""

    calls = 0
    failures = 0

    @classmethod
    def from_config(cls, config: Config, models: Store) -> StumblingRecognizer:
        return cls()

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        type(self).calls += 1
        if type(self).failures:
            type(self).failures -= 1
            raise BackendError("the model stumbled")
        return super().recognize(windows, language, fallback)


class ClumsyRecognizer(SyntheticRecognizer):
    """Raises what no backend should."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> ClumsyRecognizer:
        return cls()

    def detect_language(self, samples: Samples) -> str:
        raise MemoryError


class PlainSeparator:
    """A separator that declares nothing; it returns the mixture for every speaker."""

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> PlainSeparator:
        return cls()

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> NDArray[np.float32]:
        return np.tile(mixture, (len(solo), 1))


class PlainEmbedder:
    """An embedder that declares nothing; all clips are alike."""

    calibration = EmbedderCalibration()

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> PlainEmbedder:
        return cls()

    def embed(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        return np.ones((len(clips), 1), np.float32)
