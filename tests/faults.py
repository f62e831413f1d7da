"""Recognizers that fail on demand, given to a run as ``tests.faults:Name``."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.audio import Samples
from pipeline.backends.replay import ReplayRecognizer
from pipeline.config import Config
from pipeline.errors import BackendError
from pipeline.store import Store
from pipeline.values import Word


class StumblingRecognizer(ReplayRecognizer):
    """Counts its calls; fails while ``failures`` are left."""

    calls = 0
    failures = 0

    @classmethod
    def from_config(cls, config: Config, models: Store) -> StumblingRecognizer:
        return cls()

    def recognize(self, windows: Sequence[Samples], language: str, rescue: bool = False) -> list[tuple[Word, ...]]:
        type(self).calls += 1
        if type(self).failures:
            type(self).failures -= 1
            raise BackendError("the model stumbled")
        return super().recognize(windows, language, rescue)


class ClumsyRecognizer(ReplayRecognizer):
    """Raises what no backend should."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> ClumsyRecognizer:
        return cls()

    def language(self, samples: Samples) -> str:
        raise MemoryError
