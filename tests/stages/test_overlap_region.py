"""Overlap regions: single-speaker speech in the context, and handovers."""

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


def region_of(*turns: Turn) -> OverlapRegion:
    return extract(AUDIO, turns, overlaps(turns), CONTEXT)


def mirrored(turn: Turn) -> Turn:
    return Turn(AUDIO.duration - turn.end, AUDIO.duration - turn.start, turn.speaker)


def test_the_mask_has_single_speaker_speech_of_the_context() -> None:
    region = region_of(Turn(1, 5, "a"), Turn(4, 8, "b"))
    assert region.speakers == ("a", "b")
    assert (region.extended.start, region.extended.end) == (4 - CONTEXT, 5 + CONTEXT)
    assert len(region.mixture) == round((1 + 2 * CONTEXT) * RATE)
    alone_a, alone_b = (set(np.flatnonzero(row)) for row in region.single_speaker_mask)
    assert alone_a == set(range(region.inside.start))
    assert alone_b == set(range(region.inside.stop, len(region.mixture)))


@given(st.floats(2, 4), st.floats(0.3, 1), st.permutations(["a", "b"]), st.booleans())
def test_a_handover_between_any_speakers_and_in_either_direction(
    start: float, length: float, names: list[str], backwards: bool
) -> None:
    first, second = names
    turns = (Turn(1, start + length, first), Turn(start, 9, second))
    assert region_of(*map(mirrored, turns) if backwards else turns).is_handover


@given(st.floats(2, 4), st.floats(0.3, 1), st.permutations(["a", "b"]))
def test_an_interruption_is_no_handover(start: float, length: float, names: list[str]) -> None:
    holder, other = names
    assert not region_of(Turn(1, 9, holder), Turn(start, start + length, other)).is_handover


def test_without_single_speaker_speech_on_both_sides_there_is_no_handover() -> None:
    assert not region_of(Turn(0, 5, "a"), Turn(0, 8, "b")).is_handover
    assert not region_of(Turn(1, 5, "a"), Turn(4, 5, "b")).is_handover
    assert not region_of(Turn(1, 5, "a"), Turn(4, 8, "b"), Turn(4.2, 4.8, "c")).is_handover
