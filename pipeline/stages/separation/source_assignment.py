"""Assignment of separated sources to speakers, and the decision to accept them.

A separator returns sources in any order and at any level. Each is assigned to the speaker with whose single-speaker
speech in the context it agrees, and whose embedding it is nearest to; the best assignment of all counts (Kuhn 1955), so
the separator's order has no effect. Sources that fail any test are rejected: the region keeps the mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Samples, Sources
from pipeline.core.timeline import BOUNDARY
from pipeline.core.types import Origin
from pipeline.models.protocols import EmbedderCalibration

Matrix = NDArray[np.float64]

SILENT_DB: Final = -15.0
"""Energy of a source relative to the mixture, in dB, below which it counts as silent. Chosen together with `MARGIN` on
the words of overlap regions (docs/experiments/separation.md). Higher values reject more regions."""
SAME: Final = 0.9
"""Correlation above which two sources count as the same. Chosen by hand; lower values reject more regions."""
RESIDUE: Final = 0.5
"""Largest part of the mixture's energy that may be in no source. Chosen by hand; lower values reject more regions."""
MARGIN: Final = EmbedderCalibration().margin
"""Required speaker similarity margin: mean cosine similarity of the sources to their own speakers minus that to the
nearest other speaker.

The value is Resemblyzer's, chosen on 102 regions of meetings by their words: on AMI 201 errors of 282 words, against
210 with every region separated and 212 with none; on clean simulated overlaps 463 of 715, against 464 and 660. Other
embedders declare theirs (`EmbedderCalibration.margin`). Higher values reject more regions."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence about one speaker's source, as in `pipeline.core.types.SpeakerEvidence`."""

    similarity: float | None = None
    nearest_other: float | None = None
    energy_db: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to use the sources, the reason, and the evidence about each source in the order of the speakers."""

    decision: Origin
    reason: str
    evidence: tuple[Evidence, ...]


def assign_sources(sources: Sources, single_speaker_mask: NDArray[np.bool_], similarity: Matrix) -> NDArray[np.intp]:
    """The source of each speaker, as row numbers; there are at least as many sources as speakers.

    ``single_speaker_mask`` has shape (speakers, samples). ``similarity`` is the cosine of each source to each speaker's
    embedding, shape (sources, speakers), NaN where unknown.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import, and only used here

    agreement = _energy_shares(sources, single_speaker_mask) + np.nan_to_num(similarity, nan=0.0)
    rows, speakers = linear_sum_assignment(agreement, maximize=True)
    return np.asarray(rows[np.argsort(speakers)], np.intp)


def decide(
    sources: Sources, mixture: Samples, similarity: Matrix, speakers: Sequence[str], required: float = MARGIN
) -> Decision:
    """The decision on one source per speaker over the region; ``similarity`` has shape (sources, speakers).

    ``required`` is the smallest speaker similarity margin that is accepted, in the embedder's cosine.
    """
    evidence = tuple(_gather(sources, mixture, similarity))
    rejection = _rejection(sources, mixture, evidence, speakers, required)
    if rejection:
        return Decision("mixture", rejection, evidence)
    margin = _margin(evidence)
    if margin is None:
        return Decision("separated", "the sources differ and add up to the mixture", evidence)
    reason = f"speaker similarity margin {margin:.3f} is at least {required:.3g}"
    return Decision("separated", reason, evidence)


def _energy_shares(sources: Sources, single_speaker_mask: NDArray[np.bool_]) -> Matrix:
    """The part of a speaker's single-speaker energy that each source holds, shape (sources, speakers).

    Equal parts for a speaker with less than `BOUNDARY` seconds of it: only the embedding counts then.
    """
    power = np.square(sources, dtype=np.float64) @ single_speaker_mask.T.astype(np.float64)  # (sources, speakers)
    is_enough = (single_speaker_mask.sum(axis=1) >= BOUNDARY * RATE) & (power.sum(axis=0) > 0)  # (speakers,)
    return np.where(is_enough, power / np.where(is_enough, power.sum(axis=0), 1), 1 / len(sources))


def _gather(sources: Sources, mixture: Samples, similarity: Matrix) -> list[Evidence]:
    """The evidence about each source; source i is speaker i's."""
    mixture_energy = _energy(mixture)
    evidence = []
    for number, source in enumerate(sources):
        to_speaker = similarity[number, number]
        others = np.delete(similarity[number], number)
        to_others = others[np.isfinite(others)]
        evidence.append(
            Evidence(
                similarity=round(float(to_speaker), 4) if np.isfinite(to_speaker) else None,
                nearest_other=round(float(to_others.max()), 4) if len(to_others) else None,
                energy_db=round(float(10 * np.log10((_energy(source) + 1e-12) / (mixture_energy + 1e-12))), 2),
            )
        )
    return evidence


def _rejection(
    sources: Sources, mixture: Samples, evidence: Sequence[Evidence], speakers: Sequence[str], required: float
) -> str | None:
    """The first reason to reject the sources, or None."""
    for speaker, item in zip(speakers, evidence, strict=True):
        if item.energy_db is not None and item.energy_db < SILENT_DB:
            return f"the source of {speaker} is silent"
    if any(_correlation(first, second) > SAME for first, second in combinations(sources, 2)):
        return "two sources are the same"
    if _energy(mixture - sources.sum(axis=0)) > RESIDUE * _energy(mixture):
        return "too much of the mixture is in no source"
    margin = _margin(evidence)
    if margin is not None and margin < required:
        return f"speaker similarity margin {margin:.3f} is below {required:.3g}"
    return None


def _margin(evidence: Sequence[Evidence]) -> float | None:
    """The mean speaker similarity margin of the sources; None where no embedding is known."""
    margins = [
        item.similarity - item.nearest_other
        for item in evidence
        if item.similarity is not None and item.nearest_other is not None
    ]
    return sum(margins) / len(margins) if margins else None


def _correlation(one: Samples, other: Samples) -> float:
    """The absolute correlation of two sources; 1 where one is zero."""
    norm = np.sqrt(_energy(one) * _energy(other))
    return float(abs(one.astype(np.float64) @ other) / norm) if norm > 0 else 1.0


def _energy(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float64).sum())
