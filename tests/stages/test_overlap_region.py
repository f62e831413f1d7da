"""Overlap regions: single-speaker speech in the context."""

from __future__ import annotations

import numpy as np

from pipeline.core.audio import RATE, Audio
from pipeline.core.timeline import overlaps
from pipeline.core.types import Turn
from pipeline.stages.separation.overlap_region import OverlapRegion, extract

AUDIO = Audio(np.zeros(10 * RATE, np.float32))
CONTEXT = 0.7


def region_of(*turns: Turn) -> OverlapRegion:
    return extract(AUDIO, turns, overlaps(turns), CONTEXT)


def test_the_mask_has_single_speaker_speech_of_the_context() -> None:
    region = region_of(Turn(1, 5, "a"), Turn(4, 8, "b"))
    assert region.speakers == ("a", "b")
    assert (region.extended.start, region.extended.end) == (4 - CONTEXT, 5 + CONTEXT)
    assert len(region.mixture) == round((1 + 2 * CONTEXT) * RATE)
    alone_a, alone_b = (set(np.flatnonzero(row)) for row in region.single_speaker_mask)
    assert alone_a == set(range(region.inside.start))
    assert alone_b == set(range(region.inside.stop, len(region.mixture)))
