"""Base class of embedders of whole waveforms: batches of clips of one length, and unit vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import RATE, Samples
from pipeline.models.protocols import EmbedderCalibration, EmbedderModel

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

MIN_SAMPLES: Final = RATE // 5
"""Minimum length of a clip in samples (0.2 s), as for Resemblyzer; shorter clips have no embedding."""
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

    def __init__(self, network: nn.Module, dimension: int, device: torch.device, batch_size: int) -> None:
        self._network = network.to(device).eval().requires_grad_(False)
        self._dimension = dimension
        self._device = device
        self._batch_size = batch_size

    def embed(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        """Unit vectors, shape (clips, dimension), of clips at 16 kHz; NaN for a clip under 0.2 s or of silence.

        Only clips of one length share a batch: convolutions would mix padding into the embedding.
        """
        import torch

        vectors = np.full((len(clips), self._dimension), np.nan, np.float32)
        valid = [i for i, clip in enumerate(clips) if len(clip) >= MIN_SAMPLES and np.any(clip)]
        valid.sort(key=lambda i: len(clips[i]))
        for _, group in groupby(valid, key=lambda i: len(clips[i])):
            indices = list(group)
            for first in range(0, len(indices), self._batch_size):
                rows = indices[first : first + self._batch_size]
                vectors[rows] = self._encode(torch.from_numpy(np.stack([clips[i] for i in rows])))
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(vectors, norms, out=np.full_like(vectors, np.nan), where=norms > 0)
        return unit

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

    def _encode(self, waveforms: Tensor) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            vectors: NDArray[np.float32] = self._network(waveforms.float().to(self._device)).float().cpu().numpy()
        return vectors
