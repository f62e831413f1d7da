"""Base class of embedders of whole waveforms: batches of clips of one length, and unit vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Samples
from pipeline.models.protocols import EmbedderCalibration, EmbedderModel

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

MIN_SAMPLES: Final = RATE // 5
"""Minimum length of a clip in samples (0.2 s), as for Resemblyzer; shorter clips have no embedding."""
LONG: Final = 10 * RATE
"""Samples (10 s) above which fewer clips than ``runtime.batch_size`` share a batch with padding, to bound its memory.
Chosen by hand: the length of the blocks that the diarizer passes."""
AAM_CALIBRATION: Final = EmbedderCalibration(
    within_per_second=1.0, within_floor=0.08, between=1.4, margin=0.18, linkage=0.71
)
"""Calibration of networks trained with an angular margin: squared distances are twice Resemblyzer's.

Not measured, because no such weights were available. The factor 2 is the squared ratio of the clustering thresholds of
pyannote's published pipelines (0.7154 for ECAPA-TDNN in 2.1, 0.7046 for WeSpeaker's ResNet34 in 3.1) to Resemblyzer's
0.5. It implies a cosine similarity of 0.8 between two segments of 6 s of one speaker, and 0.1 between two speakers.
"""


class NetworkEmbedder(EmbedderModel):
    """A network from waveforms (batch, samples) to vectors (batch, dimension) behind the protocol `Embedder`."""

    calibration = AAM_CALIBRATION
    masks_padding: ClassVar[bool] = False
    """Whether the network takes the numbers of samples (batch,) as a second argument, and what follows them in a row
    changes no vector. On a GPU, clips of different lengths then share a batch."""

    def __init__(self, network: nn.Module, dimension: int, device: torch.device, batch_size: int) -> None:
        self._network = network.to(device).eval().requires_grad_(False)
        self._dimension = dimension
        self._device = device
        self._batch_size = batch_size

    def embed(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        """Unit vectors, shape (clips, dimension), of clips at 16 kHz; NaN for a clip under 0.2 s or of silence."""
        vectors = np.full((len(clips), self._dimension), np.nan, np.float32)
        valid = [i for i, clip in enumerate(clips) if len(clip) >= MIN_SAMPLES and np.any(clip)]
        valid.sort(key=lambda i: len(clips[i]), reverse=True)
        for rows in self._batches(valid, clips):
            vectors[rows] = self._encode([clips[i] for i in rows])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(vectors, norms, out=np.full_like(vectors, np.nan), where=norms > 0)
        return unit

    def _batches(self, rows: Sequence[int], clips: Sequence[Samples]) -> Iterator[Sequence[int]]:
        """The rows of clips that share a batch, from those of all clips, sorted from the longest to the shortest.

        They have one length, because convolutions would mix padding into the embedding, unless the network masks it. On
        a CPU each clip is a batch: more would take as long, and more memory.
        """
        if self._device.type == "cpu":
            yield from ([row] for row in rows)
            return
        pads = self.masks_padding
        for _, group in groupby(rows, key=lambda i: 0 if pads else len(clips[i])):
            rest = list(group)
            while rest:
                fitting = self._batch_size * LONG // len(clips[rest[0]]) if pads else self._batch_size
                size = max(1, min(self._batch_size, fitting))
                yield rest[:size]
                rest = rest[size:]

    def _pool(
        self,
        features: NDArray[np.float32],
        weights: NDArray[np.float32],
        compute: Callable[[Tensor, Tensor], Tensor],
    ) -> NDArray[np.float32]:
        """What `FrameEmbedder.pool` returns, with vectors (speakers, dimension) from ``compute(frames, weights)``.

        It gets frames as (width, frames), and the weights of the active speakers only.
        """
        import torch

        vectors = np.full((len(weights), self._dimension), np.nan, np.float32)
        active = weights.any(axis=1)
        if active.any():
            frames, masks = (torch.from_numpy(x).to(self._device) for x in (features.T, weights[active]))
            with torch.inference_mode():
                vectors[active] = compute(frames, masks).cpu().numpy()
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def _encode(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        """The vectors of a batch, shape (clips, dimension)."""
        import torch

        lengths = [len(clip) for clip in clips]
        waveforms = np.zeros((len(clips), max(lengths)), np.float32)
        for row, clip in zip(waveforms, clips, strict=True):
            row[: len(clip)] = clip
        inputs = [waveforms] if len(set(lengths)) == 1 else [waveforms, np.array(lengths)]
        with torch.inference_mode():
            vectors = self._network(*(torch.from_numpy(each).to(self._device) for each in inputs))
            result: NDArray[np.float32] = vectors.float().cpu().numpy()
        return result
