"""Small embedders in their vendors' layouts, written with the vendors' libraries."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from pipeline.config.schema import Config, assign
from pipeline.core.audio import RATE
from pipeline.models import registry
from pipeline.models.protocols import Embedder
from pipeline.models.weights import Store

ECAPA = """
n_mels: 24
pretrained_path: {folder}
out_n_neurons: 5
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: !ref <n_mels>
    channels: [16, 16, 16, 16, 48]
    kernel_sizes: [5, 3, 3, 3, 1]
    dilations: [1, 2, 3, 4, 1]
    attention_channels: 8
    lin_neurons: 12
classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
    input_size: 12
    out_neurons: !ref <out_n_neurons>
mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    mean_var_norm_emb: !ref <mean_var_norm_emb>
    classifier: !ref <classifier>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        mean_var_norm_emb: !ref <mean_var_norm_emb>
        classifier: !ref <classifier>
        label_encoder: !ref <label_encoder>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
        mean_var_norm_emb: !ref <pretrained_path>/mean_var_norm_emb.ckpt
        classifier: !ref <pretrained_path>/classifier.ckpt
        label_encoder: !ref <pretrained_path>/label_encoder.txt
"""
"""The published file of ``speechbrain/spkrec-ecapa-voxceleb`` with smaller numbers."""


def babble(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Noise under a melody, with structure in time and frequency."""
    time = np.arange(round(seconds * RATE)) / RATE
    tune = np.sin(2 * np.pi * (200 + 40 * seed) * time + 3 * np.sin(2 * np.pi * 2 * time))
    noise = np.random.default_rng(seed).standard_normal(len(time)) * np.square(np.sin(np.pi * 3 * time))
    return (0.1 * tune + 0.05 * noise).astype(np.float32)


def write_ecapa(folder: Path) -> Path:
    """SpeechBrain's five files, made by SpeechBrain; the weights are random, prepared by `_settle`."""
    from hyperpyyaml import load_hyperpyyaml
    from speechbrain.utils.importutils import LazyModule

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    text = ECAPA.format(folder=folder)
    (folder / "hyperparams.yaml").write_text(text)
    made = load_hyperpyyaml(text)
    model, features, normalize = made["embedding_model"], made["compute_features"], made["mean_var_norm"]
    _settle(model, lambda x: model(normalize(features(x), torch.ones(len(x))))[:, 0], model.fc.conv)
    torch.save(made["embedding_model"].state_dict(), folder / "embedding_model.ckpt")
    torch.save(made["classifier"].state_dict(), folder / "classifier.ckpt")
    made["mean_var_norm_emb"].train()(torch.randn(9, 1, 12), torch.ones(9))
    made["mean_var_norm_emb"]._save(folder / "mean_var_norm_emb.ckpt")
    made["label_encoder"].update_from_iterable(["ann", "bob", "cyd", "dee", "eve"])
    made["label_encoder"].save(folder / "label_encoder.txt")
    for name in [name for name, module in sys.modules.items() if isinstance(module, LazyModule)]:
        del sys.modules[name]  # their targets are absent, and Hypothesis inspects all modules
    return folder


def write_wespeaker(folder: Path, **settings: object) -> Path:
    """A checkpoint as pyannote.audio writes it: state, settings, architecture and specifications."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    model = WeSpeakerResNet34(**{"num_mel_bins": 16, **settings})
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=5.0, classes=["ann", "bob"]
    )
    _settle(model, lambda x: model(x[:, None]), model.resnet.seg_1)
    checkpoint = {
        "epoch": 3,
        "pytorch-lightning_version": "2.0.0",
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
    }
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "pytorch_model.bin")
    return folder


def _settle(
    model: nn.Module, forward: Callable[[torch.Tensor], torch.Tensor], last: nn.Conv1d | nn.Linear | None = None
) -> None:
    """As if trained: batch normalisation has the statistics of the inputs, and embeddings of different clips differ."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        if norm.affine:
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, std=0.3)
        norm.momentum = None  # the plain mean over the inputs
    clips = torch.from_numpy(np.stack([babble(1.0, seed) for seed in range(4)]))
    with torch.no_grad():
        model.train()
        forward(clips)
        model.eval()
        if last is not None:
            last.bias -= forward(clips).mean(dim=0)


def opened(folder: Path) -> Embedder:
    """The embedder of a folder, found by its layout."""
    config = assign(Config(), {"embedding.model": str(folder), "runtime.batch_size": 3})
    made: Embedder = registry.load("embedder", str(folder), config, Store(folder.parent / "models", offline=True))
    return made


def write_resemblyzer(folder: Path) -> Path:
    from pipeline.models.embedders.resemblyzer_encoder import SpeakerEncoder

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(SpeakerEncoder().state_dict(), folder / "model.safetensors")
    return folder


def write_campplus(folder: Path) -> Path:
    from pipeline.models.embedders.campplus_network import CampPlus

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    network = CampPlus()
    _settle(network, network)
    save_file(network.state_dict(), folder / "campplus.safetensors")
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "resemblyzer": write_resemblyzer,
    "campplus": write_campplus,
    "ecapa-voxceleb": write_ecapa,
    "wespeaker-resnet34": write_wespeaker,
}
