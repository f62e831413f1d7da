"""Overlap events between speakers and their kinds. Times in seconds.

A *talk spurt* is a sequence of turns of one speaker with pauses up to `MAX_PAUSE`. An overlap event is a pair of talk
spurts of two speakers that share time. The *holder* began first, the *incomer* second (for equal starts, the holder
ends first, then by label). The first kind that applies:

    start         the incomer began at most `MAX_START_DISTANCE` after the holder
    backchannel   the incomer's spurt ends before the holder's, is at most `MAX_BACKCHANNEL` long and has at most
                  `MAX_BACKCHANNEL_WORDS` words
    turn_end      at most `MAX_TURN_END` of the holder's spurt is left when the incomer begins, who then continues
    interruption  all others; the speaker whose spurt ends first *yielded*
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.core.timeline import IntervalIndex, MidpointIndex, by_speaker, turns_of, union
from pipeline.core.types import Span, Transcript, Turn, Word, join_words

MAX_PAUSE = 0.5
"""Maximum pause inside a talk spurt, in seconds. Chosen by hand; a higher value gives fewer, longer spurts."""
MAX_START_DISTANCE = 0.2
"""Maximum distance, in seconds, of the starts of a simultaneous start. Chosen by hand; a higher value turns early
interruptions into starts."""
MAX_BACKCHANNEL = 1.0
"""Maximum length of a backchannel in seconds. Chosen by hand; a higher value turns interruptions into backchannels."""
MAX_BACKCHANNEL_WORDS = 3
"""Maximum number of words in a backchannel. Chosen by hand; a higher value turns interruptions into backchannels."""
MAX_TURN_END = 0.5
"""Maximum overlap at the end of a turn, in seconds. Chosen by hand; a higher value gives fewer interruptions."""

Kind = Literal["start", "backchannel", "turn_end", "interruption"]


@dataclass(frozen=True, slots=True)
class OverlapEvent:
    """Two talk spurts that overlap from ``start`` to ``end``, with both texts; ``yielded`` only for interruptions.

    The evidence: ``holder_remaining`` seconds of the holder's spurt were left when the incomer began, the incomer's
    spurt has ``incomer_words`` words and goes on for ``incomer_after`` seconds after the holder's; ``margin`` is the
    lowest of the turns of both that meet the overlap, None where no turn has one.
    """

    start: float
    end: float
    kind: Kind
    holder: str
    incomer: str
    yielded: str | None
    holder_text: str
    incomer_text: str
    holder_remaining: float
    incomer_words: int
    incomer_after: float
    margin: float | None


def talk_spurts(transcript: Transcript, max_pause: float = MAX_PAUSE) -> tuple[Turn, ...]:
    """Turns of each speaker merged over pauses up to ``max_pause`` seconds; sorted by start."""
    by_speaker: dict[str, list[Span]] = {}
    for turn in turns_of(transcript):
        by_speaker.setdefault(turn.speaker, []).append(turn.span)
    merged = {speaker: union(spans, max_pause) for speaker, spans in by_speaker.items()}
    return tuple(sorted(Turn(span.start, span.end, speaker) for speaker, spans in merged.items() for span in spans))


def overlap_events(transcript: Transcript) -> tuple[OverlapEvent, ...]:
    """All overlap events, sorted by start."""
    words: dict[str, list[Word]] = {}
    for utterance in transcript.utterances:
        words.setdefault(utterance.speaker, []).extend(utterance.words)
    turns = {speaker: IntervalIndex(group) for speaker, group in by_speaker(turns_of(transcript)).items()}
    index = {speaker: MidpointIndex(items) for speaker, items in words.items()}
    events: list[OverlapEvent] = []
    active: list[Turn] = []
    for incomer in talk_spurts(transcript):
        active = [holder for holder in active if holder.end > incomer.start]
        events += (_event(holder, incomer, index, turns) for holder in active if holder.speaker != incomer.speaker)
        active.append(incomer)
    return tuple(sorted(events, key=lambda event: (event.start, event.end, event.holder, event.incomer)))


def _event(
    holder: Turn, incomer: Turn, index: Mapping[str, MidpointIndex[Word]], turns: Mapping[str, IntervalIndex[Turn]]
) -> OverlapEvent:
    start, end = incomer.start, min(holder.end, incomer.end)
    words = _words(index, incomer.speaker, incomer.start, incomer.end)
    kind = _kind(holder, incomer, len(words))
    yielded = (holder if holder.end < incomer.end else incomer).speaker if kind == "interruption" else None
    labels = (holder.speaker, incomer.speaker)
    holder_text, incomer_text = (join_words(_words(index, speaker, start, end)) for speaker in labels)
    margins = [turn.margin for speaker in labels for turn in turns[speaker].meeting(start, end)]
    return OverlapEvent(
        start,
        end,
        kind,
        holder.speaker,
        incomer.speaker,
        yielded,
        holder_text,
        incomer_text,
        holder.end - incomer.start,
        len(words),
        max(0.0, incomer.end - holder.end),
        min((margin for margin in margins if margin is not None), default=None),
    )


def _kind(holder: Turn, incomer: Turn, words: int) -> Kind:
    if incomer.start - holder.start <= MAX_START_DISTANCE:
        return "start"
    if incomer.end < holder.end and incomer.duration <= MAX_BACKCHANNEL and words <= MAX_BACKCHANNEL_WORDS:
        return "backchannel"
    if holder.end - incomer.start <= MAX_TURN_END and incomer.end >= holder.end:
        return "turn_end"
    return "interruption"


def _words(index: Mapping[str, MidpointIndex[Word]], speaker: str, start: float, end: float) -> tuple[Word, ...]:
    return tuple(index[speaker].between(start, end)) if speaker in index else ()
