"""Errors in words: Levenshtein alignment, WER, and cpWER with the speaker assignment it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from pipeline.evaluation.metrics.normalization import Token

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
    """An alignment of least edit distance, in order."""
    pairs: list[Pair] = []
    for part in Levenshtein.opcodes([t.text for t in reference], [t.text for t in hypothesis]):
        left, right = reference[part.src_start : part.src_end], hypothesis[part.dest_start : part.dest_end]
        pairs += zip_longest(left, right)  # one side is empty, or both are equally long
    return tuple(pairs)


def distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """The least number of insertions, deletions and substitutions."""
    return Levenshtein.distance(reference, hypothesis)


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


def _by_speaker(tokens: Iterable[Token]) -> Mapping[str, list[Token]]:
    """Speakers in order of appearance, so that their names never decide between equal assignments."""
    streams: dict[str, list[Token]] = {}
    for token in tokens:
        streams.setdefault(token.speaker, []).append(token)
    return streams
