"""A recognizer that meets its end at certain words of the sixth voice."""

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
    """Hears the words of the world of tones; slow by ``SLOW`` seconds, and deadly at the words above."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> DeadlyRecognizer:
        return cls()

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        heard = super().recognize(windows, language, fallback)
        time.sleep(float(os.environ.get("SLOW", "0")))
        for word in (word for words in heard for word in words):
            _meet(word.text)
        return heard


class MissingRecognizer(SyntheticRecognizer):
    """Has no weights."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> MissingRecognizer:
        raise MissingModel("the weights are not here")


def _meet(text: str) -> None:
    if text == SEGFAULT:
        os.kill(os.getpid(), signal.SIGSEGV)
    if text == HANG:
        time.sleep(3600)
    if text == EAT:
        hoard = [np.ones(10_000_000)]
        while True:
            hoard.append(np.ones(10_000_000))
            time.sleep(0.01)
    if text == EXIT:
        os._exit(7)
    if text == STUMBLE:
        raise RuntimeError("the model stumbled")
    if text == LACK:
        raise ResourceError("the decoder could not be started")
    if text == FULL:
        raise OutOfDisk("the disk is full")
