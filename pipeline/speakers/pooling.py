"""The voice of each local speaker: vectors taken once on a grid of clips, pooled by where he talks alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.speakers.windows import Bools, Floats, LocalSpeech

SHARPNESS = 4
"""Power of a clip's covered share in its weight: a clip all his own counts sixteen times one that is half his."""
LEAST_COVER = 0.1
"""Share of a clip below which it says nothing of a speaker."""


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """The grid: clip i starts at ``i * hop`` seconds and lasts ``length``; one vector each, NaN where there is none."""

    vectors: Floats
    hop: float
    length: float


@dataclass(frozen=True, slots=True, eq=False)
class LocalVoices:
    """Unit ``vectors``, shape (windows, locals, dimension), zero where unknown; ``seconds`` of speech behind each."""

    vectors: Floats
    seconds: Floats


def cover(local: LocalSpeech, hop: float, length: float, count: int) -> list[tuple[int, Floats]]:
    """For each window the first of the grid's clips that it meets, and the share of those that each local has alone.

    The shares have the shape (clips met, locals); ``count`` is the number of clips in the grid.
    """
    solo = local.solo
    frames = solo.shape[1]
    sums = np.concatenate([np.zeros((len(solo), 1, solo.shape[2]), np.int32), solo.cumsum(axis=1, dtype=np.int32)], 1)
    shares = []
    for w, start in enumerate(local.starts * local.frame + local.onset):
        first = max(0, int(np.floor((start - length) / hop)) + 1)
        last = min(count, int(np.ceil((start + frames * local.frame) / hop)))
        begins = np.arange(first, last) * hop - start
        edges = np.rint(np.stack([begins, begins + length]) / local.frame).astype(int).clip(0, frames)
        alone = (sums[w, edges[1]] - sums[w, edges[0]]) * (local.frame / length)
        shares.append((first, alone.astype(np.float32)))
    return shares


def wanted(local: LocalSpeech, hop: float, length: float, count: int) -> Bools:
    """Which clips of the grid hold enough of one person's speech to be worth a vector."""
    worth = np.zeros(count, np.bool_)
    for first, shares in cover(local, hop, length, count):
        worth[first : first + len(shares)] |= (shares >= LEAST_COVER).any(axis=1)
    return worth


def pool(local: LocalSpeech, clips: Clips) -> LocalVoices:
    """The voice of each local speaker of each window: the mean of the clips, weighted by how much of them is his."""
    vectors = np.nan_to_num(clips.vectors)
    windows, _, locals_ = local.scores.shape
    voices = np.zeros((windows, locals_, vectors.shape[1]), np.float32)
    for w, (first, shares) in enumerate(cover(local, clips.hop, clips.length, len(vectors))):
        weights = np.where(shares >= LEAST_COVER, shares**SHARPNESS, 0)
        voices[w] = weights.T @ vectors[first : first + len(shares)]
    norms = np.linalg.norm(voices, axis=2, keepdims=True)
    voices = np.divide(voices, norms, out=np.zeros_like(voices), where=norms > 0)
    seconds = local.solo.sum(axis=1) * np.float32(local.frame)
    return LocalVoices(voices, np.where(norms[:, :, 0] > 0, seconds, 0).astype(np.float32))
