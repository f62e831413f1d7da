"""Simple systems to compare minutes with: topics by even parts and TextTiling, moments by position, chance, length,
cue and LexRank.

Moments are numbers of utterances, the best first; boundaries are numbers of utterances that begin a topic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.minutes.cues import DECISION, spoken
from pipeline.minutes.features import cosines, is_content, vectors
from pipeline.minutes.passages import LEAST
from pipeline.minutes.talk import Talk

SEQUENCE, BLOCK = 20, 10
"""TextTiling: tokens of a sequence, and sequences of a block; the values of Hearst (1997)."""
THRESHOLD, DAMPING = 0.1, 0.85
"""LexRank: least cosine of an edge, and the damping factor; the values of Erkan and Radev (2004)."""
Moments = Callable[[Talk, Mapping[str, float], np.random.Generator], list[int]]


def even(count: int, parts: int) -> list[int]:
    """Boundaries of ``parts`` parts of equal length."""
    return [round(count * part / parts) for part in range(1, parts)]


def text_tiling(talk: Talk, rarity: Mapping[str, float], boundaries: int | None = None) -> list[int]:
    """TextTiling (Hearst, Computational Linguistics 1997), block comparison; ``boundaries``: their number, if known.

    Depth scores above their mean less half a standard deviation are boundaries, at the nearest utterance.
    """
    words = [(w, n) for n, tokens in enumerate(talk.tokens) for w in tokens if is_content(w, rarity)]
    pieces = [words[i : i + SEQUENCE] for i in range(0, len(words), SEQUENCE)]
    if len(pieces) < 3:
        return []
    names = {word: column for column, word in enumerate(sorted({word for word, _ in words}))}
    counts = np.zeros((len(pieces) + 1, len(names)))
    for row, piece in enumerate(pieces, 1):
        for word, number in Counter(word for word, _ in piece).items():
            counts[row, names[word]] = number
    sums = np.cumsum(counts, axis=0)
    gaps = np.arange(1, len(pieces))
    first, last = np.maximum(gaps - BLOCK, 0), np.minimum(gaps + BLOCK, len(pieces))
    scores = cosines(sums[gaps] - sums[first], sums[last] - sums[gaps])
    scores = np.convolve(np.pad(scores, 1, mode="edge"), np.ones(3) / 3, "valid")
    depth = _depths(scores)
    limit = depth.mean() - depth.std() / 2
    ranked = [int(i) for i in np.argsort(-depth, kind="stable") if depth[i] > 0]
    chosen = ranked[:boundaries] if boundaries is not None else [i for i in ranked if depth[i] > limit]
    return sorted({pieces[i + 1][0][1] for i in chosen} - {0})


def _depths(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The depth of each local minimum below the peaks on both sides; 0 elsewhere."""
    depth = np.zeros(len(scores))
    for index, score in enumerate(scores):
        left = right = index
        while left > 0 and scores[left - 1] >= scores[left]:
            left -= 1
        while right + 1 < len(scores) and scores[right + 1] >= scores[right]:
            right += 1
        if left < index or right > index:
            depth[index] = scores[left] + scores[right] - 2 * score
        if (index and scores[index - 1] < score) or (index + 1 < len(scores) and scores[index + 1] < score):
            depth[index] = 0.0
    return depth


def first_lines(talk: Talk, rarity: Mapping[str, float], rng: np.random.Generator) -> list[int]:
    """The utterances in order."""
    return list(range(len(talk.tokens)))


def random(talk: Talk, rarity: Mapping[str, float], rng: np.random.Generator) -> list[int]:
    """Utterances by chance, also one-word ones."""
    return [int(n) for n in rng.permutation(len(talk.tokens))]


def random_long(talk: Talk, rarity: Mapping[str, float], rng: np.random.Generator) -> list[int]:
    """Utterances by chance, of those that could be quoted."""
    return [n for n in random(talk, rarity, rng) if len(talk.tokens[n]) >= LEAST]


def longest(talk: Talk, rarity: Mapping[str, float], rng: np.random.Generator) -> list[int]:
    """The longest utterances."""
    return sorted(range(len(talk.tokens)), key=lambda n: (-len(talk.tokens[n]), n))


def by_cue(talk: Talk, rarity: Mapping[str, float], rng: np.random.Generator) -> list[int]:
    """The utterances with most cues of decisions; among equals by chance."""
    counts = [len(DECISION.findall(spoken(tokens))) for tokens in talk.tokens]
    return sorted(random(talk, rarity, rng), key=lambda n: -counts[n])


def last_part(talk: Talk, rarity: Mapping[str, float], rng: np.random.Generator) -> list[int]:
    """Quotable utterances of the last third by chance: decisions come late."""
    return [n for n in random_long(talk, rarity, rng) if n >= len(talk.tokens) * 2 / 3]


def middle(talk: Talk, rarity: Mapping[str, float], rng: np.random.Generator) -> list[int]:
    """Quotable utterances between a half and 85 % of the recording by chance: where most decisions of the parts train
    and tune are."""
    count = len(talk.tokens)
    return [n for n in random_long(talk, rarity, rng) if 0.5 * count <= n < 0.85 * count]


def lex_rank(talk: Talk, rarity: Mapping[str, float], rng: np.random.Generator) -> list[int]:
    """LexRank (Erkan and Radev, JAIR 2004): PageRank over utterances that are similar to each other."""
    matrix = vectors(talk, rarity)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True) + 1e-9
    edges = (matrix @ matrix.T >= THRESHOLD).astype(np.float64)
    transitions = edges / np.maximum(edges.sum(axis=1, keepdims=True), 1.0)
    rank = np.full(len(edges), 1 / len(edges))
    for _ in range(50):
        rank = (1 - DAMPING) / len(edges) + DAMPING * (transitions.T @ rank)
    return [int(n) for n in np.argsort(-rank, kind="stable")]


MOMENTS: Mapping[str, Moments] = {
    "first lines": first_lines,
    "random turns": random,
    "random turns of five words or more": random_long,
    "random, last third": last_part,
    "random, from 50 to 85 %": middle,
    "longest turns": longest,
    "cue words": by_cue,
    "LexRank": lex_rank,
}
"""The systems that choose moments, by name."""
CHANCE: Sequence[str] = (
    "random turns",
    "random turns of five words or more",
    "random, last third",
    "random, from 50 to 85 %",
    "cue words",
)
"""Systems that are repeated with other draws."""
