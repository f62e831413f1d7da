"""Error rates of speaker verification: how often two recordings of one person, or of two, are taken for the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Verification:
    """Pairs of recordings at one limit: counts of errors and of pairs."""

    limit: float
    """Similarity from which a pair counts as one person."""
    false_acceptances: int
    """Pairs of two people that are at least as similar."""
    different: int
    """Pairs of two people."""
    false_rejections: int
    """Pairs of one person that are less similar."""
    same: int
    """Pairs of one person."""


def at_limit(same: Sequence[float], different: Sequence[float], limit: float) -> Verification:
    """The errors at a limit, of the similarities of pairs of one person and of two."""
    accepted = int((np.asarray(different, float) >= limit).sum())
    rejected = int((np.asarray(same, float) < limit).sum())
    return Verification(limit, accepted, len(different), rejected, len(same))


def limit_for(different: Sequence[float], share: float) -> float:
    """The smallest limit at which at most ``share`` of the pairs of two people are accepted; 0 without pairs."""
    ordered = np.sort(np.asarray(different, float))[::-1]
    allowed = int(share * len(ordered))
    return float(np.nextafter(ordered[allowed], np.inf)) if allowed < len(ordered) else 0.0


def equal_error(same: Sequence[float], different: Sequence[float]) -> tuple[float, float]:
    """The equal error rate, 0 to 1, and its limit: where both rates are nearest to each other.

    Raises ``ValueError`` without pairs of either kind.
    """
    if not len(same) or not len(different):
        raise ValueError("an equal error rate needs pairs of one person and of two")
    limits = np.unique(np.concatenate([same, different]))
    rejected = np.searchsorted(np.sort(same), limits) / len(same)
    accepted = 1 - np.searchsorted(np.sort(different), limits) / len(different)
    best = int(np.argmin(np.abs(rejected - accepted)))
    return float(rejected[best] + accepted[best]) / 2, float(limits[best])
