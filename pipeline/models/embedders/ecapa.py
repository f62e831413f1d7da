"""The network of `pipeline.models.embedders.ecapa_voxceleb`, ECAPA-TDNN, read from a folder in SpeechBrain's layout.

Desplanques et al., "ECAPA-TDNN: emphasized channel attention, propagation and aggregation in TDNN based speaker
verification", Interspeech 2020; the layout is that of ``speechbrain/spkrec-ecapa-voxceleb``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from speechbrain.lobes.features import Fbank
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
from speechbrain.processing.features import InputNormalization
from torch import Tensor, nn

from pipeline.core.audio import RATE
from pipeline.core.errors import BadModel
from pipeline.models.speechbrain_hparams import BUILD_ERRORS, build, find_modules, read_settings, read_weights

PARTS: Final = ("compute_features", "mean_var_norm", "embedding_model")


class EcapaNetwork(nn.Module):
    """Mel bands minus their mean over the clip, then the network: (batch, samples) to (batch, dimension)."""

    def __init__(self, features: nn.Module, normalization: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.features, self.normalization, self.network = features, normalization, network

    def forward(self, waveforms: Tensor) -> Tensor:
        lengths = torch.ones(len(waveforms), device=waveforms.device)
        features = self.normalization(self.features(waveforms), lengths)
        vectors: Tensor = self.network(features, lengths)[:, 0]
        return vectors


def load_ecapa(folder: Path) -> tuple[EcapaNetwork, int]:
    """The network of a folder in SpeechBrain's layout, and its dimension; raises `BadModel` for anything else.

    Only ``hyperparams.yaml`` and ``embedding_model.ckpt`` are read. SpeechBrain's own verification does not use the
    classifier, the labels and the statistics in ``mean_var_norm_emb.ckpt`` either.
    """
    settings, where = read_settings(folder), str(folder)
    modules = find_modules(settings, PARTS, where)
    try:
        features, normalization, network = (build(modules[part], settings) for part in PARTS)
        _require_known(features, normalization, network)
        weights = read_weights(folder / "embedding_model.ckpt")
        network.load_state_dict(weights, assign=True)
        dimension = len(weights["fc.conv.weight"])
        ecapa = EcapaNetwork(features, normalization, network).float().eval()
        ecapa(torch.zeros(1, RATE))
    except BUILD_ERRORS as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadModel(f"not an ECAPA-TDNN in SpeechBrain's layout: {reason}", where=where) from error
    return ecapa, dimension


def _require_known(features: object, normalization: object, network: object) -> None:
    """Raise ``ValueError`` unless it is an ECAPA-TDNN on features of 16 kHz, normalized per clip."""
    if not isinstance(network, ECAPA_TDNN):
        raise ValueError(f"embedding_model is a {type(network).__name__}")
    if not isinstance(features, Fbank) or features.compute_STFT.sample_rate != RATE:
        raise ValueError(f"compute_features are not mel bands at {RATE} Hz")
    if not isinstance(normalization, InputNormalization) or normalization.norm_type != "sentence":
        raise ValueError("mean_var_norm does not normalize per sentence")
