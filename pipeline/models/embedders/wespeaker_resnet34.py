"""WeSpeaker's ResNet34 as pyannote publishes it: an embedding from 80 mel bands, by statistics pooling over time.

Wang et al., "WeSpeaker: a research and production oriented speaker embedding learning toolkit", ICASSP 2023; the layout
is that of ``pyannote/wespeaker-voxceleb-resnet34-LM`` and of the folder ``embedding/`` in pyannote's pipelines.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.config.schema import Config
from pipeline.core.audio import Samples
from pipeline.models.embedders.base import MIN_SAMPLES, NetworkEmbedder
from pipeline.models.protocols import FrameEmbedder
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    import torch
    from pyannote.audio.models.embedding import WeSpeakerResNet34

    from pipeline.models.weights import Store


class WeSpeakerEmbedder(NetworkEmbedder, FrameEmbedder):
    """The network behind `FrameEmbedder`: pyannote.audio's embedding at unit length.

    The residual layers process audio once; pooling their frames with a speaker's weights gives the embedding.
    """

    version = 1
    requires = ("pyannote.audio", "torch", "numpy")
    layout = "pytorch_model.bin"

    def __init__(self, model: WeSpeakerResNet34, device: torch.device, batch_size: int) -> None:
        from pipeline.models.embedders.wespeaker import Mono

        super().__init__(Mono(model), model.dimension, device, batch_size)
        self._model = model

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> WeSpeakerEmbedder:
        """The network named by ``embedding.model``; raises `BadModel`, `MissingModel`."""
        from pipeline.models.embedders.wespeaker import load_wespeaker

        model = load_wespeaker(weights.path(config.embedding.model))
        return cls(model, select_device(config.runtime), config.runtime.batch_size)

    def forward_frames(self, pieces: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """The residual layers' output, one frame per 80 ms, shape (frames, 256 × bands / 8); no frames below 0.2 s."""
        import torch

        features: list[NDArray[np.float32]] = []
        for length, group in groupby(pieces, key=len):
            batch = torch.from_numpy(np.stack(list(group)))[:, None].to(self._device)
            if length < MIN_SAMPLES:
                features += [np.zeros((0, self._model.resnet.stats_dim), np.float32)] * len(batch)
                continue
            with torch.inference_mode():
                features += list(self._model.forward_frames(batch).flatten(1, 2).transpose(1, 2).cpu().numpy())
        return features

    def pool(self, features: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embeddings by weighted mean and deviation, as in pyannote.audio; a row of ``weights`` is a speaker's mask."""
        return self._pool(
            features,
            weights,
            lambda frames, masks: self._model.forward_embedding(frames[None, :, None], masks[None])[0],
        )


MODEL = WeSpeakerEmbedder
