"""CAM++: an embedding from 80 mel bands by densely connected layers with context-aware masks.

Wang et al., "CAM++: a fast and efficient network for speaker verification using context-aware masking", Interspeech
2023; the weights are 3D-Speaker's ``speech_campplus_sv_zh_en_16k-common_advanced``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config.schema import Config
from pipeline.core.errors import BadModel
from pipeline.models.embedders.base import NetworkEmbedder
from pipeline.models.protocols import EmbedderCalibration
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    from pipeline.models.weights import Store


CALIBRATION = EmbedderCalibration(within_per_second=0.40, within_floor=0.24, between=0.8, margin=0.15)
"""Fitted to mean squared distances of pairs of clips of ten AMI excerpts: of one speaker 0.73, 0.53 and 0.36 for clips
of 1.6, 3 and 6 s, of two speakers 1.25, 1.22 and 1.23. The margin was not tuned."""


class CampPlusEmbedder(NetworkEmbedder):
    """The network behind the protocol `Embedder`, at unit length."""

    version = 1
    requires = ("torch", "numpy")
    layout = "campplus.safetensors"
    calibration = CALIBRATION

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> CampPlusEmbedder:
        """The network with the weights named by ``embedding.model``; raises `BadModel`, `MissingModel`."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from pipeline.models.embedders.campplus_network import WIDTH, CampPlus

        name = config.embedding.model
        network = CampPlus()
        try:
            network.load_state_dict(load_file(weights.path(name) / cls.layout))
        except (RuntimeError, SafetensorError) as error:
            raise BadModel("not the weights of CAM++", where=name) from error
        return cls(network, WIDTH, select_device(config.runtime), config.runtime.batch_size)


MODEL = CampPlusEmbedder
