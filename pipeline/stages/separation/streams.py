"""Streams cut from the recording: the mixture, sample for sample, but separated speech where there is some to use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.core.audio import Audio, Clip, Samples, Stream, to_sample
from pipeline.core.timeline import by_speaker, crop, gaps, intersection
from pipeline.core.types import Span, Turn

FADE: Final = 0.01
"""Seconds over which mixture and separated speech of one turn pass into each other."""
GRID: Final = 32768
"""Separated samples lie on the 16-bit grid, so that a cache of 16-bit files loses nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class SeparatedSegment:
    """One speaker's separated speech over a span of the recording."""

    span: Span
    samples: Samples

    @property
    def start(self) -> float:
        return self.span.start

    @property
    def end(self) -> float:
        return self.span.end


def build_streams(
    audio: Audio, turns: Sequence[Turn], pieces: Mapping[str, Sequence[SeparatedSegment]], track: int = 0
) -> tuple[Stream, ...]:
    """A stream per speaker of one track: their turns, with their pieces in place of the mixture; each piece is a clip.

    A speaker's pieces are sorted and do not overlap.
    """
    return tuple(
        Stream(speaker, tuple(clip for turn in own for clip in _clips(audio, turn, pieces.get(speaker, ()), track)))
        for speaker, own in by_speaker(turns).items()
    )


def _clips(audio: Audio, turn: Turn, pieces: Sequence[SeparatedSegment], track: int) -> Iterator[Clip]:
    near = crop(pieces, turn)
    clips = [
        Clip(audio.crop(span), span.start, track=track) for span in gaps((piece.span for piece in near), turn.span)
    ]
    clips += [_separated(audio, turn, piece, track) for piece in near]
    yield from sorted((clip for clip in clips if len(clip.samples)), key=lambda clip: clip.start)


def _separated(audio: Audio, turn: Turn, piece: SeparatedSegment, track: int) -> Clip:
    """The piece as far as the turn goes, fading from and to the mixture where the turn goes on without it."""
    (part,) = intersection([piece.span], [turn.span])
    mixture = audio.crop(part)
    weight = np.ones(len(mixture), np.float32)
    ramp = np.linspace(0, 1, min(to_sample(FADE), len(mixture)), dtype=np.float32)
    if turn.start < part.start:
        weight[: len(ramp)] *= ramp
    if part.end < turn.end:
        weight[len(mixture) - len(ramp) :] *= ramp[::-1]
    first = to_sample(part.start) - to_sample(piece.span.start)
    blended = weight * piece.samples[first : first + len(mixture)] + (1 - weight) * mixture
    grid = np.clip(np.rint(blended * GRID), -GRID, GRID - 1) / GRID
    return Clip(grid.astype(np.float32), part.start, "separated", track)
