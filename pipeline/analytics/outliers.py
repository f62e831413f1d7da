"""Calls unlike the others, found robustly: by distance from the median in median absolute deviations."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FEWEST = 8
"""Among fewer calls none is called an outlier."""
FAR = 3.5
"""Modified z-score (0.6745 (x - median) / MAD) beyond which a call is an outlier (Iglewicz & Hoaglin 1993)."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A call far from the others in one measure; ``score`` is signed."""

    call: str
    measure: str
    value: float
    median: float
    score: float


def outliers(values: Mapping[str, Mapping[str, float]], measures: Sequence[str]) -> tuple[Outlier, ...]:
    """The outliers among ``values[call][measure]``, the farthest first; a measure that half of the calls share exactly
    has no scale and no outliers."""
    found: list[Outlier] = []
    for measure in measures:
        column = {call: own[measure] for call, own in values.items()}
        if len(column) < FEWEST:
            continue
        median = statistics.median(column.values())
        scale = statistics.median(abs(value - median) for value in column.values())
        for call, value in column.items():
            if scale and abs(value - median) * 0.6745 > FAR * scale:
                found.append(Outlier(call, measure, value, median, 0.6745 * (value - median) / scale))
    return tuple(sorted(found, key=lambda outlier: (-abs(outlier.score), outlier.call, outlier.measure)))
