"""Recognizers that fail in a given way at certain words of the sixth synthetic speaker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

import numpy as np

from pipeline.config.schema import Config
from pipeline.core.audio import Samples
from pipeline.core.errors import MissingModel, OutOfDisk, ResourceError
from pipeline.core.types import Word
from pipeline.models.synthetic import SyntheticRecognizer
from pipeline.models.weights import Store

SEGFAULT, HANG, EAT, STUMBLE, EXIT, LACK, FULL = "f1", "f2", "f3", "f4", "f5", "f6", "f7"


class DeadlyRecognizer(SyntheticRecognizer):
    """The synthetic recognizer, slowed by ``SLOW`` seconds, with a fault at each of the words above."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> DeadlyRecognizer:
        return cls()

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        results = super().recognize(windows, language, fallback)
        time.sleep(float(os.environ.get("SLOW", "0")))
        for word in (word for words in results for word in words):
            _fail_at(word.text)
        return results


class MissingRecognizer(SyntheticRecognizer):
    """A recognizer without weights."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> MissingRecognizer:
        raise MissingModel("the weights are not here")


def _fail_at(text: str) -> None:
    if text == SEGFAULT:
        os.kill(os.getpid(), signal.SIGSEGV)
    if text == HANG:
        time.sleep(3600)
    if text == EAT:
        arrays = [np.ones(10_000_000)]
        while True:
            arrays.append(np.ones(10_000_000))
            time.sleep(0.01)
    if text == EXIT:
        os._exit(7)
    if text == STUMBLE:
        raise RuntimeError("the model stumbled")
    if text == LACK:
        raise ResourceError("the decoder could not be started")
    if text == FULL:
        raise OutOfDisk("the disk is full")
