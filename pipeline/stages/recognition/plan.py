"""The plan of recognition: chunks of the mixture, each with one foreground speaker in every separated overlap.

Whisper writes better text for a whole segment than for one speaker cut out of silence, and the segment is transcribed
anyway. Where an overlap was separated and its speakers have enough single-speaker speech, the segment holds the loudest
of them alone there: the foreground speaker. Only the others, the background speakers, are transcribed again from their
streams. With less speech sources are too impure for that: all speakers of such an overlap are background speakers.

At a handover, where one speaker ends and the next begins, the segment is divided into two chunks that both hold the
overlap: the first with the first speaker as foreground, the second with the next. No one is transcribed again there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Final

from pipeline.core.audio import Audio, Clip, Samples, Stream, to_sample
from pipeline.core.timeline import BOUNDARY, covered, crop, gaps, overlaps, single_speaker, union
from pipeline.core.types import Overlap, OverlapDecision, Span, Turn

MAX_PAUSE: Final = 1.0
"""Longest pause between two turns of one segment, in seconds. 0.6 s made 388, 2 s 398 errors of 1043 on ten AMI clips,
where 1 s made 388."""
MIN_ENROLLMENT: Final = 20.0
"""Seconds of single-speaker speech from which a speaker can be the foreground of an overlap. On AMI's clips, nearly all
of them below it, foreground speakers made 259 errors, where streams of all speakers made 240; on simulated meetings,
all above it, 852 and 904. Higher values transcribe more overlaps again."""


@dataclass(frozen=True, slots=True)
class Foreground:
    """A separated overlap in which chunks hold ``speaker`` alone; the others are transcribed from their streams."""

    overlap: Overlap
    speaker: str

    @property
    def start(self) -> float:
        return self.overlap.start

    @property
    def end(self) -> float:
        return self.overlap.end

    @property
    def span(self) -> Span:
        return self.overlap.span

    def mutes(self, speaker: str) -> bool:
        """Whether the speaker is a background speaker of the overlap."""
        return speaker != self.speaker and speaker in self.overlap.speakers


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of the mixture that is transcribed together, with the foreground speakers in it in order of time."""

    span: Span
    foregrounds: tuple[Foreground, ...] = ()


def find_segments(turns: Iterable[Turn], duration: float) -> tuple[Span, ...]:
    """The spans in which anyone speaks, with `BOUNDARY` on either side, and with pauses up to `MAX_PAUSE`."""
    padded = (Span(max(0.0, t.start - BOUNDARY), min(duration, t.end + BOUNDARY)) for t in turns)
    return union(padded, max(0.0, MAX_PAUSE - 2 * BOUNDARY))


def split_by_enrollment(
    turns: Sequence[Turn], regions: Iterable[OverlapDecision]
) -> tuple[list[OverlapDecision], list[OverlapDecision]]:
    """The separated regions whose speakers all have `MIN_ENROLLMENT`, and the other separated ones."""
    enrolled = {speaker for speaker, spans in single_speaker(turns).items() if covered(spans) >= MIN_ENROLLMENT}
    sufficient: list[OverlapDecision] = []
    insufficient: list[OverlapDecision] = []
    for region in regions:
        if region.decision == "separated":
            (sufficient if enrolled.issuperset(region.speakers) else insufficient).append(region)
    return sufficient, insufficient


def find_foreground(turns: Sequence[Turn], regions: Sequence[OverlapDecision]) -> tuple[Foreground, ...]:
    """The overlaps in the regions, sorted, each with the speaker whose source is the loudest."""
    all_overlaps = overlaps(turns)
    return tuple(
        Foreground(overlap, _loudest(overlap, region)) for region in regions for overlap in crop(all_overlaps, region)
    )


def find_handovers(turns: Sequence[Turn], foregrounds: Sequence[Foreground]) -> dict[Overlap, str]:
    """The overlaps in which one speaker ends and another begins, each with the one who begins."""
    by_start = {(turn.start, turn.speaker): turn for turn in turns}
    by_end = {(turn.end, turn.speaker): turn for turn in turns}
    handovers: dict[Overlap, str] = {}
    for overlap in (foreground.overlap for foreground in foregrounds if len(foreground.overlap.speakers) == 2):
        for first, second in permutations(overlap.speakers):
            ending, beginning = by_end.get((overlap.end, first)), by_start.get((overlap.start, second))
            if ending and beginning and ending.start < overlap.start and overlap.end < beginning.end:
                handovers[overlap] = second
    return handovers


def plan_chunks(segment: Span, foregrounds: Sequence[Foreground], handovers: Mapping[Overlap, str]) -> Iterator[Chunk]:
    """The chunks of a segment: one after the other, but each handover is in two, with either speaker."""
    start = segment.start
    in_chunk: list[Foreground] = []
    for foreground in crop(foregrounds, segment):
        second = handovers.get(foreground.overlap)
        if second is None:
            in_chunk.append(foreground)
            continue
        (first,) = (speaker for speaker in foreground.overlap.speakers if speaker != second)
        yield Chunk(Span(start, foreground.end), (*in_chunk, Foreground(foreground.overlap, first)))
        start, in_chunk = foreground.start, [Foreground(foreground.overlap, second)]
    yield Chunk(Span(start, segment.end), tuple(in_chunk))


def render(audio: Audio, chunk: Chunk, streams: Sequence[Stream], track: int = 0) -> Clip:
    """The audio of a chunk: the mixture, with the foreground speaker alone in each separated overlap."""
    samples = audio.crop(chunk.span)
    if chunk.foregrounds:
        samples = samples.copy()
        by_label = {stream.speaker: stream for stream in streams}
        for foreground in chunk.foregrounds:
            _overwrite(samples, to_sample(chunk.span.start), by_label[foreground.speaker], foreground.span)
    return Clip(samples, chunk.span.start, track=track)


def without_background(turns: Sequence[Turn], foregrounds: Sequence[Foreground]) -> tuple[Turn, ...]:
    """The turns that are audible in a chunk: in each overlap, those of its foreground speaker alone."""
    audible: list[Turn] = []
    for turn in turns:
        muted = [foreground.span for foreground in crop(foregrounds, turn) if foreground.mutes(turn.speaker)]
        audible += (replace(turn, start=span.start, end=span.end) for span in gaps(muted, turn.span))
    return tuple(sorted(audible))


def background_spans(
    speaker: str, insufficient: Iterable[OverlapDecision], foregrounds: Iterable[Foreground]
) -> tuple[Span, ...]:
    """The spans whose words come from the speaker's stream: regions with too little enrollment speech, and overlaps in
    which another speaker is the foreground."""
    muted = union((foreground.span for foreground in foregrounds if foreground.mutes(speaker)), BOUNDARY)
    return union([*(Span(region.start, region.end) for region in insufficient), *muted])


def _loudest(overlap: Overlap, region: OverlapDecision) -> str:
    """The speaker of the overlap whose source is the loudest in the region."""
    energy = {v.speaker: v.energy_db for v in region.evidence if v.energy_db is not None}
    return max(overlap.speakers, key=lambda speaker: (energy.get(speaker, float("-inf")), speaker))


def _overwrite(samples: Samples, first: int, stream: Stream, span: Span) -> None:
    """Write the separated clips of a stream over samples that begin at the recording's sample ``first``."""
    low, high = max(first, to_sample(span.start)), min(first + len(samples), to_sample(span.end))
    for clip in crop(stream.clips, span):
        begin = to_sample(clip.start)
        start, end = max(low, begin), min(high, begin + len(clip.samples))
        if clip.origin == "separated" and start < end:
            samples[start - first : end - first] = clip.samples[start - begin : end - begin]
