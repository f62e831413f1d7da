"""Alignment of the words of a phrase to a passage of recognized words, by dynamic programming.

The whole phrase is aligned to the part of the passage that fits best. A word of the phrase is paired with a recognized
word, with two that are joined ("call in" for "calling"), or with nothing; two words of the phrase may be paired with
one. Each pair gains the weight of its words times their closeness; a recognized word in between costs a part of its
weight. The similarity is the sum divided by the weight of the phrase.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

LEAST = 0.55
"""Least closeness of two words that are paired. Chosen on the part tune of the benchmark; a lower value finds more
misrecognized phrases and more false ones."""
LEAST_JOINED = 0.8
"""The same where two words are joined. Chosen by hand: joined words are often close by chance."""
INSERTION = 0.3
"""Part of its weight that a recognized word costs between the words of a phrase. Chosen by hand: two content words
more cost about as much as a badly recognized one."""
Closeness = Callable[[str, int, int], float]
"""Of wanted text and the recognized words from the first number up to the second, joined."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Words ``wanted[i]`` up to ``wanted[j]`` and recognized words from ``first`` up to ``last`` (all exclusive)."""

    i: int
    j: int
    first: int
    last: int
    closeness: float

    @property
    def range(self) -> range:
        """The numbers of the words of the phrase."""
        return range(self.i, self.j)


@dataclass(frozen=True, slots=True)
class Alignment:
    """The pairs of a phrase, in order, and its similarity; ``pairs`` is empty where nothing is close."""

    similarity: float
    pairs: tuple[Pair, ...]

    @property
    def first(self) -> int:
        """Number of the first recognized word."""
        return self.pairs[0].first

    @property
    def last(self) -> int:
        """Number behind the last recognized word."""
        return self.pairs[-1].last


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words of a phrase with their weights, and which are content words (needed for a match)."""

    words: tuple[str, ...]
    weights: tuple[float, ...]
    content: frozenset[int]
    is_exact: bool = False
    """Whether every word must be equal, and no word stand in between: a phrase without content words."""


_Cell = tuple[float, tuple[Pair, ...]]


def align(phrase: Phrase, costs: Sequence[float], closeness: Closeness) -> Alignment:
    """The best alignment of a phrase to recognized words with these ``costs`` (weights) of insertion.

    Of equally good ones the earliest, then the shortest.
    """
    count = len(costs)
    rows: list[list[_Cell]] = [[(0.0, ())] * (count + 1)]
    for i in range(1, len(phrase.words) + 1):
        row: list[_Cell] = []
        for j in range(count + 1):
            row.append(_best(phrase, costs, closeness, rows, row, i, j))
        rows.append(row)
    gain, pairs = max(rows[-1], key=lambda cell: cell[0])
    return Alignment(max(0.0, gain) / sum(phrase.weights), pairs)


def _best(
    phrase: Phrase,
    costs: Sequence[float],
    closeness: Closeness,
    rows: Sequence[Sequence[_Cell]],
    row: Sequence[_Cell],
    i: int,
    j: int,
) -> _Cell:
    """The best way to align the first ``i`` words of the phrase so that word ``j`` is the last recognized one."""
    best = rows[i - 1][j]
    if j > 0:
        gain, pairs = row[j - 1]
        if pairs and gain - INSERTION * costs[j - 1] > best[0]:
            best = (gain - INSERTION * costs[j - 1], pairs)
    for wanted, found in ((1, 1), (1, 2), (2, 1)):
        if wanted > i or found > j:
            continue
        close = _close(phrase.words[i - wanted : i], closeness, j - found, j)
        if close < (LEAST if wanted == found else LEAST_JOINED):
            continue
        gain, pairs = rows[i - wanted][j - found]
        gain += close * sum(phrase.weights[i - wanted : i])
        if gain > best[0]:
            best = (gain, (*pairs, Pair(i - wanted, i, j - found, j, close)))
    return best


def _close(wanted: Sequence[str], closeness: Closeness, first: int, last: int) -> float:
    """The closeness of the words joined; 0 where one of the two that are joined is as close alone."""
    joined = closeness("".join(wanted), first, last)
    if joined < LEAST_JOINED or len(wanted) == last - first:
        return joined
    single = [closeness(word, number, number + 1) for word in wanted for number in range(first, last)]
    return joined if joined > max(single) else 0.0
