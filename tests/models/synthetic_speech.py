"""Two synthetic speakers, and small separators of SpeechBrain's three kinds trained to separate them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from speechbrain.utils.importutils import LazyModule

from pipeline.models.speechbrain_hparams import PARTS, Network, load_network

# SpeechBrain's lazy modules import old names and absent packages when inspected; Hypothesis inspects all modules.
for name in [name for name, module in sys.modules.items() if isinstance(module, LazyModule)]:
    del sys.modules[name]

SEPFORMER = """
Encoder: !new:speechbrain.lobes.models.dual_path.Encoder
  kernel_size: 16
  out_channels: 32
SBtf: !new:speechbrain.lobes.models.dual_path.SBTransformerBlock
  num_layers: 1
  d_model: !ref <width>
  nhead: 4
  d_ffn: 64
  dropout: 0
  use_positional_encoding: True
  norm_before: True
width: 32
MaskNet: !new:speechbrain.lobes.models.dual_path.Dual_Path_Model
  num_spks: !ref <num_spks>
  in_channels: 32
  out_channels: !ref <width>
  num_layers: 1
  K: 50
  intra_model: !ref <SBtf>
  inter_model: !ref <SBtf>
  norm: ln
  linear_layer_after_inter_intra: False
  skip_around_intra: True
"""
DPRNN = """
Encoder: !new:speechbrain.lobes.models.dual_path.Encoder
  kernel_size: 16
  out_channels: 32
rnn: !new:speechbrain.lobes.models.dual_path.SBRNNBlock
  num_layers: 1
  input_size: 32
  hidden_channels: 32
  dropout: 0
  bidirectional: True
MaskNet: !new:speechbrain.lobes.models.dual_path.Dual_Path_Model
  num_spks: !ref <num_spks>
  in_channels: 32
  out_channels: 32
  num_layers: 1
  K: 50
  intra_model: !ref <rnn>
  inter_model: !ref <rnn>
  norm: ln
  linear_layer_after_inter_intra: True
  skip_around_intra: True
"""
CONV_TASNET = """
Encoder: !new:speechbrain.lobes.models.dual_path.Encoder
  kernel_size: 16
  out_channels: 32
MaskNet: !new:speechbrain.lobes.models.conv_tasnet.MaskNet
  N: 32
  B: 32
  H: 64
  P: 3
  X: 4
  R: 1
  C: !ref <num_spks>
  norm_type: 'gLN'
  causal: False
  mask_nonlinear: 'relu'
"""
REST = """
sample_rate: {rate}
num_spks: 2
Decoder: !new:speechbrain.lobes.models.dual_path.Decoder
  in_channels: 32
  out_channels: 1
  kernel_size: 16
  stride: 8
  bias: False
modules:
  encoder: !ref <Encoder>
  masknet: !ref <MaskNet>
  decoder: !ref <Decoder>
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
  loadables:
    encoder: !ref <Encoder>
    masknet: !ref <MaskNet>
    decoder: !ref <Decoder>
"""
KINDS = {"sepformer": SEPFORMER, "dprnn": DPRNN, "conv-tasnet": CONV_TASNET}
PITCHES, FORMANTS = (110.0, 210.0), ((500.0, 1500.0), (800.0, 1150.0))


def speaker_signal(number: int, seconds: float, rate: int, seed: int) -> NDArray[np.float32]:
    """Synthetic speech: harmonics of a varying pitch under two formants, in syllables."""
    random = np.random.default_rng([number, seed])
    time = np.arange(round(seconds * rate)) / rate
    wander = 1 + 0.08 * np.sin(2 * np.pi * random.uniform(0.5, 2) * time + random.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(PITCHES[number] * wander) / rate
    loudness = 0.2 + np.square(np.sin(np.pi * random.uniform(1.5, 3) * time + random.uniform(0, 3)))
    harmonics = range(1, int(0.4 * rate / PITCHES[number]))
    gains = [sum(np.exp(-np.square((k * PITCHES[number] - f) / 250)) for f in FORMANTS[number]) for k in harmonics]
    sound = sum(gain * np.sin(k * phase) for k, gain in zip(harmonics, gains, strict=True)) * loudness
    return np.asarray(0.05 * sound / np.std(sound), np.float32)


def pair(seconds: float, rate: int, seed: int) -> NDArray[np.float32]:
    """Both speakers, shape (2, samples)."""
    return np.stack([speaker_signal(number, seconds, rate, seed) for number in (0, 1)])


def write_blank(folder: Path, kind: str, rate: int = 8000) -> Path:
    """A folder in SpeechBrain's layout with untrained weights, made with SpeechBrain's classes."""
    from hyperpyyaml import load_hyperpyyaml

    torch.manual_seed(0)
    text = KINDS[kind] + REST.format(rate=rate)
    (folder / "hyperparams.yaml").write_text(text)
    modules = load_hyperpyyaml(text.partition("pretrainer:")[0])["modules"]
    for part in PARTS:
        torch.save(modules[part].state_dict(), folder / f"{part}.ckpt")
    return folder


def train(folder: Path, steps: int) -> None:
    """Train the folder's network on the two speakers, with the permutation-invariant SI-SNR loss of SpeechBrain."""
    torch.manual_seed(0)
    network, rate = load_network(folder)
    network.train().requires_grad_(True)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    sources = torch.from_numpy(pair(60.0, rate, seed=1))
    length = rate // 2
    for step in range(steps):
        starts = np.random.default_rng(step).integers(0, sources.shape[1] - length, (8, 2))
        target = torch.stack([torch.stack([sources[k, s : s + length] for k, s in enumerate(row)]) for row in starts])
        estimates = network(target.sum(dim=1)).transpose(1, 2)
        quality = torch.maximum(si_sdr(estimates, target).mean(dim=1), si_sdr(estimates, target.flip(1)).mean(dim=1))
        optimizer.zero_grad()
        (-quality.mean()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
    _save(network, folder)


def _save(network: Network, folder: Path) -> None:
    for part in PARTS:
        torch.save(getattr(network, part).state_dict(), folder / f"{part}.ckpt")


def si_sdr(estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Scale-invariant signal-to-distortion ratio in dB over the last axis (Le Roux et al., ICASSP 2019)."""
    scale = (estimate * target).sum(-1, keepdim=True) / (target.square().sum(-1, keepdim=True) + 1e-9)
    rest = estimate - scale * target
    return 10 * torch.log10((scale * target).square().sum(-1) / (rest.square().sum(-1) + 1e-9) + 1e-9)


def improvement(estimates: NDArray[np.float32], sources: NDArray[np.float32]) -> float:
    """Mean SI-SDR gain over the mixture in dB, in the better of both orders."""
    target, mixture = torch.from_numpy(sources), torch.from_numpy(sources.sum(axis=0))
    rows = torch.from_numpy(np.ascontiguousarray(estimates))
    after = max(si_sdr(rows, target).mean().item(), si_sdr(rows.flip(0), target).mean().item())
    return after - si_sdr(mixture.expand_as(target), target).mean().item()


class Payload:
    """Makes a folder ``ran`` when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder / "ran"),)
