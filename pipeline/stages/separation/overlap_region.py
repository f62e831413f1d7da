"""The input of a separator: the mixture of an overlap region with its context, and who speaks alone where in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import Audio, Samples, to_sample
from pipeline.core.types import Overlap, Span, Turn


@dataclass(frozen=True, slots=True, eq=False)
class OverlapRegion:
    """Overlaps that lie close together, as the separator gets them."""

    span: Span
    """From the start of the first overlap to the end of the last."""
    extended: Span
    """The region with its context on either side."""
    speakers: tuple[str, ...]
    """Speakers of the overlaps, sorted."""
    mixture: Samples
    """The recording over the extended span, 16 kHz."""
    single_speaker_mask: NDArray[np.bool_]
    """Where in the mixture only that speaker speaks, shape (speakers, samples)."""

    @property
    def inside(self) -> slice:
        """The samples of the mixture that lie in the region itself."""
        first = to_sample(self.extended.start)
        return slice(to_sample(self.span.start) - first, to_sample(self.span.end) - first)


def extract(audio: Audio, turns: Iterable[Turn], group: Sequence[Overlap], context: float) -> OverlapRegion:
    """The region of a group of overlaps that lie close together, with up to ``context`` seconds on either side."""
    span = Span(group[0].start, group[-1].end)
    speakers = tuple(sorted({speaker for overlap in group for speaker in overlap.speakers}))
    extended = Span(max(0.0, span.start - context), max(span.end, min(audio.duration, span.end + context)))
    mixture = audio.crop(extended)
    first = to_sample(extended.start)
    active = {speaker: np.zeros(len(mixture), bool) for speaker in speakers}
    count = np.zeros(len(mixture), np.int16)  # speakers per sample
    for turn in turns:
        if turn.start < extended.end and extended.start < turn.end:
            samples = slice(max(0, to_sample(turn.start) - first), max(0, to_sample(turn.end) - first))
            count[samples] += 1
            if turn.speaker in active:
                active[turn.speaker][samples] = True
    return OverlapRegion(span, extended, speakers, mixture, np.stack([active[s] & (count == 1) for s in speakers]))
