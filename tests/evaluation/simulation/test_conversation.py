from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import SettingsError
from pipeline.evaluation.simulation.conversation import TOLERANCE, Conversation, Placement, overlap_ratio, plan
from tests.max_examples import at_most


def lengths(speakers: int, seed: int) -> dict[str, list[int]]:
    """Passages of 0.8 to 12 s for each speaker, in ticks."""
    rng = np.random.default_rng(seed)
    return {f"s{i}": [int(80 + 1120 * rng.random() ** 2) for _ in range(15)] for i in range(speakers)}


MEETINGS = st.tuples(st.integers(2, 6), st.sampled_from([0.0, 0.1, 0.25, 0.4]), st.integers(0, 10_000))


def planned(meeting: tuple[int, float, int], length: float = 120) -> tuple[Placement, ...]:
    speakers, overlap, seed = meeting
    conversation = Conversation(speakers, length, overlap)
    return plan(lengths(speakers, seed), conversation, np.random.default_rng(seed))


@at_most(40)
@given(MEETINGS)
def test_the_overlap_ratio_is_the_requested_one(meeting: tuple[int, float, int]) -> None:
    placements = planned(meeting)
    assert abs(overlap_ratio(placements) - meeting[1]) <= TOLERANCE
    assert overlap_ratio(placements) == 0 or meeting[1] > 0


@at_most(40)
@given(MEETINGS)
def test_speakers_do_not_overlap_themselves_and_at_most_two_overlap(meeting: tuple[int, float, int]) -> None:
    count: dict[str, np.ndarray] = {}
    for p in planned(meeting):
        ticks = count.setdefault(p.speaker, np.zeros(12_000, int))
        ticks[p.start : p.end] += 1
        ticks[p.end : p.end + 1] += 1  # nor do turns of one speaker touch
    assert max(ticks.max() for ticks in count.values()) == 1
    assert sum((ticks > 0).astype(int) for ticks in count.values()).max() <= 3
    edges = np.zeros(12_001, int)
    for p in planned(meeting):
        edges[p.start] += 1
        edges[p.end] -= 1
    assert np.cumsum(edges).max() <= 2


@at_most(40)
@given(MEETINGS)
def test_all_speakers_have_complete_passages_within_the_meeting(meeting: tuple[int, float, int]) -> None:
    placements, available = planned(meeting), lengths(meeting[0], meeting[2])
    assert {p.speaker for p in placements} == set(available)
    assert all(0 <= p.start < p.end <= 12_000 for p in placements)
    assert [p.start for p in placements] == sorted(p.start for p in placements)
    assert all(p.end - p.start == available[p.speaker][p.passage] for p in placements)


@at_most(20)
@given(MEETINGS)
def test_the_same_seed_gives_the_same_plan(meeting: tuple[int, float, int]) -> None:
    assert planned(meeting) == planned(meeting)


def test_a_passage_is_repeated_only_after_all_others_that_fit() -> None:
    placements = plan({"a": [100] * 9, "b": [100] * 9}, Conversation(2, 20, 0), np.random.default_rng(1))
    for speaker in "ab":
        ticks = [p.passage for p in placements if p.speaker == speaker]
        assert len(set(ticks[:9])) == len(ticks[:9])


@pytest.mark.parametrize("kind", ["turn_end", "interruption", "backchannel"])
def test_weights_choose_the_kind_of_overlap(kind: str) -> None:
    weights = {"turn_end": 0.0, "interruption": 0.0, "backchannel": 0.0, kind: 1.0}
    conversation = Conversation(3, 600, 0.08, **weights)
    kinds = [p.kind for p in plan(lengths(3, 1), conversation, np.random.default_rng(1))]
    others = {"turn_end", "interruption", "backchannel"} - {kind}
    assert kinds.count(kind) > sum(kinds.count(other) for other in others)


def test_kinds_describe_placements() -> None:
    placements = planned((4, 0.3, 5), 300)
    for before, now in pairwise(placements):
        if now.kind == "gap":
            assert now.start > before.end
        if now.kind == "backchannel":
            assert any(p.start < now.start and now.end < p.end for p in placements)


@pytest.mark.parametrize(
    "bad",
    [
        {"speakers": 0},
        {"speakers": 1},
        {"length": 0.0},
        {"length": float("nan")},
        {"overlap": 0.6},
        {"overlap": -0.1},
        {"gap": -1.0},
        {"turn_end": 0.0, "interruption": 0.0, "backchannel": 0.0},
        {"turn_end": -1.0},
    ],
)
def test_invalid_settings_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        Conversation(**bad)


def test_an_impossible_overlap_ratio_is_an_error() -> None:
    with pytest.raises(SettingsError, match=r"0\.4"):
        plan({"a": [1000], "b": [1000]}, Conversation(2, 15, 0.4, 1, 0, 0), np.random.default_rng(0))
