"""Talk, pace, sentiment and loudness of each speaker in the four quarters of a recording. Times in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pipeline.analytics.measures.loudness import median_loudness
from pipeline.analytics.measures.sentiment import mean_scores
from pipeline.core.timeline import by_speaker, covered, intersection, middle, turns_of
from pipeline.core.types import Span, Transcript, Utterance

QUARTERS = 4
"""Number of equal parts of a recording. A constant of the format."""


@dataclass(frozen=True, slots=True)
class QuarterSpeaker:
    """A speaker in one quarter; ``words_per_minute`` is None without talk, the last two where they are unknown."""

    speaker: str
    talk: float
    words: int
    words_per_minute: float | None
    sentiment: float | None
    loudness: float | None


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of the recording, with all speakers of the call in order of first appearance."""

    start: float
    end: float
    speakers: tuple[QuarterSpeaker, ...]


def quarters(transcript: Transcript) -> tuple[Quarter, ...]:
    """The four quarters of a recording; () where it has no length.

    Words belong to the quarter of their middle, and so does the loudness of turns; talk is divided at the limits.
    """
    if not transcript.duration:
        return ()
    edges = [transcript.duration * number / QUARTERS for number in range(QUARTERS + 1)]
    edges[-1] = transcript.duration
    return tuple(_quarter(transcript, Span(*ends)) for ends in pairwise(edges))


def _quarter(transcript: Transcript, span: Span) -> Quarter:
    turns = by_speaker(turns_of(transcript))
    is_last = span.end == transcript.duration
    utterances = tuple(_within(transcript, span, is_last))
    scores = mean_scores(utterances, transcript.language)
    speakers: list[QuarterSpeaker] = []
    for speaker in transcript.speakers:
        group = turns.get(speaker, ())
        talk = covered(intersection([turn.span for turn in group], [span]))
        words = sum(len(utterance.words) for utterance in utterances if utterance.speaker == speaker)
        loudness = median_loudness(turn for turn in group if span.start <= middle(turn) < span.end)
        pace = words / talk * 60 if talk else None
        speakers.append(QuarterSpeaker(speaker, talk, words, pace, scores.get(speaker), loudness))
    return Quarter(span.start, span.end, tuple(speakers))


def _within(transcript: Transcript, span: Span, is_last: bool) -> Iterator[Utterance]:
    """The utterances with only their words in ``span``."""
    for utterance in transcript.utterances:
        words = tuple(w for w in utterance.words if span.start <= w.middle and (w.middle < span.end or is_last))
        if words:
            yield Utterance(utterance.speaker, words)
