"""Scenes: what there is to hear and to know of a region before its voices are taken apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import Audio, Samples, to_sample
from pipeline.core.types import Overlap, Span, Turn


@dataclass(frozen=True, slots=True, eq=False)
class OverlapRegion:
    """A region before it is taken apart: who talks, what is heard in the region with its context, and who talks alone
    where (shape: speakers × samples)."""

    span: Span
    window: Span
    speakers: tuple[str, ...]
    mixture: Samples
    single_speaker_mask: NDArray[np.bool_]

    @property
    def inside(self) -> slice:
        """The region's samples in the window's."""
        first = to_sample(self.window.start)
        return slice(to_sample(self.span.start) - first, to_sample(self.span.end) - first)

    @property
    def is_handover(self) -> bool:
        """Whether, of two, one talks alone just before the region and the other just after it."""
        before = self.single_speaker_mask[:, : self.inside.start]
        after = self.single_speaker_mask[:, self.inside.stop :]
        if len(self.speakers) != 2 or not before.any() or not after.any():
            return False
        last, first = np.flatnonzero(before.any(axis=0))[-1], np.flatnonzero(after.any(axis=0))[0]
        return bool(before[:, last].argmax() != after[:, first].argmax())


def extract(audio: Audio, turns: Iterable[Turn], group: Sequence[Overlap], context: float) -> OverlapRegion:
    """The scene of overlaps that lie close together, with ``context`` seconds on either side where there are any."""
    span = Span(group[0].start, group[-1].end)
    speakers = tuple(sorted({speaker for overlap in group for speaker in overlap.speakers}))
    window = Span(max(0.0, span.start - context), max(span.end, min(audio.duration, span.end + context)))
    mixture = audio.crop(window)
    first = to_sample(window.start)
    active = {speaker: np.zeros(len(mixture), bool) for speaker in speakers}
    talking = np.zeros(len(mixture), np.int16)
    for turn in turns:
        if turn.start < window.end and window.start < turn.end:
            samples = slice(max(0, to_sample(turn.start) - first), max(0, to_sample(turn.end) - first))
            talking[samples] += 1
            if turn.speaker in active:
                active[turn.speaker][samples] = True
    return OverlapRegion(span, window, speakers, mixture, np.stack([active[s] & (talking == 1) for s in speakers]))
