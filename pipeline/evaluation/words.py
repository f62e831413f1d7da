"""Errors in words: Levenshtein alignment, WER, and cpWER with the speaker assignment it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from pipeline.evaluation.normalisation import Token

Pair = tuple[Token | None, Token | None]
"""A reference token and the hypothesis token in its place; None where one side has none."""


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Counts of an alignment; they add up over sessions, percentages do not."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def words(self) -> int:
        """Words of the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def error_rate(self) -> float | None:
        """Errors per word of the reference; None when it has no words."""
        return self.errors / self.words if self.words else None

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


@dataclass(frozen=True, slots=True)
class SpeakerAlignment:
    """Every token of both sides, paired within the speakers that ``assignment`` (reference, hypothesis) pairs."""

    assignment: tuple[tuple[str | None, str | None], ...]
    pairs: tuple[Pair, ...]


def count(pairs: Iterable[Pair]) -> WordErrors:
    """What an alignment gets right and wrong."""
    hits = substitutions = deletions = insertions = 0
    for reference, hypothesis in pairs:
        if hypothesis is None:
            deletions += 1
        elif reference is None:
            insertions += 1
        elif reference.text == hypothesis.text:
            hits += 1
        else:
            substitutions += 1
    return WordErrors(hits, substitutions, deletions, insertions)


def align(reference: Sequence[Token], hypothesis: Sequence[Token]) -> tuple[Pair, ...]:
    """An alignment of least edit distance, in order.

    Myers' bit-parallel algorithm (J. ACM 46, 1999, in Hyyrö's form): a column of the distance table is two integers,
    ``up`` and ``down``, whose bit i tells whether the distance grows or falls from row i to row i + 1.
    """
    columns = _columns([t.text for t in reference], [t.text for t in hypothesis])
    pairs: list[Pair] = []
    i, j = len(reference), len(hypothesis)
    while i and j:
        if columns[j][0] >> (i - 1) & 1:
            i -= 1
            pairs.append((reference[i], None))
        elif columns[j - 1][1] >> (i - 1) & 1:
            j -= 1
            pairs.append((None, hypothesis[j]))
        else:
            i, j = i - 1, j - 1
            pairs.append((reference[i], hypothesis[j]))
    pairs += [(reference[k], None) for k in reversed(range(i))]
    pairs += [(None, hypothesis[k]) for k in reversed(range(j))]
    return tuple(reversed(pairs))


def distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """The least number of insertions, deletions and substitutions."""
    up, down = _columns(reference, hypothesis)[-1]
    return len(hypothesis) + up.bit_count() - down.bit_count()


def align_speakers(reference: Sequence[Token], hypothesis: Sequence[Token]) -> SpeakerAlignment:
    """The alignment behind cpWER (Watanabe et al., CHiME-6, 2020): speakers paired one to one for the fewest errors.

    A speaker's tokens keep the order in which they are given; one without a partner counts as deletions or insertions.
    """
    theirs, ours = _by_speaker(reference), _by_speaker(hypothesis)
    names: list[str | None] = [*theirs, *[None] * len(ours)]
    labels: list[str | None] = [*ours, *[None] * len(theirs)]
    left = [theirs.get(name, []) if name is not None else [] for name in names]
    right = [ours.get(label, []) if label is not None else [] for label in labels]
    texts = [[t.text for t in tokens] for tokens in right]
    costs = np.array([[distance([t.text for t in tokens], other) for other in texts] for tokens in left])
    if not costs.size:
        return SpeakerAlignment((), ())
    paired = [(int(i), int(j)) for i, j in zip(*linear_sum_assignment(costs), strict=True)]
    return SpeakerAlignment(
        tuple((names[i], labels[j]) for i, j in paired if names[i] is not None or labels[j] is not None),
        tuple(pair for i, j in paired for pair in align(left[i], right[j])),
    )


def _columns(reference: Sequence[str], hypothesis: Sequence[str]) -> list[tuple[int, int]]:
    """``(up, down)`` after 0, 1, 2, ... words of the hypothesis."""
    places: dict[str, int] = {}
    for row, word in enumerate(reference):
        places[word] = places.get(word, 0) | 1 << row
    full = (1 << len(reference)) - 1
    up, down = full, 0
    columns = [(up, down)]
    for word in hypothesis:
        same = places.get(word, 0)
        diagonal = ((((same & up) + up) ^ up) | same | down) & full
        right_up = down | (full & ~(diagonal | up))
        right_down = diagonal & up
        right_up = (right_up << 1 | 1) & full
        right_down = right_down << 1 & full
        up = right_down | (full & ~(diagonal | right_up))
        down = right_up & diagonal
        columns.append((up, down))
    return columns


def _by_speaker(tokens: Iterable[Token]) -> Mapping[str, list[Token]]:
    """Speakers in order of appearance, so that their names never decide between equal assignments."""
    streams: dict[str, list[Token]] = {}
    for token in tokens:
        streams.setdefault(token.speaker, []).append(token)
    return streams
