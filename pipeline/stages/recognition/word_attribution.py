"""Attribution of the mixture's words to speakers by their turns, whole sentences together.

Turn edges and word times are both inexact by some tenths of a second, so a word at an edge says little by itself. The
most probable path is taken (Viterbi): a word scores for a speaker as far as their turns cover it, and a change of
speaker has a cost, higher inside a sentence than after its end or a pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.core.timeline import BOUNDARY, ROUNDING, by_speaker
from pipeline.core.types import Turn, Word
from pipeline.stages.recognition.plan import MAX_PAUSE

CHANGE = 0.1
"""Cost of a change of speaker after a sentence or a pause, in words wholly covered. From 0.05 to 0.3 the errors on ten
AMI clips were the same; higher values keep more words with the last speaker."""
CHANGE_INSIDE = 0.9
"""Cost of a change of speaker inside a sentence, in words wholly covered. From 0.4 to 1.5 the errors on ten AMI clips
were the same within noise; higher values keep more sentences whole."""
FAR = MAX_PAUSE
"""Distance in seconds from a speaker's turns up to which the score of a word decreases: no word of a segment is further
from all of them."""


def attribute_words(words: Sequence[Word], turns: Sequence[Turn]) -> dict[str, list[Word]]:
    """Words by speaker; every word once. Words are sorted by start, and there is at least one turn."""
    if not words:
        return {}
    speakers, scores = emission_scores(words, turns)
    lines: dict[str, list[Word]] = {}
    for word, number in zip(words, _viterbi(scores, _change_costs(words)), strict=True):
        lines.setdefault(speakers[number], []).append(word)
    return lines


def emission_scores(words: Sequence[Word], turns: Sequence[Turn]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Speakers, and the score of each word for each of them, shape (words, speakers).

    A score is the part of the word that the speaker's turns cover (0 to 1), or else minus the distance to the nearest
    of them in seconds (0 to −`FAR`).
    """
    starts = np.array([word.start for word in words])
    ends = np.array([word.end for word in words])
    groups = by_speaker(turns)
    scores = np.stack([_column(starts, ends, group) for group in groups.values()], axis=1)  # (words, speakers)
    return tuple(groups), np.round(scores, 6)  # ties stay ties wherever in the recording they are


def _column(starts: NDArray[np.float64], ends: NDArray[np.float64], turns: Sequence[Turn]) -> NDArray[np.float64]:
    """One speaker's scores, shape (words,). Their turns are sorted and disjoint, so their speech up to a time is a
    piecewise linear function of it."""
    edges = np.array([edge for turn in turns for edge in (turn.start, turn.end)])
    speech = np.repeat(np.cumsum([0.0, *(turn.duration for turn in turns)]), 2)[1:-1]  # seconds at each edge
    cover = np.interp(ends, edges, speech) - np.interp(starts, edges, speech)
    padded = np.concatenate([[-np.inf], edges, [np.inf]])
    after = np.searchsorted(edges, starts, side="right")
    distance = np.minimum(starts - padded[after], padded[after + 1] - ends)
    scores: NDArray[np.float64] = np.where(cover > 0, cover / (ends - starts), -np.clip(distance, 0.0, FAR))
    return scores


def _change_costs(words: Sequence[Word]) -> list[float]:
    """The cost of a change of speaker before each word but the first."""
    return [
        CHANGE
        if last.text.endswith((".", "?", "!", ",")) or word.start - last.end >= BOUNDARY - ROUNDING
        else CHANGE_INSIDE
        for last, word in pairwise(words)
    ]


def _viterbi(scores: NDArray[np.float64], costs: Sequence[float]) -> list[int]:
    """The speaker of each word on the path with the largest sum of scores less the costs of its changes."""
    totals, *rows = scores.tolist()
    predecessors: list[list[int]] = []
    for row, cost in zip(rows, costs, strict=True):
        best = totals.index(max(totals))
        changed = totals[best] - cost
        predecessors.append([speaker if value >= changed else best for speaker, value in enumerate(totals)])
        totals = [max(value, changed) + score for value, score in zip(totals, row, strict=True)]
    path = [totals.index(max(totals))]
    for step in reversed(predecessors):
        path.append(step[path[-1]])
    return path[::-1]
