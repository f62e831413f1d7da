"""PyanNet, pyannote's segmentation network, in torch alone: importing pyannote.audio takes seconds and 350 MB.

Bredin and Laurent, "End-to-end speaker segmentation for overlap-aware resegmentation", Interspeech 2021; the layout is
that of ``pyannote/segmentation``. Parameters have pyannote's names, and outputs are equal bit for bit (tested).
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.audio import RATE

WINDOW: Final = 5.0
"""Length of a window in seconds; the published network's."""
LOCAL_SPEAKERS: Final = 3
"""Maximum number of speakers of a window."""
FRAME_STEP: Final = 270 / RATE
"""Seconds between two frames; follows from the strides of the layers."""
FRAME_CENTER: Final = 991 / RATE / 2
"""Center of the first frame in seconds: half of what the layers see for one frame."""
FILTERS, KERNEL, STRIDE = 80, 251, 10
"""Number of band-pass filters, their length in samples (odd), and samples between two outputs."""
MIN_HERTZ: Final = 50.0
"""Minimum lower edge of a filter, and minimum width, in Hz."""
HIDDEN: Final = 128
"""Width of the recurrent layers in each direction, and of the linear ones."""


class PyanNet(nn.Module):
    """Waveforms, shape (windows, 1, samples), to activities of local speakers, (windows, frames, `LOCAL_SPEAKERS`)."""

    def __init__(self) -> None:
        super().__init__()
        self.sincnet = _SincNet()
        self.lstm = nn.LSTM(60, HIDDEN, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList([nn.Linear(2 * HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])
        self.classifier = nn.Linear(HIDDEN, LOCAL_SPEAKERS)

    def forward(self, waveforms: Tensor) -> Tensor:
        outputs, _ = self.lstm(self.sincnet(waveforms).transpose(1, 2))  # (windows, frames, 2 × HIDDEN)
        for linear in self.linear:
            outputs = functional.leaky_relu(linear(outputs))
        return torch.sigmoid(self.classifier(outputs))


class _SincNet(nn.Module):
    """Band-pass filters, two convolutions, and pooling over three frames after each: (windows, 60, frames)."""

    def __init__(self) -> None:
        super().__init__()
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        self.conv1d = nn.ModuleList([_SincFilters(), nn.Conv1d(FILTERS, 60, 5), nn.Conv1d(60, 60, 5)])
        self.norm1d = nn.ModuleList([nn.InstanceNorm1d(width, affine=True) for width in (FILTERS, 60, 60)])

    def forward(self, waveforms: Tensor) -> Tensor:
        outputs = self.wav_norm1d(waveforms)
        for number, (convolve, normalize) in enumerate(zip(self.conv1d, self.norm1d, strict=True)):
            outputs = convolve(outputs)
            outputs = functional.max_pool1d(outputs.abs() if number == 0 else outputs, 3)
            outputs = functional.leaky_relu(normalize(outputs))
        return outputs


class _SincFilters(nn.Module):
    """Convolution with the filters: (windows, 1, samples) to (windows, `FILTERS`, outputs)."""

    def __init__(self) -> None:
        super().__init__()
        self.filterbank = _Filterbank()

    def forward(self, waveforms: Tensor) -> Tensor:
        filters: Tensor = self.filterbank()
        return functional.conv1d(waveforms, filters, stride=STRIDE)


class _Filterbank(nn.Module):
    """Band-pass filters, half of them even and half odd, from their lower edges and widths in Hz.

    Ravanelli and Bengio, "Speaker recognition from raw waveform with SincNet", SLT 2018; the odd filters are those of
    Pariente et al., "Filterbank design for end-to-end speech separation", ICASSP 2020.
    """

    n_: Tensor
    window_: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.low_hz_ = nn.Parameter(torch.zeros(FILTERS // 2, 1))
        self.band_hz_ = nn.Parameter(torch.zeros(FILTERS // 2, 1))
        half = KERNEL // 2
        self.register_buffer("n_", (2 * math.pi * (torch.arange(-half, 0.0) / RATE))[None])  # (1, half)
        self.register_buffer("window_", torch.hamming_window(KERNEL, periodic=False)[:half])

    def forward(self) -> Tensor:
        """The filters, shape (`FILTERS`, 1, `KERNEL`)."""
        low = MIN_HERTZ + self.low_hz_.abs()
        high = torch.clamp(low + MIN_HERTZ + self.band_hz_.abs(), MIN_HERTZ, RATE / 2)
        width = 2 * (high - low)  # (FILTERS / 2, 1)
        low_angles, high_angles = low @ self.n_, high @ self.n_  # (FILTERS / 2, half)
        even = (high_angles.sin() - low_angles.sin()) / (self.n_ / 2) * self.window_
        odd = (low_angles.cos() - high_angles.cos()) / (self.n_ / 2) * self.window_
        evens = torch.cat([even, width, even.flip(1)], 1) / width
        odds = torch.cat([odd, torch.zeros_like(width), -odd.flip(1)], 1) / width
        return torch.cat([evens, odds])[:, None]
