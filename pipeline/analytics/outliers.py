"""Calls unlike the others, found robustly: by distance from the median in median absolute deviations."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

FEWEST = 8
"""Minimum number of calls to find outliers among."""
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


def outliers(values: Mapping[str, Mapping[str, float]], scales: Mapping[str, float]) -> tuple[Outlier, ...]:
    """The outliers among ``values[call][measure]``, the farthest first; a call may lack a measure.

    ``scales`` gives for each measure the smallest deviation worth the name: where the calls are more alike than that,
    it takes the place of their median absolute deviation.
    """
    found: list[Outlier] = []
    for measure, least in scales.items():
        column = {call: row[measure] for call, row in values.items() if measure in row}
        if len(column) < FEWEST:
            continue
        median = statistics.median(column.values())
        scale = max(least, statistics.median(abs(value - median) for value in column.values()))
        for call, value in column.items():
            if abs(value - median) * 0.6745 > FAR * scale:
                found.append(Outlier(call, measure, value, median, 0.6745 * (value - median) / scale))
    return tuple(sorted(found, key=lambda outlier: (-abs(outlier.score), outlier.call, outlier.measure)))
