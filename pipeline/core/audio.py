"""Audio in memory: samples with a rate, and the one place where seconds become samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.core.types import Origin, Span

Samples: TypeAlias = NDArray[np.float32]
Sources: TypeAlias = NDArray[np.float32]
"""What a separator gives: shape (sources, samples)."""
RATE = 16_000
"""The models' sample rate in Hz: every `Audio` in the pipeline has it."""


def to_sample(seconds: float, rate: int = RATE) -> int:
    """The sample at a time: nearest, halves up, so that the same time gives the same sample everywhere."""
    return int(np.floor(seconds * rate + 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """A recording: mono ``samples`` (float32, −1 to 1, read-only) at ``rate`` Hz, time 0 is the file's own.

    ``channels`` holds the file's channels (shape: channels × samples, same rate) when there is more than one.
    """

    samples: Samples
    rate: int = RATE
    channels: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        self.samples.setflags(write=False)

    @property
    def duration(self) -> float:
        return len(self.samples) / self.rate

    def crop(self, span: Span) -> Samples:
        """The samples of a span, as a view; parts outside the recording are left out."""
        return self.samples[max(0, to_sample(span.start, self.rate)) : max(0, to_sample(span.end, self.rate))]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A piece of one track: samples (`RATE` Hz) from ``start`` seconds on, from the mixture or separated."""

    samples: Samples
    start: float
    origin: Origin = "mixture"
    track: int = 0
    """Number of the track that the samples are from."""

    @property
    def end(self) -> float:
        return self.start + len(self.samples) / RATE

    @property
    def span(self) -> Span:
        """What the clip covers of the recording; silence before it begins is left out."""
        return Span(max(0.0, self.start), self.end)

    def part(self, first: int, last: int | None = None) -> Clip:
        """The clip from sample ``first`` (or its beginning) up to ``last``, where it is in time."""
        first = max(0, first)
        return replace(self, samples=self.samples[first:last], start=self.start + first / RATE)


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One speaker's voice over the whole recording: clips sorted by start, silence between them implied."""

    speaker: str
    clips: tuple[Clip, ...]


def rescale_to_mixture(sources: Sources, mixture: Samples) -> Sources:
    """Sources scaled so that their sum comes closest to the mixture (least squares); level and sign mean nothing."""
    wide = sources.astype(np.float64)
    wide /= np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    gains, *_ = np.linalg.lstsq(wide @ wide.T, wide @ mixture.astype(np.float64), rcond=1e-9)
    return (gains[:, None] * wide).astype(np.float32)
