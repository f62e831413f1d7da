"""Segmentation into topics: boundary scores of a logistic regression, and the best division by dynamic programming.

The division maximizes the sum of the scores of its boundaries less a cost for each (the place of the prior in Utiyama
and Isahara, "A statistical model for domain-independent text segmentation", ACL 2001), under a minimum length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.minutes.features import boundary_numbers, boundary_terms
from pipeline.minutes.talk import Talk
from pipeline.minutes.weights import LinearModel

COST = -1.5
"""Cost of a boundary, as a log-odds; negative, because a boundary is rarer than its neighbourhood that was labelled in
training. Chosen on the parts train and tune, where −1 has a slightly lower Pk with half as many topics as people
marked; a higher cost makes fewer, longer topics."""
SHORTEST, SHORTEST_MOST = 0.08, 100
"""Minimum length of a topic: a share of the utterances, and the number of utterances it is limited to. The share was
chosen on the parts train and tune, the number by hand for recordings of many hours."""


def boundaries(talk: Talk, model: LinearModel, rarity: Mapping[str, float]) -> list[int]:
    """Numbers of the utterances that begin a topic, without the first; sorted."""
    if len(talk.tokens) < 2:
        return []
    scores = model.scores(boundary_numbers(talk, rarity), boundary_terms(talk))
    return divide(scores, COST, shortest(len(scores)))


def shortest(utterances: int) -> int:
    """The minimum length of a topic in a recording of so many utterances."""
    return max(2, min(SHORTEST_MOST, round(SHORTEST * utterances)))


def divide(scores: Sequence[float] | NDArray[np.float64], cost: float, least: int) -> list[int]:
    """The best boundaries for a score per utterance, each part at least ``least`` utterances long; sorted."""
    count = len(scores)
    total = [0.0] + [-np.inf] * count
    previous = [0] * (count + 1)
    best, best_at = -np.inf, 0
    for end in range(least, count + 1):
        if total[end - least] > best:
            best, best_at = total[end - least], end - least
        total[end] = best + (float(scores[end]) - cost if end < count else 0.0)
        previous[end] = best_at
    found, end = [], count
    while previous[end] > 0:
        end = previous[end]
        found.append(end)
    return found[::-1]
