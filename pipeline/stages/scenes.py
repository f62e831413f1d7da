"""Scenes: what there is to hear and to know of a region before its voices are taken apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import Audio, Samples, index
from pipeline.values import Overlap, Span, Turn


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A region before it is taken apart: who talks, what is heard in the region with its context, and who talks alone
    where (shape: speakers × samples)."""

    span: Span
    window: Span
    speakers: tuple[str, ...]
    mixture: Samples
    alone: NDArray[np.bool_]

    @property
    def inside(self) -> slice:
        """The region's samples in the window's."""
        first = index(self.window.start)
        return slice(index(self.span.start) - first, index(self.span.end) - first)

    @property
    def handed_over(self) -> bool:
        """Whether, of two, one talks alone just before the region and the other just after it."""
        before = self.alone[:, : self.inside.start]
        after = self.alone[:, self.inside.stop :]
        if len(self.speakers) != 2 or not before.any() or not after.any():
            return False
        last, first = np.flatnonzero(before.any(axis=0))[-1], np.flatnonzero(after.any(axis=0))[0]
        return bool(before[:, last].argmax() != after[:, first].argmax())


def lay_scene(audio: Audio, turns: Iterable[Turn], group: Sequence[Overlap], context: float) -> Scene:
    """The scene of overlaps that lie close together, with ``context`` seconds on either side where there are any."""
    span = Span(group[0].start, group[-1].end)
    speakers = tuple(sorted({speaker for overlap in group for speaker in overlap.speakers}))
    window = Span(max(0.0, span.start - context), max(span.end, min(audio.duration, span.end + context)))
    mixture = audio.cut(window)
    first = index(window.start)
    active = {speaker: np.zeros(len(mixture), bool) for speaker in speakers}
    talking = np.zeros(len(mixture), np.int16)
    for turn in turns:
        if turn.start < window.end and window.start < turn.end:
            samples = slice(max(0, index(turn.start) - first), max(0, index(turn.end) - first))
            talking[samples] += 1
            if turn.speaker in active:
                active[turn.speaker][samples] = True
    return Scene(span, window, speakers, mixture, np.stack([active[s] & (talking == 1) for s in speakers]))
