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
from pipeline.models.embedders.campplus_telephone import TELEPHONE_MEAN
from pipeline.models.protocols import EmbedderCalibration, FrameEmbedder, NameCalibration
from pipeline.models.torch_runtime import select_device, single_threaded_pool

if TYPE_CHECKING:
    import torch

    from pipeline.models.embedders.campplus_network import CampPlus
    from pipeline.models.weights import Store


CALIBRATION = EmbedderCalibration(
    within_per_second=0.6,
    within_floor=0.3,
    between=1.0,
    margin=0.15,
    linkage=0.7,
    names=NameCalibration(wide=0.5, narrow=0.6, margin=0.1, telephone_mean=TELEPHONE_MEAN),
)
"""Variances chosen on the tuning recordings, where 0.45 to 0.6, 0.3 to 0.4 and 0.85 to 1.0 are equal within noise
(docs/experiments/diarization.md). Margin and linkage were not tuned. The limits for names were chosen on the voices of
the part train: `make bench-names` measures others."""


class CampPlusEmbedder(NetworkEmbedder, FrameEmbedder):
    """The network at unit length: of clips as published, and of frames with local context, computed once."""

    version = 2
    requires = ("torch", "numpy")
    layout = "campplus.safetensors"
    calibration = CALIBRATION
    masks_padding = True
    context = 0.8
    """Half of the layers' moving average; 0.4 and 1.6 s were as good on the tuning recordings."""

    def __init__(self, network: CampPlus, device: torch.device, batch_size: int) -> None:
        import torch

        from pipeline.models.embedders.campplus_network import WIDTH, CampPlus

        super().__init__(network, WIDTH, device, batch_size)
        with torch.device("meta"):  # without random weights, which take a tenth of a second
            self._local = CampPlus(local_context=True).requires_grad_(False)
        self._local.load_state_dict(network.state_dict(), assign=True)
        self._local.to(device).eval()

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> CampPlusEmbedder:
        """The network with the weights named by ``embedding.model``; raises `BadModel`, `MissingModel`."""
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from pipeline.models.embedders.campplus_network import CampPlus

        name = config.embedding.model
        with torch.device("meta"):
            network = CampPlus()
        try:
            network.load_state_dict(load_file(weights.path(name) / cls.layout), assign=True)
        except (RuntimeError, SafetensorError) as error:
            raise BadModel("not the weights of CAM++", where=name) from error
        return cls(network, select_device(config.runtime), config.runtime.batch_size)

    def forward_frames(self, pieces: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """The frames before pooling, one per 20 ms, shape (frames, 512); no frames below 0.2 s."""
        at_once = 1 if self._device.type == "cpu" else self._batch_size
        groups = [list(group) for _, group in groupby(pieces, key=len)]
        batches = [np.stack(group[i : i + at_once]) for group in groups for i in range(0, len(group), at_once)]
        with single_threaded_pool(self._device) as pool:
            return [frames for batch in pool.map(self._frames, batches) for frames in batch]

    def _frames(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """The frames of pieces of one length, shape (pieces, frames, 512)."""
        import torch

        from pipeline.models.embedders.campplus_network import CHANNELS

        if batch.shape[1] < MIN_SAMPLES:
            return np.zeros((len(batch), 0, CHANNELS), np.float32)
        with torch.inference_mode():
            frames = self._local.frames(torch.from_numpy(batch).to(self._device))
        result: NDArray[np.float32] = frames.transpose(1, 2).cpu().numpy()
        return result

    def pool(self, features: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embeddings by weighted mean and deviation; a row of ``weights`` is a speaker's mask."""
        return self._pool(features, weights, self._local.pool)


MODEL = CampPlusEmbedder
