"""The trained weights: linear models (logistic regression) over terms and numbers, and the rarity of words.

Trained by ``examples/training/train_minutes.py``; the model card is docs/model-cards/crosstalk-minutes.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.core.serialization import from_plain

PATH = Path(__file__).with_name("weights.json")
"""The weights of the package."""


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A logistic regression: the score of an utterance is a log-odds."""

    bias: float
    numbers: tuple[float, ...]
    """One weight per column of the numbers."""
    terms: Mapping[str, float]
    """Weights of terms by their text with its prefix."""

    def scores(self, numbers: NDArray[np.float64], terms: Iterable[Iterable[str]]) -> NDArray[np.float64]:
        """The score of each row of ``numbers`` with its ``terms``."""
        weight = self.terms.get
        sums = [sum(sorted(filter(None, map(weight, each)))) for each in terms]
        return np.asarray(numbers @ np.array(self.numbers) + np.array(sums) + self.bias)


@dataclass(frozen=True, slots=True)
class Weights:
    """All trained values of the minutes."""

    rarity: Mapping[str, float]
    """Of English words in meetings: 0 for words that are frequent in every kind of meeting, else the logarithm of
    meetings per meeting with the word, from the kind where it is most frequent."""
    boundaries: LinearModel
    decisions: LinearModel
    points: LinearModel


@cache
def load(path: Path = PATH) -> Weights:
    """Read weights; those of the package by default."""
    return from_plain(Weights, json.loads(path.read_text(encoding="utf-8")))
