"""Whose word it is: each word of the mixture to the speaker whose turns cover most of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.timeline import by_speaker
from pipeline.values import Turn, Word

TIE = 0.02
"""Seconds of cover within which two speakers have the same claim to a word."""
NEAR = 1.0
"""Words up to so many seconds apart are one passage: a tie goes to the speaker who is talking."""


def own(words: Sequence[Word], turns: Sequence[Turn]) -> dict[str, list[Word]]:
    """Words by speaker: to the one with most cover, in a tie to him who was talking, without cover to the nearest."""
    speakers, claims = claim(words, turns)
    owned: dict[str, list[Word]] = {}
    last, last_end = -1, -np.inf
    for word, row in zip(words, claims, strict=True):
        best = np.flatnonzero(row >= row.max() - TIE)
        talking = last in best and word.start - last_end <= NEAR
        last = last if talking else int(best[np.argmax(row[best])])
        last_end = word.end
        owned.setdefault(speakers[last], []).append(replace(word))
    return owned


def claim(words: Sequence[Word], turns: Sequence[Turn]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Speakers, and per word and speaker the seconds covered by his turns, or minus the distance to his nearest one."""
    groups = by_speaker(turns)
    starts = np.array([word.start for word in words])
    ends = np.array([word.end for word in words])
    columns = [_cover(starts, ends, own_turns) for own_turns in groups.values()]
    return tuple(groups), np.stack(columns, axis=1) if words else np.zeros((0, len(groups)))


def _cover(
    starts: NDArray[np.float64], ends: NDArray[np.float64], turns: Sequence[Turn]
) -> NDArray[np.float64]:
    """One speaker's column; his turns are sorted and disjoint, so talk time so far is a piecewise linear function."""
    edges = np.array([edge for turn in turns for edge in (turn.start, turn.end)])
    spoken = np.repeat(np.cumsum([0.0] + [turn.duration for turn in turns]), 2)[1:-1]
    cover = np.interp(ends, edges, spoken) - np.interp(starts, edges, spoken)
    after = np.searchsorted(edges, starts, side="right")
    to_next = np.where(after < len(edges), edges[np.minimum(after, len(edges) - 1)] - ends, np.inf)
    to_last = np.where(after > 0, starts - edges[np.maximum(after - 1, 0)], np.inf)
    distance = np.maximum(0.0, np.minimum(to_next, to_last))
    covered: NDArray[np.float64] = np.where(cover > 0, cover, -distance)
    return covered
