"""The network of `pipeline.models.embedders.resemblyzer` and its features."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor, nn

from pipeline.core.audio import RATE
from pipeline.models.embedders.resemblyzer import HOP, WIDTH

BANDS, FFT = 40, 400
HERTZ_PER_MEL, LINEAR, LOG_STEP = 200 / 3, 1000.0, math.log(6.4) / 27
"""Slaney's mel scale: Hertz of a mel below ``LINEAR`` Hertz, and the logarithm of the ratio of a mel above."""


class SpeakerEncoder(nn.Module):
    """Three LSTM layers, then a linear layer with ReLU on the last state: (batch, frames, 40) to (batch, 256)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, WIDTH, num_layers=3, batch_first=True)
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, mels: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(mels)
        return nn.functional.normalize(torch.relu(self.linear(hidden[-1])), dim=1)


def mel_power(samples: Tensor) -> Tensor:
    """Mel power spectrogram, shape (frames, 40): windows of 25 ms every 10 ms, Slaney's bands and area norm, no log."""
    window = _window(samples.device)
    spectrum = torch.stft(samples, FFT, HOP, window=window, center=True, pad_mode="constant", return_complex=True)
    return spectrum.abs().square().T @ mel_bands(samples.device)


@functools.cache
def _window(device: torch.device) -> Tensor:
    return torch.hann_window(FFT).to(device)


@functools.cache
def mel_bands(device: torch.device) -> Tensor:
    """Slaney's triangular mel bands over the bins, shape (201, 40), each of the same area.

    Bit for bit ``torchaudio.functional.melscale_fbanks(201, 0, 8000, 40, 16000, "slaney", "slaney")``.
    """
    top = LINEAR / HERTZ_PER_MEL + math.log(RATE / 2 / LINEAR) / LOG_STEP
    mels = torch.linspace(0.0, top, BANDS + 2)
    edges = HERTZ_PER_MEL * mels
    above = mels >= LINEAR / HERTZ_PER_MEL
    edges[above] = LINEAR * torch.exp(LOG_STEP * (mels[above] - LINEAR / HERTZ_PER_MEL))
    widths = edges[1:] - edges[:-1]
    distances = edges[None] - torch.linspace(0, RATE // 2, FFT // 2 + 1)[:, None]
    bands = torch.minimum(-distances[:, :-2] / widths[:-1], distances[:, 2:] / widths[1:]).clamp_min(0)
    bands *= 2.0 / (edges[2:] - edges[:-2])
    return bands.to(device)
