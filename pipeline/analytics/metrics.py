"""Talk, pace, silence and responses of one call; every number with its formula. Times in seconds.

talk          total length of the speaker's turns, each moment counted once
talk_ratio    talk / sum of everybody's talk; 0 where nobody talks
stretches     how often the speaker took the floor: turns joined over pauses of at most 0.5 s
words_per_minute   words / talk * 60; None without talk
longest_monologue  from the first to the last word of the floor's longest stay with one speaker: their stretches in
              a row, as long as nobody else begins one that is more than a backchannel
silence       duration minus the time in which anybody talks
dead_air      silences of at least `DEAD` between the first and the last speech
response_latency   start of a stretch minus the latest end of all stretches before it, where the speaker changes and
              nobody talks in between; mean and median over the speaker's responses
overlap       time in which two or more talk
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.analytics.interactions import OverlapEvent, overlap_events, talk_spurts
from pipeline.core.timeline import by_speaker, covered, gaps, overlaps, turns_of
from pipeline.core.types import Span, Transcript, Turn

DEAD = 3.0


@dataclass(frozen=True, slots=True)
class SpeakerMetrics:
    """One speaker's part in the call; ``interruptions`` they made, ``interrupted`` those they yielded to."""

    speaker: str
    talk: float
    talk_ratio: float
    stretches: int
    words: int
    words_per_minute: float | None
    longest_monologue: float
    responses: int
    response_latency_mean: float | None
    response_latency_median: float | None
    interruptions: int
    interrupted: int
    backchannels: int


@dataclass(frozen=True, slots=True)
class Measures:
    """The call as a whole, and its speakers in order of first appearance."""

    duration: float
    speech: float
    silence: float
    silence_ratio: float
    dead_air: tuple[Span, ...]
    overlap: float
    overlap_ratio: float
    crossings: tuple[OverlapEvent, ...]
    parts: tuple[SpeakerMetrics, ...]


def measure(transcript: Transcript) -> Measures:
    """Every measure of a call."""
    turns = turns_of(transcript)
    spans = [turn.span for turn in turns]
    speech = covered(spans)
    both = covered(overlap.span for overlap in overlaps(turns))
    silence = max(0.0, transcript.duration - speech)
    crossed = overlap_events(transcript)
    return Measures(
        duration=transcript.duration,
        speech=speech,
        silence=silence,
        silence_ratio=silence / transcript.duration if transcript.duration else 0.0,
        dead_air=_dead_air(spans),
        overlap=both,
        overlap_ratio=both / speech if speech else 0.0,
        crossings=crossed,
        parts=_parts(transcript, turns, crossed),
    )


def _dead_air(spans: Sequence[Span]) -> tuple[Span, ...]:
    if not spans:
        return ()
    inside = Span(min(span.start for span in spans), max(span.end for span in spans))
    return tuple(gap for gap in gaps(spans, inside) if gap.duration >= DEAD)


def _parts(
    transcript: Transcript, turns: Sequence[Turn], crossed: Sequence[OverlapEvent]
) -> tuple[SpeakerMetrics, ...]:
    talk = {speaker: covered(turn.span for turn in own) for speaker, own in by_speaker(turns).items()}
    whole = sum(talk.values())
    held = talk_spurts(transcript)
    answers = latencies(held)
    longest = monologues(held, crossed)
    words: dict[str, int] = {}
    for utterance in transcript.utterances:
        words[utterance.speaker] = words.get(utterance.speaker, 0) + len(utterance.words)
    parts: list[SpeakerMetrics] = []
    for speaker in transcript.speakers:
        own, count = talk.get(speaker, 0.0), words.get(speaker, 0)
        waits = answers.get(speaker, [])
        made = [c for c in crossed if c.kind == "interruption"]
        parts.append(
            SpeakerMetrics(
                speaker,
                own,
                own / whole if whole else 0.0,
                sum(stretch.speaker == speaker for stretch in held),
                count,
                count / own * 60 if own else None,
                longest.get(speaker, 0.0),
                len(waits),
                statistics.fmean(waits) if waits else None,
                statistics.median(waits) if waits else None,
                sum(c.incomer == speaker for c in made),
                sum(c.yielded == speaker == c.holder for c in made),
                sum(c.incomer == speaker and c.kind == "backchannel" for c in crossed),
            )
        )
    return tuple(parts)


def latencies(held: Iterable[Turn]) -> dict[str, list[float]]:
    """How long each speaker took to respond, each time; ``held`` are stretches sorted by start."""
    found: dict[str, list[float]] = {}
    last: Turn | None = None
    for stretch in held:
        if last is not None and stretch.speaker != last.speaker and stretch.start >= last.end:
            found.setdefault(stretch.speaker, []).append(stretch.start - last.end)
        if last is None or stretch.end > last.end:
            last = stretch
    return found


def monologues(held: Iterable[Turn], crossed: Sequence[OverlapEvent]) -> dict[str, float]:
    """Each speaker's longest stay on the floor; backchannels of others do not end it."""
    asides = {(c.incomer, c.start) for c in crossed if c.kind == "backchannel"}
    longest: dict[str, float] = {}
    speaker, start = "", 0.0
    for stretch in held:
        if (stretch.speaker, stretch.start) in asides:
            continue
        if stretch.speaker != speaker:
            speaker, start = stretch.speaker, stretch.start
        longest[speaker] = max(longest.get(speaker, 0.0), stretch.end - start)
    return longest
