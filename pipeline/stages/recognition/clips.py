"""Clips of streams and of the mixture as they are transcribed: joined, and with some audio before and after."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.core.audio import RATE, Audio, Clip, Stream, to_sample
from pipeline.core.timeline import BOUNDARY, crop, union
from pipeline.core.types import Span
from pipeline.stages.channels.tracks import Track

CONTEXT = 2.0
"""Seconds of a speaker's speech that are transcribed before and after their part of an overlap. 1 s costs less, and
made 248 errors where 2 s made 240 on four AMI clips."""
TOLERANCE = 1e-3
"""Seconds by which the edges of a clip and of a silence beside it may differ: one sample and some rounding. More joins
clips to silences that do not touch them."""


def with_context(stream: Stream, cores: Sequence[Span]) -> tuple[Clip, ...]:
    """The stream's clips in the cores, joined with up to `CONTEXT` seconds of the speaker's speech before and after.

    Cores are in order of time and do not overlap.
    """
    extended = union(Span(max(0.0, core.start - CONTEXT), core.end + CONTEXT) for core in cores)
    near = [_trimmed(clip, spans[0]) for clip in stream.clips if (spans := crop(extended, clip))]
    return tuple(clip for clip in joined(near) if crop(cores, clip))


def _trimmed(clip: Clip, span: Span) -> Clip:
    """A clip of the mixture cut to the span; a separated clip is left whole."""
    if clip.origin == "separated":
        return clip
    return clip.part(round((span.start - clip.start) * RATE), round((span.end - clip.start) * RATE))


def joined(clips: Sequence[Clip]) -> tuple[Clip, ...]:
    """Clips that touch become one, so that they are transcribed together."""
    runs: list[list[Clip]] = []
    end = 0.0
    length = 0
    for clip in clips:
        if not runs or abs(end - clip.start) >= 1.5 / RATE:
            runs.append([])
            length = 0
        runs[-1].append(clip)
        length += len(clip.samples)
        end = runs[-1][0].start + length / RATE
    return tuple(map(_concatenated, runs))


def _concatenated(run: Sequence[Clip]) -> Clip:
    return replace(run[0], samples=np.concatenate([clip.samples for clip in run])) if len(run) > 1 else run[0]


def with_padding(clip: Clip, audio: Audio, silences: Sequence[Span]) -> Clip:
    """The clip with up to `BOUNDARY` seconds of the mixture before and after, as far as no one speaks there."""
    before = bisect_right(silences, -TOLERANCE, key=lambda span: span.end - clip.start)
    after = bisect_right(silences, -TOLERANCE, key=lambda span: span.start - clip.end)
    start, end = clip.start, clip.end
    if before < len(silences) and silences[before].end - clip.start < TOLERANCE:
        start = max(silences[before].start, clip.start - BOUNDARY)
    if after < len(silences) and silences[after].start - clip.end < TOLERANCE:
        end = min(silences[after].end, clip.end + BOUNDARY)
    head = audio.crop(Span(start, clip.start)) if start < clip.start else clip.samples[:0]
    tail = audio.crop(Span(clip.end, end)) if clip.end < end else clip.samples[:0]
    start = max(0.0, clip.start - len(head) / RATE)
    return replace(clip, samples=np.concatenate([head, clip.samples, tail]), start=start)


def with_edge_silence(clip: Clip, speech: Span, track: Track) -> Clip:
    """The clip, with silence as far as `BOUNDARY` around its ``speech`` reaches beyond the edges of the track."""
    duration = track.audio.duration
    start = max(speech.start - BOUNDARY, -track.silence_before) if clip.start <= 0 else clip.start
    end = min(speech.end + BOUNDARY, duration + track.silence_after) if clip.end > duration - TOLERANCE else clip.end
    silence = (max(0, -to_sample(start)), max(0, to_sample(end) - to_sample(clip.end)))
    if silence == (0, 0):
        return clip
    return replace(clip, samples=np.pad(clip.samples, silence), start=min(start, clip.start))
