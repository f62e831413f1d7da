"""Two hearings of one passage spliced by word times: the mixture outside overlaps, separated streams inside.

The same word's times differ by some hundredths of a second between hearings. At a seam it may therefore seem to lie in
neither hearing's part, or in both: there, texts are compared too, so that it is written once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from pipeline.core.text import letters
from pipeline.core.timeline import ROUNDING, IntervalIndex, MidpointIndex
from pipeline.core.types import Span, Word

SEAM = 0.3
"""Seconds around the edge of a span within which a word may be on either side."""

Lines = Mapping[str, Sequence[Word]]


def merge_hypotheses(mixture: Lines, streams: Lines, asides: Mapping[str, Sequence[Span]]) -> dict[str, list[Word]]:
    """Each speaker's words sorted by start: the mixture's outside his ``asides``, his stream's inside.

    Spans, here and below, are in order of time and do not overlap.
    """
    spoken: dict[str, list[Word]] = {}
    for speaker in sorted({*mixture, *streams}):
        apart = asides.get(speaker, ())
        kept = [word for word in mixture.get(speaker, ()) if not is_inside(word, apart)]
        inside = [word for word in streams.get(speaker, ()) if is_inside(word, apart)]
        heard, others = MidpointIndex(streams.get(speaker, ())), MidpointIndex(kept)
        spoken[speaker] = kept + [word for word in inside if not (_at_seam(word, apart) and _said(word, heard, others))]
    everything = MidpointIndex(word for words in spoken.values() for word in words)
    passages = MidpointIndex(word for words in mixture.values() for word in words)
    for speaker, words in mixture.items():
        apart = asides.get(speaker, ())
        around = IntervalIndex(word for word in spoken[speaker] if is_inside(word, apart))
        cut = (word for word in words if is_inside(word, apart) and _at_seam(word, apart))
        spoken[speaker] += [_beside(word, around, apart) for word in cut if not _said(word, passages, everything)]
    return {speaker: sorted(words, key=lambda word: (word.start, word.end)) for speaker, words in spoken.items()}


def is_inside(word: Word, spans: Sequence[Span]) -> bool:
    """Whether the word's middle lies in one of the spans."""
    time = _middle(word)
    return any(span.start <= time < span.end for span in _near(word, spans))


def _at_seam(word: Word, spans: Sequence[Span]) -> bool:
    return any(abs(word.middle - edge) <= SEAM for span in _near(word, spans) for edge in (span.start, span.end))


def _middle(word: Word) -> float:
    """The word's middle, on the same side of an edge that it meets however its times were rounded."""
    return word.middle + ROUNDING


def _near(word: Word, spans: Sequence[Span]) -> Sequence[Span]:
    """The last span that begins before the word's middle, and the next."""
    after = bisect_right(spans, _middle(word), key=attrgetter("start"))
    return spans[max(0, after - 1) : after + 1]


def _beside(word: Word, inside: IntervalIndex[Word], spans: Sequence[Span]) -> Word:
    """The word shortened so that it lies between the words inside its span and the nearer edge."""
    span = _near(word, spans)[0]
    others = list(inside.meeting(word.start, word.end))
    if word.middle - span.start < span.end - word.middle:
        start, end = word.start, min((other.start for other in others), default=word.end)
    else:
        start, end = max((other.end for other in others), default=word.start), word.end
    return replace(word, start=start, end=end) if start < end else word


def _said(word: Word, heard: MidpointIndex[Word], others: MidpointIndex[Word]) -> bool:
    """Whether one of the others is this word transcribed once more: the same text at about the same time, and of all
    words ``heard`` along with it, none is nearer ("no, no, no" is three words)."""
    return any(_nearest(other, heard) is word for other in _alike(word, others))


def _nearest(word: Word, heard: MidpointIndex[Word]) -> Word:
    return min(_alike(word, heard), key=lambda one: abs(one.middle - word.middle))


def _alike(word: Word, words: MidpointIndex[Word]) -> list[Word]:
    """The words with the same text at about the same time."""
    near = words.between(word.middle - SEAM - ROUNDING, word.middle + SEAM + ROUNDING)
    return [one for one in near if abs(one.middle - word.middle) <= SEAM and letters(one.text) == letters(word.text)]
