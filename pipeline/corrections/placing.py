"""Where a correction belongs in a transcript: the words that it is about, by time and text.

In the transcript that was corrected, the words are found as they are. In a later one, of another model, words, times
and lines may differ: then the same words near by are taken, or else the words between the same times.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Levenshtein

from pipeline.core.correction import CONTEXT, Correction
from pipeline.core.text import letters
from pipeline.core.types import Utterance, Word

REACH = 2.0
"""Seconds around a correction in which its words are looked for.

Chosen by hand: recognizers differ by less about the time of a word; a larger value finds other occurrences of it."""
SHIFT = 0.4
"""Largest difference in seconds at both ends where the words themselves differ.

Chosen by hand, one or two syllables; a larger value replaces words that were not corrected."""
SAME = 0.0005
"""Half a millisecond: a difference in seconds from rounding alone."""


class Misfit(Exception):
    """A correction that cannot be applied; the message says why."""


@dataclass(frozen=True, slots=True)
class WordRun:
    """Words of one line: the line's index, the first word's index and the one after the last."""

    line: int
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class Place:
    """The words of a correction, in one line or several; whether they, or those beside a gap, are the same words."""

    runs: tuple[WordRun, ...]
    is_same_text: bool


@dataclass(frozen=True, slots=True)
class _Spot:
    """One word and its place."""

    line: int
    index: int
    word: Word
    is_last: bool


def find_words(lines: Sequence[Utterance], correction: Correction, text: str) -> Place | None:
    """The place of the words ``text`` of the correction's speaker; None where nothing near by fits."""
    spots = _near(lines, correction)
    wanted = tokens(text)
    starts = [i for i, spot in enumerate(spots) if abs(spot.word.start - correction.start) <= REACH]
    ends = [i + 1 for i, spot in enumerate(spots) if abs(spot.word.end - correction.end) <= REACH]
    best: tuple[float, int, int] | None = None
    for first, after in ((first, after) for first in starts for after in ends if first < after):
        cost = _cost(spots, first, after, correction, wanted)
        if cost is not None and (best is None or cost < best[0]):
            best = cost, first, after
    if best is None:
        return None
    chosen = spots[best[1] : best[2]]
    return Place(tuple(_runs(chosen)), _tokens_of(chosen) == wanted)


def find_at_another(lines: Sequence[Utterance], correction: Correction) -> Place | None:
    """The same words of another speaker: other turns do not make a correction of words wrong."""
    for speaker in dict.fromkeys(line.speaker for line in lines):
        place = find_words(lines, replace(correction, speaker=speaker), correction.before)
        if place and place.is_same_text:
            return place
    return None


def find_gap(lines: Sequence[Utterance], correction: Correction) -> Place | None:
    """The gap between two words of the correction's speaker in which words were inserted: an empty run."""
    spots = _near(lines, correction)
    best: tuple[float, Place] | None = None
    for i in range(len(spots) + 1):
        context, sides = _context(spots, i, i, correction)
        neighbours = spots[i - 1 : i] if correction.left and i else spots[i : i + 1] if not correction.left else []
        for spot in neighbours if sides else ():
            time = spot.word.end - correction.start if correction.left else spot.word.start - correction.end
            cost = context + abs(time) / REACH
            index = spot.index + bool(correction.left)
            if context < sides and cost <= sides and (best is None or cost < best[0]):
                best = cost, Place((WordRun(spot.line, index, index),), context == 0)
    return best[1] if best else None


def tokens(text: str) -> list[str]:
    """The words of a text as they are compared; a word without letters stays as it is."""
    return [_compared(word) for word in text.split()]


@functools.lru_cache(maxsize=50_000)
def _compared(word: str) -> str:
    return letters(word) or word


def _near(lines: Sequence[Utterance], correction: Correction) -> list[_Spot]:
    """The speaker's words near the correction in order of lines, with those of its context on both sides."""
    start, end = correction.start - REACH, correction.end + REACH
    spots: list[_Spot] = []
    for number, line in enumerate(lines):
        if line.start > end:
            break
        if line.speaker == correction.speaker and line.words[-1].end >= start:
            last = len(line.words) - 1
            spots += (_Spot(number, index, word, index == last) for index, word in enumerate(line.words))
    near = [i for i, spot in enumerate(spots) if start <= spot.word.middle <= end]
    return spots[max(0, near[0] - CONTEXT) : near[-1] + 1 + CONTEXT] if near else []


def _cost(spots: Sequence[_Spot], first: int, after: int, correction: Correction, wanted: list[str]) -> float | None:
    """How badly the words fit, 0 for those that were corrected; None where they cannot be them."""
    chosen = spots[first:after]
    starts = abs(chosen[0].word.start - correction.start)
    ends = abs(max(spot.word.end for spot in chosen) - correction.end)
    difference = _difference(_tokens_of(chosen), wanted)
    is_near = max(starts, ends) <= SHIFT
    if difference and (not is_near or any(spot.word.origin == "corrected" for spot in chosen)):
        return None
    context, sides = _context(spots, first, after, correction)
    fits = context < sides / 2 if sides else chosen[0].index == 0 and chosen[-1].is_last
    if not is_near and not fits:
        return None
    return 4 * difference + context + (starts + ends) / REACH


def _context(spots: Sequence[_Spot], first: int, after: int, correction: Correction) -> tuple[float, int]:
    """How much the words beside a range differ from the correction's context, and the number of sides compared."""
    left, right = tokens(correction.left), tokens(correction.right)
    beside = [
        (left, _tokens_of(spots[max(0, first - CONTEXT) : first])[-len(left) :]),
        (right, _tokens_of(spots[after : after + CONTEXT])[: len(right)]),
    ]
    differences = [_difference(found, wanted) for wanted, found in beside if wanted]
    return sum(differences), len(differences)


def _difference(one: list[str], other: list[str]) -> float:
    """The share of words that differ, 0 to 1."""
    return float(Levenshtein.normalized_distance(one, other))


def _tokens_of(spots: Sequence[_Spot]) -> list[str]:
    """The words of the spots as they are compared; words without a space between them are one."""
    text = "".join(f"{'' if spot.word.no_space else ' '}{spot.word.text}" for spot in spots)
    return tokens(text)


def _runs(spots: Sequence[_Spot]) -> Iterator[WordRun]:
    """The spots as runs of words of one line."""
    start = 0
    for i in range(1, len(spots) + 1):
        if i == len(spots) or spots[i].line != spots[start].line or spots[i].index != spots[i - 1].index + 1:
            yield WordRun(spots[start].line, spots[start].index, spots[i - 1].index + 1)
            start = i
