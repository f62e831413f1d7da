"""Overlap events between speakers and their kinds. Times in seconds.

A *talk spurt* is a sequence of turns of one speaker with pauses up to `MAX_PAUSE`. An overlap event is a pair of talk
spurts of two speakers that share time. The *holder* began first, the *incomer* second (for equal starts, the holder
ends first, then by label). The first kind that applies:

    start         the incomer began at most `MAX_START_DISTANCE` after the holder
    backchannel   the incomer's spurt ends before the holder's, is at most `MAX_BACKCHANNEL` long and says nothing but
                  backchannels (`backchannels.BACKCHANNELS`); where the words are unknown or the language has no list,
                  it has at most `MAX_BACKCHANNEL_WORDS` words and `MAX_WORDLESS_BACKCHANNEL` s, and does not take
                  the floor
    turn_end      at most `MAX_TURN_END` of the holder's spurt is left when the incomer begins, who then continues
    interruption  all others; who stopped *yielded*: the holder where the incomer takes the floor or ends later

An incomer whose spurt ends first *takes the floor* where the holder stops at most `MAX_REACTION` after the end of that
spurt, and the next to begin, at most `MAX_REACTION` after the holder's end, is the incomer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.analytics.measures.backchannels import are_backchannels
from pipeline.core.timeline import BOUNDARY, IntervalIndex, MidpointIndex, by_speaker, turns_of, union
from pipeline.core.types import Span, Transcript, Turn, Word, join_words

MAX_PAUSE = 0.5
"""Maximum pause inside a talk spurt, in seconds. Chosen by hand; a higher value gives fewer, longer spurts."""
MAX_START_DISTANCE = BOUNDARY
"""Maximum distance, in seconds, of the starts of a simultaneous start: as much as the edges of turns are uncertain. A
higher value turns early interruptions into starts."""
MAX_BACKCHANNEL = 2.0
"""Maximum length in seconds of a backchannel that says nothing but backchannels. Chosen by hand; a higher value takes
long agreement for backchannels."""
MAX_WORDLESS_BACKCHANNEL = 1.0
"""The same where the words do not decide. Chosen by hand; a higher value turns interruptions into backchannels."""
MAX_BACKCHANNEL_WORDS = 3
"""Maximum number of words in such a backchannel. Chosen by hand; a higher value turns interruptions into
backchannels."""
MAX_TURN_END = 0.6
"""Maximum overlap at the end of a turn, in seconds. Chosen by hand; a higher value gives fewer interruptions."""
MAX_REACTION = 0.7
"""Seconds in which a holder reacts to an incomer by stopping, and the incomer goes on. Chosen by hand; a higher value
turns backchannels near the end of a turn into interruptions."""

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
    context = _Context(transcript)
    events: list[OverlapEvent] = []
    active: list[Turn] = []
    for incomer in context.spurts:
        active = [holder for holder in active if holder.end > incomer.start]
        events += (_event(holder, incomer, context) for holder in active if holder.speaker != incomer.speaker)
        active.append(incomer)
    return tuple(sorted(events, key=lambda event: (event.start, event.end, event.holder, event.incomer)))


class _Context:
    """The talk spurts, words and turns of a call, for queries by time."""

    def __init__(self, transcript: Transcript) -> None:
        words: dict[str, list[Word]] = {}
        for utterance in transcript.utterances:
            words.setdefault(utterance.speaker, []).extend(utterance.words)
        self._words = {speaker: MidpointIndex(items) for speaker, items in words.items()}
        self._turns = {speaker: IntervalIndex(group) for speaker, group in by_speaker(turns_of(transcript)).items()}
        self.spurts = talk_spurts(transcript)
        self.language = transcript.language

    def words(self, speaker: str, start: float, end: float) -> tuple[Word, ...]:
        """The words of a speaker in a span."""
        return tuple(self._words[speaker].between(start, end)) if speaker in self._words else ()

    def margins(self, speaker: str, start: float, end: float) -> list[float]:
        """The margins of a speaker's turns that meet a span."""
        return [turn.margin for turn in self._turns[speaker].meeting(start, end) if turn.margin is not None]

    def next_after(self, time: float) -> Turn | None:
        """The first spurt that begins at ``time`` or later."""
        place = bisect_left(self.spurts, time, key=lambda spurt: spurt.start)
        return self.spurts[place] if place < len(self.spurts) else None


def _event(holder: Turn, incomer: Turn, context: _Context) -> OverlapEvent:
    start, end = incomer.start, min(holder.end, incomer.end)
    words = context.words(incomer.speaker, incomer.start, incomer.end)
    takes_floor = _takes_floor(holder, incomer, context)
    kind = _kind(holder, incomer, words, takes_floor, context.language)
    yielded = (holder if takes_floor or holder.end < incomer.end else incomer).speaker
    margins = [*context.margins(holder.speaker, start, end), *context.margins(incomer.speaker, start, end)]
    return OverlapEvent(
        start,
        end,
        kind,
        holder.speaker,
        incomer.speaker,
        yielded if kind == "interruption" else None,
        join_words(context.words(holder.speaker, start, end)),
        join_words(context.words(incomer.speaker, start, end)),
        holder.end - incomer.start,
        len(words),
        max(0.0, incomer.end - holder.end),
        min(margins, default=None),
    )


def _takes_floor(holder: Turn, incomer: Turn, context: _Context) -> bool:
    """Whether an incomer who stopped first goes on as soon as the holder stops."""
    if not incomer.end < holder.end <= incomer.end + MAX_REACTION:
        return False
    following = context.next_after(incomer.end)
    return (
        following is not None and following.speaker == incomer.speaker and following.start <= holder.end + MAX_REACTION
    )


def _kind(holder: Turn, incomer: Turn, words: Sequence[Word], takes_floor: bool, language: str | None) -> Kind:
    if incomer.start - holder.start <= MAX_START_DISTANCE:
        return "start"
    if incomer.end < holder.end and _is_backchannel(incomer, words, takes_floor, language):
        return "backchannel"
    if holder.end - incomer.start <= MAX_TURN_END and incomer.end >= holder.end:
        return "turn_end"
    return "interruption"


def _is_backchannel(incomer: Turn, words: Sequence[Word], takes_floor: bool, language: str | None) -> bool:
    """Whether the incomer's spurt is short, and its words are backchannels; by length where the words do not decide."""
    by_words = are_backchannels(words, language)
    if by_words is None:
        is_short = incomer.duration <= MAX_WORDLESS_BACKCHANNEL and len(words) <= MAX_BACKCHANNEL_WORDS
        return is_short and not takes_floor
    return by_words and incomer.duration <= MAX_BACKCHANNEL
