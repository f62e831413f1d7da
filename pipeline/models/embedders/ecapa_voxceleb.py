"""SpeechBrain's ECAPA-TDNN: an embedding from 80 mel bands, by channel attention and attentive statistics pooling.

Desplanques et al., "ECAPA-TDNN: emphasized channel attention, propagation and aggregation in TDNN based speaker
verification", Interspeech 2020; the layout is that of ``speechbrain/spkrec-ecapa-voxceleb``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config.schema import Config
from pipeline.models.embedders.base import NetworkEmbedder
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    from pipeline.models.weights import Store


class EcapaEmbedder(NetworkEmbedder):
    """The network behind the protocol `Embedder`: SpeechBrain's ``encode_batch``, at unit length."""

    version = 1
    requires = ("speechbrain", "torch", "numpy")
    layout = "embedding_model.ckpt"

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> EcapaEmbedder:
        """The network named by ``embedding.model``; raises `BadModel`, `MissingModel`."""
        from pipeline.models.embedders.ecapa import load_ecapa

        network, dimension = load_ecapa(weights.path(config.embedding.model))
        return cls(network, dimension, select_device(config.runtime), config.runtime.batch_size)


MODEL = EcapaEmbedder
