"""Who talks into whose speech, and how it ends. Times in seconds.

A *stretch* is a speaker's turns joined over pauses of at most `PAUSE`. An overlap is a pair of stretches of two
speakers that share time; the *holder* is who began first, the *incomer* who began second (equal starts: the one who
ends first, then by label). In this order:

    start        the incomer began at most `TOGETHER` after the holder: nobody held the floor yet
    backchannel  the incomer's stretch ends before the holder's, lasts at most `SHORT` and has at most `FEW` words
    turn_end     at most `ENDING` of the holder's stretch was left when the incomer began, and the incomer went on
    interruption everything else: the holder *yielded* when his stretch ended first, else the incomer did
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.core.timeline import MidpointIndex, turns_of, union
from pipeline.core.types import Span, Transcript, Turn, Word, join_words

PAUSE = 0.5
TOGETHER = 0.2
SHORT = 1.0
FEW = 3
ENDING = 0.5

Kind = Literal["start", "backchannel", "turn_end", "interruption"]


@dataclass(frozen=True, slots=True)
class OverlapEvent:
    """Two stretches that overlap from ``start`` to ``end``, with both texts; ``yielded`` only for interruptions."""

    start: float
    end: float
    kind: Kind
    holder: str
    incomer: str
    yielded: str | None
    holder_text: str
    incomer_text: str


def talk_spurts(transcript: Transcript, pause: float = PAUSE) -> tuple[Turn, ...]:
    """Each speaker's turns joined over pauses of at most ``pause``, all sorted by start."""
    own: dict[str, list[Span]] = {}
    for turn in turns_of(transcript):
        own.setdefault(turn.speaker, []).append(turn.span)
    return tuple(sorted(Turn(s.start, s.end, speaker) for speaker, spans in own.items() for s in union(spans, pause)))


def overlap_events(transcript: Transcript) -> tuple[OverlapEvent, ...]:
    """Every overlap of two stretches, sorted by start."""
    said: dict[str, list[Word]] = {}
    for utterance in transcript.utterances:
        said.setdefault(utterance.speaker, []).extend(utterance.words)
    spoken = {speaker: MidpointIndex(words) for speaker, words in said.items()}
    found: list[OverlapEvent] = []
    open_: list[Turn] = []
    for incomer in talk_spurts(transcript):
        open_ = [holder for holder in open_ if holder.end > incomer.start]
        found += (_crossing(holder, incomer, spoken) for holder in open_ if holder.speaker != incomer.speaker)
        open_.append(incomer)
    return tuple(sorted(found, key=lambda crossing: (crossing.start, crossing.end, crossing.holder, crossing.incomer)))


def _crossing(holder: Turn, incomer: Turn, spoken: Mapping[str, MidpointIndex[Word]]) -> OverlapEvent:
    start, end = incomer.start, min(holder.end, incomer.end)
    words = _within(spoken, incomer.speaker, incomer.start, incomer.end)
    kind = _kind(holder, incomer, len(words))
    yielded = (holder if holder.end < incomer.end else incomer).speaker if kind == "interruption" else None
    texts = [join_words(_within(spoken, speaker, start, end)) for speaker in (holder.speaker, incomer.speaker)]
    return OverlapEvent(start, end, kind, holder.speaker, incomer.speaker, yielded, *texts)


def _kind(holder: Turn, incomer: Turn, words: int) -> Kind:
    if incomer.start - holder.start <= TOGETHER:
        return "start"
    if incomer.end < holder.end and incomer.duration <= SHORT and words <= FEW:
        return "backchannel"
    if holder.end - incomer.start <= ENDING and incomer.end >= holder.end:
        return "turn_end"
    return "interruption"


def _within(spoken: Mapping[str, MidpointIndex[Word]], speaker: str, start: float, end: float) -> tuple[Word, ...]:
    return tuple(spoken[speaker].between(start, end)) if speaker in spoken else ()
