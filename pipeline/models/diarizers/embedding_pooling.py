"""The voice of each local speaker: clips of the recording, each heard once, pooled by where he talks alone.

An embedder with a trunk hears the recording in pieces instead, each once, and voices are pooled from its frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.models.diarizers.local_segmentation import Floats, LocalSegmentation

SHARPNESS = 4
"""Power of a clip's share of speech in its weight: a clip all his own counts sixteen times one that is half his."""
OVERLAPPED = 0.1
"""What a clip in which he talks over others counts beside one where he talks alone: little, but better than nothing."""
OVERLAP_WEIGHT = 0.3
"""What a second in an overlap weighs against a second alone when a local speaker is named."""
LEAST_SPEECH = 0.2
"""Share of speech, anybody's, that a clip needs to be heard at all."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipEmbeddings:
    """Start and end of each clip in ``spans`` (seconds, shape (clips, 2)), and its vector, NaN where it has none."""

    spans: NDArray[np.float64]
    vectors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class FrameFeatures:
    """What a trunk heard from ``start`` to ``end`` seconds: frames evenly spread over them, shape (frames, width)."""

    start: float
    end: float
    frames: Floats

    @property
    def spans(self) -> NDArray[np.float64]:
        """Start and end of each frame in seconds, shape (frames, 2)."""
        edges = np.linspace(self.start, self.end, len(self.frames) + 1)
        return np.stack([edges[:-1], edges[1:]], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class LocalEmbeddings:
    """Unit ``vectors``, shape (windows, locals, dimension), zero where unknown, and how much is behind each.

    ``seconds`` counts the speech alone, ``weight`` also that in overlaps, by as much as it can be believed.
    """

    vectors: Floats
    seconds: Floats
    weight: Floats


def clip_grid(local: LocalSegmentation, duration: float, length: float, hop: float) -> NDArray[np.float64]:
    """Start and end in seconds of the clips to listen to, shape (clips, 2): a grid, but for where nobody talks."""
    starts = np.arange(max(1, int(np.ceil((duration - length / 2) / hop)))) * hop
    spoken = _speech(local, np.stack([starts, starts + length], axis=1))
    kept = starts[spoken >= LEAST_SPEECH * min(length, duration)]
    return np.stack([kept, np.minimum(kept + length, duration)], axis=1)


def piece_grid(local: LocalSegmentation, duration: float, length: float) -> NDArray[np.float64]:
    """Start and end in seconds of one piece after the other, but for those where nobody talks; shape (pieces, 2)."""
    edges = np.arange(max(1, int(duration / length)) + 1) * length
    edges[-1] = duration
    pieces = np.stack([edges[:-1], edges[1:]], axis=1)
    spoken = _speech(local, pieces) > 0
    spoken[-1] |= not spoken.any()
    return np.asarray(pieces[spoken])


def _speech(local: LocalSegmentation, spans: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds of anybody's speech in each of the spans."""
    speech = np.zeros(local.length, np.bool_)
    for start, spoken in zip(local.starts, local.spoken, strict=True):
        speech[start : start + len(spoken)] |= spoken.any(axis=1)
    sums = np.concatenate([[0], speech.cumsum()])
    edges = np.rint((spans - local.onset) / local.frame).astype(int).clip(0, len(speech))
    return np.asarray((sums[edges[:, 1]] - sums[edges[:, 0]]) * local.frame)


def pool_clips(local: LocalSegmentation, clips: ClipEmbeddings) -> LocalEmbeddings:
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
    return _as_voices(local, voices)


def pool_frames(
    local: LocalSegmentation, pieces: Iterable[FrameFeatures], make_voices: Callable[[Floats, Floats], Floats]
) -> LocalEmbeddings:
    """The same from a trunk's frames, in order of time: ``make_voices(frames, weights)`` as `FrameEmbedder.voices`."""
    solo, spoken = local.solo, local.spoken
    ahead = iter(pieces)
    near: list[FrameFeatures] = []
    voices: list[Floats] = []
    for w, start in enumerate(local.starts * local.frame + local.onset):
        end = start + solo.shape[1] * local.frame
        while (not near or near[-1].end < end) and (piece := next(ahead, None)):
            near.append(piece)
        near = [piece for piece in near if piece.end > start] or near[-1:]
        edges = (np.concatenate([piece.spans for piece in near]) - start) / local.frame
        shares = _share(solo[w], edges), _share(spoken[w], edges)
        weights = shares[0] + OVERLAPPED * (shares[1] - shares[0])
        some = weights.any(axis=1)
        voices.append(make_voices(np.concatenate([piece.frames for piece in near])[some], weights[some].T))
    return _as_voices(local, np.nan_to_num(np.stack(voices)))


def _as_voices(local: LocalSegmentation, voices: Floats) -> LocalEmbeddings:
    """Vectors of any length, shape (windows, locals, dimension), with how much speech is behind each."""
    norms = np.linalg.norm(voices, axis=2, keepdims=True)
    voices = np.divide(voices, norms, out=np.zeros_like(voices), where=norms > 0)
    known = norms[:, :, 0] > 0
    alone, talking = (x.sum(axis=1) * np.float32(local.frame) * known for x in (local.solo, local.spoken))
    return LocalEmbeddings(voices, alone, alone + np.float32(OVERLAP_WEIGHT) * (talking - alone))


def _share(talking: NDArray[np.bool_], edges: NDArray[np.float64]) -> Floats:
    """The share of each clip (``edges``: its first and last frame, shape (clips, 2)) in which each local talks."""
    sums = np.concatenate([np.zeros((1, talking.shape[1]), np.int64), talking.cumsum(axis=0)])
    inside = np.rint(edges).astype(int).clip(0, len(talking))
    lengths = np.maximum(edges[:, 1] - edges[:, 0], 1)
    share: Floats = ((sums[inside[:, 1]] - sums[inside[:, 0]]) / lengths[:, None]).clip(0, 1).astype(np.float32)
    return share
