"""The floor: a line of speech through whole passages, with one voice alone where two or more were taken apart.

Whisper writes better text from a whole passage than from a voice cut out of silence, and the passage is heard anyway.
Where an overlap was separated and its voices are well known, the passage is given the loudest of them alone: he holds
the floor, his words come from the passage, and only the others' are heard once more, from their own streams. Little
solo speech makes sources that are too impure to be heard so; there, everybody is heard from his own stream.

Where one hands the floor over to the next, nobody needs to be heard twice: the passage is told up to the end of the
overlap with the first voice, then from its beginning on with the second. Each such stretch is a *take*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Final

from pipeline.core.audio import Audio, Clip, Samples, Stream, to_sample
from pipeline.core.timeline import covered, crop, gaps, overlaps, single_speaker, union
from pipeline.core.types import Overlap, OverlapDecision, Span, Turn

KNOWN: Final = 20.0
"""Seconds of solo speech from which a voice is well known: on AMI's clips, nearly all below, to hear one voice alone
made 259 errors where streams for everybody made 240; on simulated meetings, all above, 852 and 904."""
NEAR: Final = 0.3
"""Spans of a speaker so close are heard in one go."""


@dataclass(frozen=True, slots=True)
class Foreground:
    """An overlap in which ``holder`` is heard from the passage, and the others from their streams."""

    overlap: Overlap
    holder: str

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
        """Whether the speaker talks here without holding the floor."""
        return speaker != self.holder and speaker in self.overlap.speakers


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a passage heard in one go, with the holds in it in order of time."""

    span: Span
    holds: tuple[Foreground, ...] = ()


def split_by_enrollment(
    turns: Sequence[Turn], regions: Iterable[OverlapDecision]
) -> tuple[list[OverlapDecision], list[OverlapDecision]]:
    """The separated regions whose voices are all well known, and the other separated ones."""
    known = {speaker for speaker, spans in single_speaker(turns).items() if covered(spans) >= KNOWN}
    sure: list[OverlapDecision] = []
    unsure: list[OverlapDecision] = []
    for region in regions:
        if region.decision == "separated":
            (sure if known.issuperset(voice.speaker for voice in region.evidence) else unsure).append(region)
    return sure, unsure


def find_foreground(turns: Sequence[Turn], regions: Sequence[OverlapDecision]) -> tuple[Foreground, ...]:
    """The overlaps in the regions, sorted; the loudest source holds the floor."""
    found = overlaps(turns)
    return tuple(
        Foreground(overlap, _loudest(overlap, region)) for region in regions for overlap in crop(found, region)
    )


def find_handovers(turns: Sequence[Turn], holds: Sequence[Foreground]) -> dict[Overlap, str]:
    """The holds in which one speaker ends and the other begins, and who begins."""
    begins = {(turn.start, turn.speaker): turn for turn in turns}
    ends = {(turn.end, turn.speaker): turn for turn in turns}
    found: dict[Overlap, str] = {}
    for overlap in (hold.overlap for hold in holds if len(hold.overlap.speakers) == 2):
        for first, second in permutations(overlap.speakers):
            leaving, coming = ends.get((overlap.end, first)), begins.get((overlap.start, second))
            if leaving and coming and leaving.start < overlap.start and overlap.end < coming.end:
                found[overlap] = second
    return found


def plan_chunks(passage: Span, holds: Sequence[Foreground], handovers: Mapping[Overlap, str]) -> Iterator[Chunk]:
    """The passage told once from its beginning to its end, but each handover told twice, by either voice."""
    start = passage.start
    held: list[Foreground] = []
    for hold in crop(holds, passage):
        second = handovers.get(hold.overlap)
        if second is None:
            held.append(hold)
            continue
        (first,) = (speaker for speaker in hold.overlap.speakers if speaker != second)
        yield Chunk(Span(start, hold.end), (*held, Foreground(hold.overlap, first)))
        start, held = hold.start, [Foreground(hold.overlap, second)]
    yield Chunk(Span(start, passage.end), tuple(held))


def render(audio: Audio, take: Chunk, streams: Sequence[Stream], track: int = 0) -> Clip:
    """A take of the mixture, with the holder's voice alone in each hold."""
    samples = audio.crop(take.span)
    if take.holds:
        samples = samples.copy()
        voices = {stream.speaker: stream for stream in streams}
        for hold in take.holds:
            _put(samples, to_sample(take.span.start), voices[hold.holder], hold.span)
    return Clip(samples, take.span.start, track=track)


def drop_foreground_words(turns: Sequence[Turn], holds: Sequence[Foreground]) -> tuple[Turn, ...]:
    """The turns as a take has them: in a hold, the holder's alone."""
    cleared: list[Turn] = []
    for turn in turns:
        muted = [hold.span for hold in crop(holds, turn) if hold.mutes(turn.speaker)]
        cleared += (replace(turn, start=span.start, end=span.end) for span in gaps(muted, turn.span))
    return tuple(sorted(cleared))


def background_spans(speaker: str, unsure: Iterable[OverlapDecision], holds: Iterable[Foreground]) -> tuple[Span, ...]:
    """Where a speaker is heard from his own stream: in unsure regions, and while another holds the floor."""
    muted = union((hold.span for hold in holds if hold.mutes(speaker)), NEAR)
    return union([*(Span(region.start, region.end) for region in unsure), *muted])


def _loudest(overlap: Overlap, region: OverlapDecision) -> str:
    """Of those who talk in the overlap, the one whose source is the loudest in the region."""
    energy = {v.speaker: v.energy_db for v in region.evidence if v.energy_db is not None}
    return max(overlap.speakers, key=lambda speaker: (energy.get(speaker, float("-inf")), speaker))


def _put(samples: Samples, first: int, voice: Stream, span: Span) -> None:
    """Lay the separated clips of a voice over samples that begin at the recording's sample ``first``."""
    low, high = max(first, to_sample(span.start)), min(first + len(samples), to_sample(span.end))
    for clip in crop(voice.clips, span):
        begin = to_sample(clip.start)
        start, end = max(low, begin), min(high, begin + len(clip.samples))
        if clip.origin == "separated" and start < end:
            samples[start - first : end - first] = clip.samples[start - begin : end - begin]
