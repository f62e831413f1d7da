"""One stream per speaker: the mixture, sample for sample, with separated speech in accepted overlap regions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.core.audio import Audio, Clip, Samples, Stream, to_sample
from pipeline.core.timeline import by_speaker, crop, gaps, intersection
from pipeline.core.types import Span, Turn

FADE: Final = 0.01
"""Seconds of a cross-fade between the mixture and separated speech in a turn. Chosen by hand; without it there are
clicks, and more of it lets other speakers into the stream."""
GRID: Final = 32768
"""Steps of a sample of separated speech: the 16-bit grid, so that a cache of 16-bit files loses nothing."""


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
    audio: Audio, turns: Sequence[Turn], segments: Mapping[str, Sequence[SeparatedSegment]], track: int = 0
) -> tuple[Stream, ...]:
    """A stream per speaker of one track: their turns, with their separated segments in place of the mixture.

    Each segment becomes a clip. A speaker's segments are sorted and do not overlap.
    """
    return tuple(
        Stream(speaker, tuple(clip for turn in group for clip in _clips(audio, turn, segments.get(speaker, ()), track)))
        for speaker, group in by_speaker(turns).items()
    )


def _clips(audio: Audio, turn: Turn, segments: Sequence[SeparatedSegment], track: int) -> Iterator[Clip]:
    near = crop(segments, turn)
    spans = gaps((segment.span for segment in near), turn.span)
    clips = [Clip(audio.crop(span), span.start, track=track) for span in spans]
    clips += [_separated(audio, turn, segment, track) for segment in near]
    yield from sorted((clip for clip in clips if len(clip.samples)), key=lambda clip: clip.start)


def _separated(audio: Audio, turn: Turn, segment: SeparatedSegment, track: int) -> Clip:
    """The segment inside the turn, with a cross-fade where the turn goes on without it."""
    (span,) = intersection([segment.span], [turn.span])
    mixture = audio.crop(span)
    weight = np.ones(len(mixture), np.float32)
    ramp = np.linspace(0, 1, min(to_sample(FADE), len(mixture)), dtype=np.float32)
    if turn.start < span.start:
        weight[: len(ramp)] *= ramp
    if span.end < turn.end:
        weight[len(mixture) - len(ramp) :] *= ramp[::-1]
    first = to_sample(span.start) - to_sample(segment.span.start)
    blended = weight * segment.samples[first : first + len(mixture)] + (1 - weight) * mixture
    samples = np.clip(np.rint(blended * GRID), -GRID, GRID - 1) / GRID
    return Clip(samples.astype(np.float32), span.start, "separated", track)
