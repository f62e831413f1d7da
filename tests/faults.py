"""Recognizers that fail on demand, given to a run as ``tests.faults:Name``."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config.schema import Config
from pipeline.core.audio import Samples
from pipeline.core.errors import BackendError
from pipeline.core.types import Word
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
