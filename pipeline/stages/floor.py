"""The floor: one line of speech through a recording, in which each separated overlap holds a single voice.

Whisper writes better text from a whole passage than from a voice cut out of silence, and a passage is heard anyway. So
in a separated overlap the passage is given the voice of the one who holds the floor there, who talks most around it:
his words come from the passage, and only the others' are heard once more, from their own streams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.audio import Audio, Clip, Stream, index
from pipeline.timeline import by_speaker, gaps, intersection, overlaps, total, union
from pipeline.values import Overlap, Region, Span, Turn

AROUND = 2.0
"""Seconds before and after an overlap in which is counted who talks."""
NEAR = 0.3
"""Overlaps so close are heard in one go: what lies between them is too short for a passage."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A separated overlap and who holds the floor in it."""

    overlap: Overlap
    holder: str

    @property
    def span(self) -> Span:
        return Span(self.overlap.start, self.overlap.end)


def find_holds(turns: Sequence[Turn], regions: Sequence[Region]) -> tuple[Hold, ...]:
    """Every overlap inside a region that was separated, with its holder; a region keeps one where it can."""
    apart = [region for region in regions if region.decision == "separated"]
    lines = by_speaker(turns)
    holds: list[Hold] = []
    position = 0
    for overlap in overlaps(turns):
        while position < len(apart) and apart[position].end <= overlap.start:
            position += 1
        if position == len(apart) or overlap.start < apart[position].start:
            continue
        holds.append(Hold(overlap, _holder(overlap, apart[position], lines)))
    return tuple(holds)


def lay_floor(audio: Audio, passages: Sequence[Span], streams: Sequence[Stream], holds: Sequence[Hold]) -> list[Clip]:
    """The passages as clips of the mixture, with the holder's voice alone where there is one."""
    voices = {stream.speaker: stream for stream in streams}
    clips = []
    for passage in passages:
        samples = audio.cut(passage)
        held = [hold for hold in holds if passage.start <= hold.overlap.start < passage.end]
        if held:
            samples = samples.copy()
            for hold in held:
                _put(samples, passage.start, voices[hold.holder], hold.span)
        clips.append(Clip(samples, passage.start))
    return clips


def clear_floor(turns: Sequence[Turn], holds: Sequence[Hold]) -> tuple[Turn, ...]:
    """The turns as they are heard on the floor: in a hold, the holder's alone."""
    cleared: list[Turn] = []
    for speaker, own in by_speaker(turns).items():
        muted = _waiting(speaker, holds)
        for turn in own:
            near = [span for span in muted if span.start < turn.end and turn.start < span.end]
            cleared += (replace(turn, start=span.start, end=span.end) for span in gaps(near, turn.span))
    return tuple(sorted(cleared))


def find_asides(holds: Sequence[Hold]) -> dict[str, tuple[Span, ...]]:
    """Where each speaker talks while another holds the floor: what is left to hear from his own stream."""
    speakers = sorted({speaker for hold in holds for speaker in hold.overlap.speakers})
    asides = {speaker: union(_waiting(speaker, holds), NEAR) for speaker in speakers}
    return {speaker: spans for speaker, spans in asides.items() if spans}


def _waiting(speaker: str, holds: Sequence[Hold]) -> list[Span]:
    return [hold.span for hold in holds if speaker in hold.overlap.speakers and speaker != hold.holder]


def _holder(overlap: Overlap, region: Region, lines: Mapping[str, Sequence[Turn]]) -> str:
    """Who talks most around the region; of equals, who began first."""
    around = Span(max(0.0, region.start - AROUND), region.end + AROUND)

    def presence(speaker: str) -> tuple[float, float, float, str]:
        near = [turn for turn in lines[speaker] if turn.start < around.end and around.start < turn.end]
        talk = total(intersection([turn.span for turn in near], [around]))
        return round(talk, 6), -near[0].start, near[-1].end, speaker

    return max(overlap.speakers, key=presence)


def _put(samples: np.ndarray, start: float, voice: Stream, span: Span) -> None:
    """Lay the separated clips of a voice over samples that begin at ``start`` seconds, inside the span."""
    first = index(start)
    low, high = index(span.start), index(span.end)
    for clip in voice.clips:
        if clip.origin == "separated" and clip.start < span.end and span.start < clip.end:
            begin = index(clip.start)
            here = slice(max(low, begin), min(high, begin + len(clip.samples), first + len(samples)))
            samples[here.start - first : here.stop - first] = clip.samples[here.start - begin : here.stop - begin]
