"""The voice of each local speaker: clips of the recording, each heard once, pooled by where he talks alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.speakers.windows import Floats, LocalSpeech

SHARPNESS = 4
"""Power of a clip's share of speech in its weight: a clip all his own counts sixteen times one that is half his."""
OVERLAPPED = 0.03
"""What a clip in which he talks over others counts beside one where he talks alone: little, but better than nothing."""
OVERLAP_WEIGHT = 0.3
"""What a second in an overlap weighs against a second alone when a local speaker is named."""
LEAST_SPEECH = 0.2
"""Share of speech, anybody's, that a clip needs to be heard at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """Start and end of each clip in ``spans`` (seconds, shape (clips, 2)), and its vector, NaN where it has none."""

    spans: NDArray[np.float64]
    vectors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LocalVoices:
    """Unit ``vectors``, shape (windows, locals, dimension), zero where unknown, and how much is behind each.

    ``seconds`` counts the speech alone, ``weight`` also that in overlaps, by as much as it can be believed.
    """

    vectors: Floats
    seconds: Floats
    weight: Floats


def lay_clips(local: LocalSpeech, duration: float, length: float, hop: float) -> NDArray[np.float64]:
    """Start and end in seconds of the clips to listen to, shape (clips, 2): a grid, but for where nobody talks."""
    frames = local.scores.shape[1]
    speech = np.zeros(local.length, np.bool_)
    for start, spoken in zip(local.starts, local.spoken, strict=True):
        speech[start : start + frames] |= spoken.any(axis=1)
    sums = np.concatenate([[0], speech.cumsum()])
    starts = np.arange(max(1, int(np.ceil((duration - length / 2) / hop)))) * hop
    edges = np.rint((np.stack([starts, starts + length]) - local.onset) / local.frame).astype(int).clip(0, len(speech))
    kept = starts[(sums[edges[1]] - sums[edges[0]]) * local.frame >= LEAST_SPEECH * min(length, duration)]
    return np.stack([kept, np.minimum(kept + length, duration)], axis=1)


def pool(local: LocalSpeech, clips: Clips) -> LocalVoices:
    """The voice of each local speaker of each window: the mean of the clips, weighted by how much of them is his."""
    known = np.isfinite(clips.vectors).all(axis=1)
    order = np.flatnonzero(known)[np.argsort(clips.spans[known, 0], kind="stable")]
    spans, vectors = clips.spans[order], clips.vectors[order]
    reach = float((spans[:, 1] - spans[:, 0]).max(initial=0))
    solo, spoken = local.solo, local.spoken
    windows, frames, locals_ = solo.shape
    voices = np.zeros((windows, locals_, clips.vectors.shape[1]), np.float32)
    for w, start in enumerate(local.starts * local.frame + local.onset):
        low, high = np.searchsorted(spans[:, 0], [start - reach, start + frames * local.frame])
        edges = (spans[low:high] - start) / local.frame
        weights = _share(solo[w], edges) ** SHARPNESS + OVERLAPPED * _share(spoken[w], edges) ** SHARPNESS
        voices[w] = weights.T @ vectors[low:high]
    norms = np.linalg.norm(voices, axis=2, keepdims=True)
    voices = np.divide(voices, norms, out=np.zeros_like(voices), where=norms > 0)
    alone, talking = (x.sum(axis=1) * np.float32(local.frame) * (norms[:, :, 0] > 0) for x in (solo, spoken))
    return LocalVoices(voices, alone, alone + np.float32(OVERLAP_WEIGHT) * (talking - alone))


def _share(talking: NDArray[np.bool_], edges: NDArray[np.float64]) -> Floats:
    """The share of each clip (``edges``: its first and last frame, shape (clips, 2)) in which each local talks."""
    sums = np.concatenate([np.zeros((1, talking.shape[1]), np.int64), talking.cumsum(axis=0)])
    inside = np.rint(edges).astype(int).clip(0, len(talking))
    lengths = np.maximum(edges[:, 1] - edges[:, 0], 1)
    share: Floats = ((sums[inside[:, 1]] - sums[inside[:, 0]]) / lengths[:, None]).clip(0, 1).astype(np.float32)
    return share
