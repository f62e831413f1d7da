"""Outliers among calls, by distance from the median in median absolute deviations (MAD)."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

MIN_CALLS = 8
"""Minimum number of calls with a metric. Chosen by hand; with fewer calls the MAD varies too much."""
MIN_SCORE = 3.5
"""Modified z-score, 0.6745 (x - median) / MAD, above which a call is an outlier. Recommended by Iglewicz and Hoaglin
(1993); a lower value reports more outliers."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A call that is an outlier in one metric; ``score`` is the signed modified z-score."""

    call: str
    metric: str
    value: float
    median: float
    score: float


def outliers(values: Mapping[str, Mapping[str, float]], min_deviations: Mapping[str, float]) -> tuple[Outlier, ...]:
    """The outliers among ``values[call][metric]``, highest score first. Calls may lack metrics.

    ``min_deviations``: for each metric a lower bound for the MAD, in the unit of the metric.
    """
    result: list[Outlier] = []
    for metric, min_deviation in min_deviations.items():
        column = {call: row[metric] for call, row in values.items() if metric in row}
        if len(column) < MIN_CALLS:
            continue
        median = statistics.median(column.values())
        scale = max(min_deviation, statistics.median(abs(value - median) for value in column.values()))
        for call, value in column.items():
            if abs(value - median) * 0.6745 > MIN_SCORE * scale:
                result.append(Outlier(call, metric, value, median, 0.6745 * (value - median) / scale))
    return tuple(sorted(result, key=lambda outlier: (-abs(outlier.score), outlier.call, outlier.metric)))
