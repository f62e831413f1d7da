"""The voice of each local speaker: clips of the recording, each heard once, pooled by where he talks alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.speakers.windows import Floats, LocalSpeech

SHARPNESS = 4
"""Power of a clip's covered share in its weight: a clip all his own counts sixteen times one that is half his."""
LEAST_COVER = 0.1
"""Share of a clip below which it says nothing of a speaker."""


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """Start and end of each clip in ``spans`` (seconds, shape (clips, 2)), and its vector, NaN where it has none."""

    spans: NDArray[np.float64]
    vectors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LocalVoices:
    """Unit ``vectors``, shape (windows, locals, dimension), zero where unknown; ``seconds`` of speech behind each."""

    vectors: Floats
    seconds: Floats


def pool(local: LocalSpeech, clips: Clips) -> LocalVoices:
    """The voice of each local speaker of each window: the mean of the clips, weighted by how much of them is his."""
    known = np.isfinite(clips.vectors).all(axis=1)
    order = np.flatnonzero(known)[np.argsort(clips.spans[known, 0], kind="stable")]
    spans, vectors = clips.spans[order], clips.vectors[order]
    reach = float((spans[:, 1] - spans[:, 0]).max(initial=0))
    solo = local.solo
    windows, frames, locals_ = solo.shape
    voices = np.zeros((windows, locals_, clips.vectors.shape[1]), np.float32)
    for w, start in enumerate(local.starts * local.frame + local.onset):
        low, high = np.searchsorted(spans[:, 0], [start - reach, start + frames * local.frame])
        met = spans[low:high]
        weights = _weigh(solo[w], (met - start) / local.frame)
        voices[w] = weights.T @ vectors[low:high]
    norms = np.linalg.norm(voices, axis=2, keepdims=True)
    voices = np.divide(voices, norms, out=np.zeros_like(voices), where=norms > 0)
    seconds = solo.sum(axis=1) * np.float32(local.frame)
    return LocalVoices(voices, np.where(norms[:, :, 0] > 0, seconds, 0).astype(np.float32))


def _weigh(solo: NDArray[np.bool_], edges: NDArray[np.float64]) -> Floats:
    """Weight of each clip (``edges``: its first and last frame, shape (clips, 2)) for each local speaker."""
    frames = len(solo)
    sums = np.concatenate([np.zeros((1, solo.shape[1]), np.int64), solo.cumsum(axis=0)])
    inside = np.rint(edges).astype(int).clip(0, frames)
    lengths = np.maximum(edges[:, 1] - edges[:, 0], 1)
    mine = sums[inside[:, 1]] - sums[inside[:, 0]]
    share = (mine / lengths[:, None]).clip(0, 1)
    weights: Floats = np.where(share >= LEAST_COVER, share**SHARPNESS * lengths[:, None], 0).astype(np.float32)
    return weights
