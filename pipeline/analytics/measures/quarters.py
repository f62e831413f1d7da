"""Talk, pace, sentiment and loudness of each speaker in the four quarters of a recording. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from pipeline.analytics.measures.parts import loudness_in, pace, talk_in, utterances_in
from pipeline.analytics.measures.sentiment import mean_scores
from pipeline.core.timeline import by_speaker, turns_of
from pipeline.core.types import Span, Transcript

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
    """The four quarters of a recording, each measured as in `parts`; () where it has no length."""
    if not transcript.duration:
        return ()
    edges = [transcript.duration * number / QUARTERS for number in range(QUARTERS + 1)]
    edges[-1] = transcript.duration
    return tuple(_quarter(transcript, Span(*ends)) for ends in pairwise(edges))


def _quarter(transcript: Transcript, span: Span) -> Quarter:
    turns = by_speaker(turns_of(transcript))
    utterances = utterances_in(transcript, span)
    scores = mean_scores(utterances, transcript.language)
    speakers: list[QuarterSpeaker] = []
    for speaker in transcript.speakers:
        group = turns.get(speaker, ())
        talk = talk_in(group, span)
        words = sum(len(utterance.words) for utterance in utterances if utterance.speaker == speaker)
        figures = words, pace(words, talk), scores.get(speaker), loudness_in(group, span)
        speakers.append(QuarterSpeaker(speaker, talk, *figures))
    return Quarter(span.start, span.end, tuple(speakers))
