"""Parts of a call: what lies in a span of it, for quarters and for rules with a range. Times in seconds.

Words and the loudness of turns belong to the part that has their middle; talk is divided at the limits.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.analytics.measures.loudness import median_loudness
from pipeline.core.timeline import covered, intersection, middle
from pipeline.core.types import Span, Transcript, Turn, Utterance


def utterances_in(transcript: Transcript, span: Span) -> tuple[Utterance, ...]:
    """The utterances with only their words in a part; a word at the very end is in the last part."""
    is_last = span.end >= transcript.duration
    found: list[Utterance] = []
    for utterance in transcript.utterances:
        words = tuple(w for w in utterance.words if span.start <= w.middle and (w.middle < span.end or is_last))
        if words:
            found.append(Utterance(utterance.speaker, words))
    return tuple(found)


def talk_in(turns: Iterable[Turn], span: Span) -> float:
    """Seconds of one speaker's turns in a part."""
    return covered(intersection([turn.span for turn in turns], [span]))


def loudness_in(turns: Iterable[Turn], span: Span) -> float | None:
    """Median loudness of one speaker's turns in a part, in LUFS; None where none of them was measured."""
    return median_loudness(turn for turn in turns if span.start <= middle(turn) < span.end)


def pace(words: int, talk: float) -> float | None:
    """Words per minute of talk; None without talk."""
    return words / talk * 60 if talk else None
