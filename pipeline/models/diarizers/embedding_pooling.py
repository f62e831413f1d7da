"""An embedding for each local speaker, pooled from embeddings or frame features that are computed once.

Embeddings of clips on a regular grid are averaged, weighted by the single-speaker speech of the local speaker in each
clip. With a `FrameEmbedder`, the frame features of consecutive blocks are pooled instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.models.diarizers.local_segmentation import Floats, LocalSegmentation

SHARPNESS = 4
"""Exponent of a clip's share of the speaker's speech in its weight. With 4, a clip with the speaker alone counts
sixteen times one in which they speak for half the time. Chosen by hand; a higher value uses purer, but fewer clips."""
OVERLAPPED = 0.1
"""Weight of a clip with the speaker in an overlap, relative to one with the speaker alone. Chosen by hand; at 0, local
speakers without single-speaker speech have no embedding."""
OVERLAP_WEIGHT = 0.3
"""Weight of a second in an overlap, relative to a second of single-speaker speech, when a local speaker is assigned.
Chosen by hand; a higher value lets overlaps decide assignments."""
MIN_SPEECH_SHARE = 0.2
"""Minimum share of speech of any speaker for a clip to be embedded. Chosen by hand; a higher value saves time."""


@dataclass(frozen=True, slots=True, eq=False)
class ClipEmbeddings:
    """Start and end of each clip in seconds, shape (clips, 2), and its embedding, (clips, dimension); NaN for none."""

    spans: NDArray[np.float64]
    vectors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class FrameFeatures:
    """Frame features from ``start`` to ``end`` seconds at equal distances, shape (frames, width).

    ``context``: see `FrameEmbedder`.
    """

    start: float
    end: float
    frames: Floats
    context: float = 0.0

    @property
    def spans(self) -> NDArray[np.float64]:
        """Start and end in seconds of what each frame describes, shape (frames, 2)."""
        edges = np.linspace(self.start, self.end, len(self.frames) + 1)
        middle, half = (edges[:-1] + edges[1:]) / 2, np.maximum(np.diff(edges), self.context) / 2
        return np.stack([middle - half, middle + half], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class LocalEmbeddings:
    """Unit vectors, shape (windows, locals, dimension), zero where unknown, and the speech that they were pooled from.

    ``seconds`` is single-speaker speech; ``weight`` adds speech in overlaps times `OVERLAP_WEIGHT`; both of shape
    (windows, locals).
    """

    vectors: Floats
    seconds: Floats
    weight: Floats


def clip_grid(local: LocalSegmentation, duration: float, length: float, hop: float) -> NDArray[np.float64]:
    """Start and end in seconds of the clips to embed, shape (clips, 2): a regular grid without the non-speech."""
    starts = np.arange(max(1, int(np.ceil((duration - length / 2) / hop)))) * hop
    speech = _speech_seconds(local, np.stack([starts, starts + length], axis=1))  # (clips,)
    starts = starts[speech >= MIN_SPEECH_SHARE * min(length, duration)]
    return np.stack([starts, np.minimum(starts + length, duration)], axis=1)


def block_grid(local: LocalSegmentation, duration: float, length: float) -> NDArray[np.float64]:
    """Start and end in seconds of consecutive blocks, shape (blocks, 2), without those of non-speech."""
    edges = np.arange(max(1, int(duration / length)) + 1) * length
    edges[-1] = duration
    blocks = np.stack([edges[:-1], edges[1:]], axis=1)
    with_speech = _speech_seconds(local, blocks) > 0
    with_speech[-1] |= not with_speech.any()
    return np.asarray(blocks[with_speech])


def _speech_seconds(local: LocalSegmentation, spans: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds of speech of any speaker in each span, shape (spans,)."""
    speech = np.zeros(local.length, np.bool_)
    for start, active in zip(local.starts, local.binarized, strict=True):  # active: (frames, locals)
        speech[start : start + len(active)] |= active.any(axis=1)
    sums = np.concatenate([[0], speech.cumsum()])
    edges = np.rint((spans - local.onset) / local.frame).astype(int).clip(0, len(speech))
    return np.asarray((sums[edges[:, 1]] - sums[edges[:, 0]]) * local.frame)


def pool_clips(local: LocalSegmentation, clips: ClipEmbeddings) -> LocalEmbeddings:
    """Embedding of each local speaker: mean of the clips' embeddings, weighted by the speaker's share of each clip."""
    valid = np.isfinite(clips.vectors).all(axis=1)
    order = np.flatnonzero(valid)[np.argsort(clips.spans[valid, 0], kind="stable")]
    spans, vectors = clips.spans[order], clips.vectors[order]
    longest = float((spans[:, 1] - spans[:, 0]).max(initial=0))
    single, active = local.single_speaker, local.binarized
    windows, frames, locals_ = single.shape
    sums = np.zeros((windows, locals_, clips.vectors.shape[1]), np.float32)
    for w, start in enumerate(local.starts * local.frame + local.onset):
        low, high = np.searchsorted(spans[:, 0], [start - longest, start + frames * local.frame])
        edges = (spans[low:high] - start) / local.frame
        weights = _weights(single[w], active[w], edges)  # (clips, locals)
        sums[w] = weights.T @ vectors[low:high]
    return _normalize(local, sums)


def pool_frames(
    local: LocalSegmentation, blocks: Iterable[FrameFeatures], pool: Callable[[Floats, Floats], Floats]
) -> LocalEmbeddings:
    """The same from frame features, in order of time; ``pool(frames, weights)`` is the embedder's own pooling.

    Only the blocks that a window meets are in memory.
    """
    single, active = local.single_speaker, local.binarized
    following = iter(blocks)
    current: list[FrameFeatures] = []
    vectors: list[Floats] = []
    for w, start in enumerate(local.starts * local.frame + local.onset):
        end = start + single.shape[1] * local.frame
        while (not current or current[-1].end < end) and (block := next(following, None)):
            current.append(block)
        current = [block for block in current if block.end > start] or current[-1:]
        edges = (np.concatenate([block.spans for block in current]) - start) / local.frame
        weights = _weights(single[w], active[w], edges)  # (frames, locals)
        used = weights.any(axis=1)
        vectors.append(pool(np.concatenate([block.frames for block in current])[used], weights[used].T))
    return _normalize(local, np.nan_to_num(np.stack(vectors)))


def _normalize(local: LocalSegmentation, vectors: Floats) -> LocalEmbeddings:
    """Vectors of any length, shape (windows, locals, dimension), at unit length and with their seconds of speech."""
    norms = np.linalg.norm(vectors, axis=2, keepdims=True)
    units = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    valid = norms[:, :, 0] > 0
    single, active = (
        frames.sum(axis=1) * np.float32(local.frame) * valid for frames in (local.single_speaker, local.binarized)
    )
    return LocalEmbeddings(units, single, single + np.float32(OVERLAP_WEIGHT) * (active - single))


def _weights(single: NDArray[np.bool_], active: NDArray[np.bool_], edges: NDArray[np.float64]) -> Floats:
    """Weight of each clip or frame for each local speaker, shape (clips, locals); see `_share`."""
    return _share(single, edges) ** SHARPNESS + OVERLAPPED * _share(active, edges) ** SHARPNESS


def _share(active: NDArray[np.bool_], edges: NDArray[np.float64]) -> Floats:
    """Share of each clip in which each local speaker is active, shape (clips, locals).

    ``active`` has shape (frames, locals), ``edges`` (first and last frame of each clip) shape (clips, 2).
    """
    sums = np.concatenate([np.zeros((1, active.shape[1]), np.int64), active.cumsum(axis=0)])
    inside = np.rint(edges).astype(int).clip(0, len(active))
    lengths = np.maximum(edges[:, 1] - edges[:, 0], 1)
    share: Floats = ((sums[inside[:, 1]] - sums[inside[:, 0]]) / lengths[:, None]).clip(0, 1).astype(np.float32)
    return share
