"""Scenes: who is alone where, and who hands the floor to whom."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.audio import RATE, Audio
from pipeline.core.timeline import overlaps
from pipeline.core.types import Turn
from pipeline.stages.separation.overlap_region import OverlapRegion, extract

AUDIO = Audio(np.zeros(10 * RATE, np.float32))
CONTEXT = 0.7


def scene_of(*turns: Turn) -> OverlapRegion:
    return extract(AUDIO, turns, overlaps(turns), CONTEXT)


def mirrored(turn: Turn) -> Turn:
    return Turn(AUDIO.duration - turn.end, AUDIO.duration - turn.start, turn.speaker)


def test_a_scene_says_who_talks_alone_where() -> None:
    scene = scene_of(Turn(1, 5, "a"), Turn(4, 8, "b"))
    assert scene.speakers == ("a", "b")
    assert (scene.extended.start, scene.extended.end) == (4 - CONTEXT, 5 + CONTEXT)
    assert len(scene.mixture) == round((1 + 2 * CONTEXT) * RATE)
    alone_a, alone_b = (set(np.flatnonzero(row)) for row in scene.single_speaker_mask)
    assert alone_a == set(range(scene.inside.start))
    assert alone_b == set(range(scene.inside.stop, len(scene.mixture)))


@given(st.floats(2, 4), st.floats(0.3, 1), st.permutations(["a", "b"]), st.booleans())
def test_the_floor_is_handed_over_whoever_does_it_and_in_either_direction(
    start: float, length: float, names: list[str], backwards: bool
) -> None:
    first, second = names
    turns = (Turn(1, start + length, first), Turn(start, 9, second))
    assert scene_of(*map(mirrored, turns) if backwards else turns).is_handover


@given(st.floats(2, 4), st.floats(0.3, 1), st.permutations(["a", "b"]))
def test_who_is_interrupted_and_goes_on_hands_nothing_over(start: float, length: float, names: list[str]) -> None:
    holder, other = names
    assert not scene_of(Turn(1, 9, holder), Turn(start, start + length, other)).is_handover


def test_without_anybody_alone_on_both_sides_nothing_is_handed_over() -> None:
    assert not scene_of(Turn(0, 5, "a"), Turn(0, 8, "b")).is_handover
    assert not scene_of(Turn(1, 5, "a"), Turn(4, 5, "b")).is_handover
    assert not scene_of(Turn(1, 5, "a"), Turn(4, 8, "b"), Turn(4.2, 4.8, "c")).is_handover
