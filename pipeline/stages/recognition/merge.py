"""Merge of two hypotheses of one segment: the mixture's words outside background spans, the streams' words inside.

The same word's times differ by some hundredths of a second between hypotheses. At the edge of a span it may therefore
lie in neither hypothesis's part, or in both: there, texts are compared as well, so that it is written once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from pipeline.core.text import letters
from pipeline.core.timeline import BOUNDARY, ROUNDING, IntervalIndex, MidpointIndex
from pipeline.core.types import Span, Word

Lines = Mapping[str, Sequence[Word]]
"""Words by speaker."""


def merge_hypotheses(mixture: Lines, streams: Lines, background: Mapping[str, Sequence[Span]]) -> dict[str, list[Word]]:
    """Each speaker's words sorted by start: the mixture's outside their ``background`` spans, their stream's inside.

    Spans, here and below, are in order of time and do not overlap.
    """
    merged: dict[str, list[Word]] = {}
    for speaker in sorted({*mixture, *streams}):
        spans = background.get(speaker, ())
        outside = [word for word in mixture.get(speaker, ()) if not is_inside(word, spans)]
        inside = [word for word in streams.get(speaker, ()) if is_inside(word, spans)]
        hypothesis, others = MidpointIndex(streams.get(speaker, ())), MidpointIndex(outside)
        merged[speaker] = outside + [
            word for word in inside if not (_is_at_edge(word, spans) and _is_repeated(word, hypothesis, others))
        ]
    everything = MidpointIndex(word for words in merged.values() for word in words)
    hypothesis = MidpointIndex(word for words in mixture.values() for word in words)
    for speaker, words in mixture.items():
        spans = background.get(speaker, ())
        inside_words = IntervalIndex(word for word in merged[speaker] if is_inside(word, spans))
        at_edges = (word for word in words if is_inside(word, spans) and _is_at_edge(word, spans))
        merged[speaker] += [
            _shortened(word, inside_words, spans) for word in at_edges if not _is_repeated(word, hypothesis, everything)
        ]
    return {speaker: sorted(words, key=lambda word: (word.start, word.end)) for speaker, words in merged.items()}


def is_inside(word: Word, spans: Sequence[Span]) -> bool:
    """Whether the word's middle lies in one of the spans."""
    time = _middle(word)
    return any(span.start <= time < span.end for span in _near(word, spans))


def _is_at_edge(word: Word, spans: Sequence[Span]) -> bool:
    return any(abs(word.middle - edge) <= BOUNDARY for span in _near(word, spans) for edge in (span.start, span.end))


def _middle(word: Word) -> float:
    """The word's middle, on the same side of an edge that it meets however its times were rounded."""
    return word.middle + ROUNDING


def _near(word: Word, spans: Sequence[Span]) -> Sequence[Span]:
    """The last span that begins before the word's middle, and the next."""
    after = bisect_right(spans, _middle(word), key=attrgetter("start"))
    return spans[max(0, after - 1) : after + 1]


def _shortened(word: Word, inside: IntervalIndex[Word], spans: Sequence[Span]) -> Word:
    """The word, shortened to fit between the words inside its span and the nearer edge."""
    span = _near(word, spans)[0]
    others = list(inside.meeting(word.start, word.end))
    if word.middle - span.start < span.end - word.middle:
        start, end = word.start, min((other.start for other in others), default=word.end)
    else:
        start, end = max((other.end for other in others), default=word.start), word.end
    return replace(word, start=start, end=end) if start < end else word


def _is_repeated(word: Word, hypothesis: MidpointIndex[Word], others: MidpointIndex[Word]) -> bool:
    """Whether one of the others is this word transcribed again: the same text at about the same time, and no word of
    this word's own ``hypothesis`` is nearer to it ("no, no, no" is three words)."""
    return any(_nearest(other, hypothesis) is word for other in _equal(word, others))


def _nearest(word: Word, hypothesis: MidpointIndex[Word]) -> Word:
    return min(_equal(word, hypothesis), key=lambda other: abs(other.middle - word.middle))


def _equal(word: Word, words: MidpointIndex[Word]) -> list[Word]:
    """The words with the same text at about the same time."""
    near = words.between(word.middle - BOUNDARY - ROUNDING, word.middle + BOUNDARY + ROUNDING)
    return [
        other
        for other in near
        if abs(other.middle - word.middle) <= BOUNDARY and letters(other.text) == letters(word.text)
    ]
