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
from pipeline.models.speechbrain_hparams import MISFITS, build, find_modules, read_settings, read_weights

PARTS: Final = ("compute_features", "mean_var_norm", "embedding_model")


class EcapaNetwork(nn.Module):
    """Mel bands, less their mean over the clip, to a vector: (batch, samples) to (batch, dimension)."""

    def __init__(self, features: nn.Module, normalization: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.features, self.normalization, self.network = features, normalization, network

    def forward(self, waveforms: Tensor) -> Tensor:
        whole = torch.ones(len(waveforms), device=waveforms.device)
        features = self.normalization(self.features(waveforms), whole)
        vectors: Tensor = self.network(features, whole)[:, 0]
        return vectors


def load_ecapa(folder: Path) -> tuple[EcapaNetwork, int]:
    """The network of a folder in SpeechBrain's layout, and its dimension; `BadModel` for anything else.

    Only ``hyperparams.yaml`` and ``embedding_model.ckpt`` are read: classifier, labels and the statistics in
    ``mean_var_norm_emb.ckpt`` play no part in SpeechBrain's own verification either.
    """
    settings, where = read_settings(folder), str(folder)
    modules = find_modules(settings, PARTS, where)
    try:
        features, normalization, network = (build(modules[part], settings) for part in PARTS)
        _require_known(features, normalization, network)
        weights = read_weights(folder / "embedding_model.ckpt")
        network.load_state_dict(weights, assign=True)
        dimension = len(weights["fc.conv.weight"])
        whole = EcapaNetwork(features, normalization, network).float().eval()
        whole(torch.zeros(1, RATE))
    except MISFITS as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadModel(f"this is no ECAPA-TDNN as SpeechBrain publishes it: {reason}", where=where) from error
    return whole, dimension


def _require_known(features: object, normalization: object, network: object) -> None:
    """Refuse, with ``ValueError``, what is no ECAPA-TDNN on features of 16 kHz, each clip normalised by itself."""
    if not isinstance(network, ECAPA_TDNN):
        raise ValueError(f"its embedding_model is a {type(network).__name__}")
    if not isinstance(features, Fbank) or features.compute_STFT.sample_rate != RATE:
        raise ValueError(f"its features are not mel bands of {RATE} Hz")
    if not isinstance(normalization, InputNormalization) or normalization.norm_type != "sentence":
        raise ValueError("its features are not normalised by sentence")
