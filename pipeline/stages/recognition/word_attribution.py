"""Whose word it is: the words of the mixture shared out to the speakers by their turns, whole sentences together.

Turn edges and word times are both inexact by some tenths of a second, so a word at an edge says little by itself. The
most probable path is taken (Viterbi): a word counts for a speaker as far as his turns cover it, and a change of speaker
costs something, more inside a sentence than after its end or a pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.core.timeline import ROUNDING, by_speaker
from pipeline.core.types import Turn, Word

CHANGE = 0.1
"""Cost of a change of speaker after a sentence or a pause, in words wholly covered."""
BREAK = 0.9
"""Cost of a change of speaker inside a sentence: less than a word wholly in another's turn."""
PAUSE = 0.3
"""Seconds between words that make a change of speaker likely."""
FAR = 1.0
"""A word counts against a speaker by the distance to his turns, up to so many seconds."""


def attribute_words(words: Sequence[Word], turns: Sequence[Turn]) -> dict[str, list[Word]]:
    """Words by speaker; every word once. Words are sorted by start, and there is at least one turn."""
    if not words:
        return {}
    speakers, claims = emission_scores(words, turns)
    owned: dict[str, list[Word]] = {}
    for word, speaker in zip(words, _viterbi(claims, _change_costs(words)), strict=True):
        owned.setdefault(speakers[speaker], []).append(word)
    return owned


def emission_scores(words: Sequence[Word], turns: Sequence[Turn]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Speakers, and each one's claim to each word, shape (words, speakers): the part of the word that his turns cover
    (0 to 1), or minus the distance to the nearest of them (0 to −`FAR`)."""
    starts = np.array([word.start for word in words])
    ends = np.array([word.end for word in words])
    groups = by_speaker(turns)
    claims = np.stack([_column(starts, ends, own_turns) for own_turns in groups.values()], axis=1)
    return tuple(groups), np.round(claims, 6)  # what ties must tie wherever on the clock it was said


def _column(starts: NDArray[np.float64], ends: NDArray[np.float64], turns: Sequence[Turn]) -> NDArray[np.float64]:
    """One speaker's claims; his turns are sorted and disjoint, so his talk so far is a piecewise linear function."""
    edges = np.array([edge for turn in turns for edge in (turn.start, turn.end)])
    talk = np.repeat(np.cumsum([0.0, *(turn.duration for turn in turns)]), 2)[1:-1]
    cover = np.interp(ends, edges, talk) - np.interp(starts, edges, talk)
    padded = np.concatenate([[-np.inf], edges, [np.inf]])
    after = np.searchsorted(edges, starts, side="right")
    distance = np.minimum(starts - padded[after], padded[after + 1] - ends)
    claims: NDArray[np.float64] = np.where(cover > 0, cover / (ends - starts), -np.clip(distance, 0.0, FAR))
    return claims


def _change_costs(words: Sequence[Word]) -> list[float]:
    """What a change of speaker before each word but the first costs."""
    return [
        CHANGE if last.text.endswith((".", "?", "!", ",")) or word.start - last.end >= PAUSE - ROUNDING else BREAK
        for last, word in pairwise(words)
    ]


def _viterbi(claims: NDArray[np.float64], costs: Sequence[float]) -> list[int]:
    """The speaker of each word on the path with the largest sum of claims less the costs of its changes."""
    score, *rows = claims.tolist()
    came_from: list[list[int]] = []
    for row, cost in zip(rows, costs, strict=True):
        best = score.index(max(score))
        changed = score[best] - cost
        came_from.append([speaker if value >= changed else best for speaker, value in enumerate(score)])
        score = [max(value, changed) + more for value, more in zip(score, row, strict=True)]
    path = [score.index(max(score))]
    for step in reversed(came_from):
        path.append(step[path[-1]])
    return path[::-1]
