"""Attribution: who is whom does not depend on order, and every doubt is said."""

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


def alone(rows: int = 3) -> NDArray[np.bool_]:
    """Each of the speakers alone for a quarter of a second, one after the other."""
    mask = np.zeros((rows, RATE), bool)
    for row in range(rows):
        mask[row, row * RATE // 4 : (row + 1) * RATE // 4] = True
    return mask


@given(st.permutations([0, 1, 2]))
def test_solo_speech_tells_the_sources_in_any_order(order: list[int]) -> None:
    mask = alone()
    own = sources(3) * (0.05 + mask)
    rows = assign_sources(own[order].astype(np.float32), mask, np.full((3, 3), np.nan))
    assert [order[row] for row in rows] == [0, 1, 2]


@given(st.permutations([0, 1, 2, 3]))
def test_voices_tell_the_sources_where_nobody_talks_alone(order: list[int]) -> None:
    likeness = np.array([[0.9, 0.5, 0.5], [0.6, 0.7, 0.6], [0.5, 0.4, 0.8], [0.5, 0.5, 0.5]])
    rows = assign_sources(sources(4)[order], np.zeros((3, RATE), bool), likeness[order])
    assert [order[row] for row in rows] == [0, 1, 2]


def test_the_best_matching_of_all_counts_not_the_best_pair() -> None:
    likeness = np.array([[0.9, 0.8], [0.8, 0.1]])
    assert list(assign_sources(sources(), np.zeros((2, RATE), bool), likeness)) == [1, 0]


@given(st.lists(st.floats(0.001, 1000) | st.floats(-1000, -0.001), min_size=2, max_size=2))
def test_levels_are_those_of_the_mixture(gains: list[float]) -> None:
    own = sources()
    found = rescale_to_mixture((own * np.array(gains)[:, None]).astype(np.float32), own.sum(axis=0))
    np.testing.assert_allclose(found, own, atol=1e-4)


def test_sources_that_hold_up_are_used_with_their_evidence() -> None:
    own = sources()
    verdict = decide(own, own.sum(axis=0), np.array([[0.9, 0.5], [0.4, 0.8]]), SPEAKERS)
    assert verdict.decision == "separated"
    assert [(one.similarity, one.nearest_other) for one in verdict.evidence] == [(0.9, 0.5), (0.8, 0.4)]
    assert all(-4 < (one.energy_db or 0) < -2 for one in verdict.evidence)


DOUBTS = {
    "silent": (lambda s: s * [[1], [0.01]], UNKNOWN),
    "same": (lambda s: np.stack([s[0], s[0] + 0.1 * s[1]]), UNKNOWN),
    "in no source": (lambda s: s * 0.28, UNKNOWN),
    "margin": (lambda s: s, np.array([[0.5, 0.9], [0.4, 0.8]])),
}


@pytest.mark.promise(14)
@pytest.mark.parametrize("doubt", list(DOUBTS))
def test_each_doubt_keeps_the_mixture_and_is_named(doubt: str) -> None:
    change, similarity = DOUBTS[doubt]
    own = sources()
    verdict = decide(np.asarray(change(own), np.float32), own.sum(axis=0), similarity, SPEAKERS)
    assert verdict.decision == "mixture"
    assert doubt in verdict.reason


def test_what_was_not_measured_is_no_evidence() -> None:
    own = sources()
    verdict = decide(own, own.sum(axis=0), UNKNOWN, SPEAKERS)
    assert verdict.decision == "separated"
    assert all(one.similarity is None and one.nearest_other is None for one in verdict.evidence)
