"""Segmentation into topics: boundary scores of a logistic regression, and the best division by dynamic programming.

The division maximizes the sum of the scores of its boundaries, less a cost for each boundary and for long topics (the
place of the prior in Utiyama and Isahara, "A statistical model for domain-independent text segmentation", ACL 2001),
under a minimum length.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.minutes.features import boundary_numbers, boundary_terms
from pipeline.minutes.talk import Talk
from pipeline.minutes.weights import LinearModel

COST = -1.5
"""Cost of a boundary, as a log-odds; negative, because a boundary is rarer than the neighbourhood that was labelled in
training. With `LONG` chosen on the parts train and tune; a higher cost makes fewer, longer topics."""
LONG = 3.0
"""Cost of a topic that is the whole recording; that of a shorter one falls with the square of its share. 0, 3, 6 and 12
were tried: Pk cannot tell, but with 0 a fifth to a twentieth of the meetings stay undivided."""
SHORTEST, SHORTEST_MOST = 0.08, 100
"""Minimum length of a topic: a share of the utterances, and the number of utterances it is limited to. The share was
chosen on the parts train and tune, the number by hand for recordings of many hours."""
NEAR = 2
"""A boundary is the best utterance among its neighbours, this number on each side. Chosen by hand: fewer candidates
make recordings of many hours fast."""


def boundaries(talk: Talk, model: LinearModel, rarity: Mapping[str, float]) -> list[int]:
    """Numbers of the utterances that begin a topic, without the first; sorted."""
    if len(talk.tokens) < 2:
        return []
    scores = model.scores(boundary_numbers(talk, rarity), boundary_terms(talk))
    return divide(scores, shortest(len(scores)))


def shortest(utterances: int) -> int:
    """The minimum length of a topic in a recording of this number of utterances."""
    return max(2, min(SHORTEST_MOST, round(SHORTEST * utterances)))


def divide(scores: NDArray[np.float64], least: int, cost: float = COST, long: float = LONG) -> list[int]:
    """The best boundaries for a score per utterance, each part at least ``least`` utterances long; sorted."""
    count = len(scores)
    padded = np.pad(np.asarray(scores, np.float64), NEAR, constant_values=-np.inf)
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEAR + 1).max(axis=1)
    inner = [n for n in range(least, count - least + 1) if scores[n] >= highest[n]]
    edges = np.array([0, *inner, count])
    total, previous = np.full(len(edges), -np.inf), np.zeros(len(edges), int)
    total[0] = 0.0
    for number in range(1, len(edges)):
        end = edges[number]
        starts = edges[: np.searchsorted(edges, end - least, side="right")]
        if not len(starts):
            continue
        values = total[: len(starts)] - long * ((end - starts) / count) ** 2
        previous[number] = best = int(np.argmax(values))
        total[number] = values[best] + (float(scores[end]) - cost if end < count else 0.0)
    found, number = [], len(edges) - 1
    while previous[number] > 0:
        number = previous[number]
        found.append(int(edges[number]))
    return found[::-1]
