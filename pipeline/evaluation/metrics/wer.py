"""Word errors: Levenshtein alignment, WER, and cpWER with its speaker assignment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from pipeline.evaluation.metrics.normalization import Token

Pair = tuple[Token | None, Token | None]
"""A reference token and the aligned hypothesis token; None for an insertion or a deletion."""


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Error counts of an alignment. Counts of sessions can be added."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def words(self) -> int:
        """Number of reference words."""
        return self.hits + self.substitutions + self.deletions

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def error_rate(self) -> float | None:
        """Errors per reference word; None without reference words."""
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
    """All tokens of both sides, aligned within the speaker pairs (reference, hypothesis) of ``assignment``."""

    assignment: tuple[tuple[str | None, str | None], ...]
    pairs: tuple[Pair, ...]


def count(pairs: Iterable[Pair]) -> WordErrors:
    """Error counts of an alignment."""
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
    """An alignment with minimum edit distance, in order."""
    pairs: list[Pair] = []
    for edit in Levenshtein.opcodes([t.text for t in reference], [t.text for t in hypothesis]):
        left, right = reference[edit.src_start : edit.src_end], hypothesis[edit.dest_start : edit.dest_end]
        pairs += zip_longest(left, right)  # one side is empty, or both have the same length
    return tuple(pairs)


def distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Levenshtein distance: the minimum number of insertions, deletions and substitutions."""
    return Levenshtein.distance(reference, hypothesis)


def align_speakers(reference: Sequence[Token], hypothesis: Sequence[Token]) -> SpeakerAlignment:
    """The alignment of cpWER (Watanabe et al., CHiME-6, 2020): speakers paired one to one with the fewest errors.

    Tokens of a speaker keep their given order. A speaker without a partner counts as deletions or insertions.
    """
    reference_streams, hypothesis_streams = _by_speaker(reference), _by_speaker(hypothesis)
    names: list[str | None] = [*reference_streams, *[None] * len(hypothesis_streams)]
    labels: list[str | None] = [*hypothesis_streams, *[None] * len(reference_streams)]
    left = [reference_streams.get(name, []) if name is not None else [] for name in names]
    right = [hypothesis_streams.get(label, []) if label is not None else [] for label in labels]
    texts = [[t.text for t in tokens] for tokens in right]
    costs = np.array([[distance([t.text for t in tokens], other) for other in texts] for tokens in left])
    if not costs.size:
        return SpeakerAlignment((), ())
    matches = [(int(i), int(j)) for i, j in zip(*linear_sum_assignment(costs), strict=True)]
    return SpeakerAlignment(
        tuple((names[i], labels[j]) for i, j in matches if names[i] is not None or labels[j] is not None),
        tuple(pair for i, j in matches for pair in align(left[i], right[j])),
    )


def _by_speaker(tokens: Iterable[Token]) -> Mapping[str, list[Token]]:
    """Tokens by speaker, in order of appearance, so that names do not decide between equal assignments."""
    streams: dict[str, list[Token]] = {}
    for token in tokens:
        streams.setdefault(token.speaker, []).append(token)
    return streams
