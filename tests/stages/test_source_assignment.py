"""Source assignment does not depend on the order of sources, and every rejection has its reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.core.audio import RATE, rescale_to_mixture
from pipeline.stages.separation.source_assignment import assign_sources, decide

SPEAKERS = ("ann", "bob")
UNKNOWN = np.full((2, 2), np.nan)


def sources(rows: int = 2, seconds: float = 1.0) -> NDArray[np.float32]:
    return np.random.default_rng(rows).normal(0, 0.1, (rows, round(seconds * RATE))).astype(np.float32)


def single_speaker_mask(rows: int = 3) -> NDArray[np.bool_]:
    """Each of the speakers alone for a third of a second, one after the other."""
    mask = np.zeros((rows, RATE), bool)
    for row in range(rows):
        mask[row, row * RATE // 3 : (row + 1) * RATE // 3] = True
    return mask


@given(st.permutations([0, 1, 2]))
def test_single_speaker_speech_assigns_the_sources_in_any_order(order: list[int]) -> None:
    mask = single_speaker_mask()
    true_sources = sources(3) * (0.05 + mask)
    rows = assign_sources(true_sources[order].astype(np.float32), mask, np.full((3, 3), np.nan))
    assert [order[row] for row in rows] == [0, 1, 2]


@given(st.permutations([0, 1, 2, 3]))
def test_embeddings_assign_the_sources_without_single_speaker_speech(order: list[int]) -> None:
    similarity = np.array([[0.9, 0.5, 0.5], [0.6, 0.7, 0.6], [0.5, 0.4, 0.8], [0.5, 0.5, 0.5]])
    rows = assign_sources(sources(4)[order], np.zeros((3, RATE), bool), similarity[order])
    assert [order[row] for row in rows] == [0, 1, 2]


def test_the_best_assignment_of_all_counts_not_the_best_pair() -> None:
    similarity = np.array([[0.9, 0.8], [0.8, 0.1]])
    assert list(assign_sources(sources(), np.zeros((2, RATE), bool), similarity)) == [1, 0]


@given(st.lists(st.floats(0.001, 1000) | st.floats(-1000, -0.001), min_size=2, max_size=2))
def test_levels_are_those_of_the_mixture(gains: list[float]) -> None:
    true_sources = sources()
    scaled = rescale_to_mixture((true_sources * np.array(gains)[:, None]).astype(np.float32), true_sources.sum(axis=0))
    np.testing.assert_allclose(scaled, true_sources, atol=1e-4)


def test_accepted_sources_have_their_evidence() -> None:
    true_sources = sources()
    decision = decide(true_sources, true_sources.sum(axis=0), np.array([[0.9, 0.5], [0.4, 0.8]]), SPEAKERS)
    assert decision.decision == "separated"
    assert [(one.similarity, one.nearest_other) for one in decision.evidence] == [(0.9, 0.5), (0.8, 0.4)]
    assert all(-4 < (one.energy_db or 0) < -2 for one in decision.evidence)


REJECTIONS = {
    "silent": (lambda s: s * [[1], [0.01]], UNKNOWN),
    "same": (lambda s: np.stack([s[0], s[0] + 0.1 * s[1]]), UNKNOWN),
    "in no source": (lambda s: s * 0.28, UNKNOWN),
    "margin": (lambda s: s, np.array([[0.5, 0.9], [0.4, 0.8]])),
}


@pytest.mark.promise(14)
@pytest.mark.parametrize("rejection", list(REJECTIONS))
def test_each_rejection_keeps_the_mixture_with_its_reason(rejection: str) -> None:
    change, similarity = REJECTIONS[rejection]
    true_sources = sources()
    decision = decide(np.asarray(change(true_sources), np.float32), true_sources.sum(axis=0), similarity, SPEAKERS)
    assert decision.decision == "mixture"
    assert rejection in decision.reason


def test_evidence_that_was_not_measured_is_absent() -> None:
    true_sources = sources()
    decision = decide(true_sources, true_sources.sum(axis=0), UNKNOWN, SPEAKERS)
    assert decision.decision == "separated"
    assert all(one.similarity is None and one.nearest_other is None for one in decision.evidence)
