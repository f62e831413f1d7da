"""Models for workers in tests: recognizers that fail, count or hold."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.config.schema import Config
from pipeline.core.audio import Samples
from pipeline.core.types import Word
from pipeline.models.synthetic import SyntheticRecognizer
from pipeline.models.weights import Store

SECRET = "a0 said a word"
LOUD = "tests.server.models:LoudRecognizer"
OTHER = "tests.server.models:OtherRecognizer"
HELD = "tests.server.models:HeldRecognizer"
GO = "CROSSTALK_TEST_GO"
"""Environment variable with the path of a file for which `HeldRecognizer` waits."""


class LoudRecognizer(SyntheticRecognizer):
    """Raises an exception with words of the recording."""

    version = 1

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> LoudRecognizer:
        return cls()

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        raise ValueError(SECRET)


class OtherRecognizer(SyntheticRecognizer):
    """Another model that recognizes the same."""

    version = 1

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> OtherRecognizer:
        return cls()


class HeldRecognizer(SyntheticRecognizer):
    """Waits for a file before it recognizes anything."""

    version = 1

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> HeldRecognizer:
        return cls()

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        while not Path(os.environ[GO]).exists():
            time.sleep(0.02)
        return super().recognize(windows, language, fallback)
