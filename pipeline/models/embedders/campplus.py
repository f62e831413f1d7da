"""CAM++: an embedding from 80 mel bands by densely connected layers with context-aware masks.

Wang et al., "CAM++: a fast and efficient network for speaker verification using context-aware masking", Interspeech
2023; the weights are 3D-Speaker's ``speech_campplus_sv_zh_en_16k-common_advanced``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.config.schema import Config
from pipeline.core.audio import Samples
from pipeline.core.errors import BadModel
from pipeline.models.embedders.base import MIN_SAMPLES, NetworkEmbedder
from pipeline.models.protocols import EmbedderCalibration, FrameEmbedder
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    import torch

    from pipeline.models.embedders.campplus_network import CampPlus
    from pipeline.models.weights import Store


CALIBRATION = EmbedderCalibration(within_per_second=0.40, within_floor=0.24, between=0.8, margin=0.15)
"""Fitted to mean squared distances of pairs of clips of ten AMI excerpts: of one speaker 0.73, 0.53 and 0.36 for clips
of 1.6, 3 and 6 s, of two speakers 1.25, 1.22 and 1.23. The margin was chosen with it; see `EmbedderCalibration`."""


class CampPlusEmbedder(NetworkEmbedder, FrameEmbedder):
    """The network behind `FrameEmbedder`: frames of 20 ms are computed once, and each speaker's are pooled."""

    version = 1
    requires = ("torch", "numpy")
    layout = "campplus.safetensors"
    calibration = CALIBRATION

    def __init__(self, network: CampPlus, device: torch.device, batch_size: int) -> None:
        from pipeline.models.embedders.campplus_network import CHANNELS, WIDTH

        super().__init__(network, WIDTH, device, batch_size)
        self._model, self._channels = network, CHANNELS

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> CampPlusEmbedder:
        """The network with the weights named by ``embedding.model``; raises `BadModel`, `MissingModel`."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from pipeline.models.embedders.campplus_network import CampPlus

        name = config.embedding.model
        network = CampPlus()
        try:
            network.load_state_dict(load_file(weights.path(name) / cls.layout))
        except (RuntimeError, SafetensorError) as error:
            raise BadModel("not the weights of CAM++", where=name) from error
        return cls(network, select_device(config.runtime), config.runtime.batch_size)

    def forward_frames(self, pieces: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """The frames before pooling, one per 20 ms, shape (frames, 512); no frames below 0.2 s."""
        import torch

        from pipeline.models.embedders.campplus_network import features_of

        results: list[NDArray[np.float32]] = []
        for length, group in groupby(pieces, key=len):
            batch = np.stack(list(group))
            if length < MIN_SAMPLES:
                results += [np.zeros((0, self._channels), np.float32)] * len(batch)
                continue
            with torch.inference_mode():
                frames = self._model.forward_frames(features_of(torch.from_numpy(batch).to(self._device)))
            results += list(frames.transpose(1, 2).cpu().numpy())
        return results

    def pool(self, features: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embeddings by weighted mean and deviation; a row of ``weights`` is a speaker's mask."""
        import torch

        vectors = np.full((len(weights), self._dimension), np.nan, np.float32)
        valid = weights.any(axis=1)
        if valid.any():
            frames, masks = (torch.from_numpy(x).to(self._device) for x in (features.T, weights[valid]))
            with torch.inference_mode():
                vectors[valid] = self._model.pool(frames, masks).cpu().numpy()
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


MODEL = CampPlusEmbedder
