"""The network that refines the masks of NMF: a small U-Net over time and frequency, applied per speaker.

Its input per speaker is, in bands, the mixture, the speaker's NMF contribution and the sum of the others'; its output
is a correction of the contribution's logarithm. A softmax over the speakers gives masks with the sum one. Untrained, it
leaves the masks of NMF unchanged; it is independent of the speakers and of their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from pipeline.core.audio import RATE
from pipeline.core.errors import BadModel
from pipeline.models.separators.nmf import SHARPNESS
from pipeline.models.separators.spectra import WINDOW

if TYPE_CHECKING:
    from pipeline.models.weights import Store

BINS: Final = WINDOW // 2 + 1
BANDS: Final = 256
LINEAR: Final = 3000.0
"""Frequency in Hz up to which a band is a single bin; above, bands are logarithmic: harmonics below, timbre above."""
CHANNELS: Final = (24, 40, 64)
"""Channels of the three levels; part of the weights' layout, like the next constant."""
DILATIONS: Final = (1, 2, 4, 1)
"""Dilations of the deepest layers, in frames."""
RECEPTIVE_FIELD: Final = 24
"""Frames on either side that can change a frame's masks; follows from the layers."""
MASK_GAIN: Final = 1.5
"""Factor of the corrections before the softmax; part of the trained network."""
RENAMED: Final = {"place": "positional"}
"""Keys of the published weights -> parameters of the network."""
FLOOR: Final = 1e-6
"""Floor of magnitudes relative to the loudest bin: -120 dB."""


class MaskNetwork(nn.Module):
    """Masks from a mixture's magnitudes and the NMF contribution of each speaker."""

    to_bands: Tensor
    to_bins: Tensor

    def __init__(self) -> None:
        super().__init__()
        to_bands, to_bins = _bands()
        self.register_buffer("to_bands", to_bands, persistent=False)
        self.register_buffer("to_bins", to_bins, persistent=False)
        one, two, three = CHANNELS
        self.positional = nn.Parameter(torch.zeros(1, 4, 1, BANDS))
        self.down1 = _Layer(7, one, (3, 5), (1, 2))
        self.down2 = nn.Sequential(_Layer(one, two, (3, 3), (1, 2)), _Layer(two, two))
        self.down3 = _Layer(two, three, (3, 3), (1, 2))
        self.deep = nn.ModuleList(
            nn.Sequential(_Layer(three, three, dilation=dilation), _Layer(three, three, (3, 7)))
            for dilation in DILATIONS
        )
        self.up2 = _Layer(three + two, two)
        self.up1 = _Layer(two + one, one)
        self.out = nn.Conv2d(one, 2, (3, 3), padding=1)
        nn.init.zeros_(self.out.weight)
        assert self.out.bias is not None
        nn.init.zeros_(self.out.bias)

    def features(self, magnitude: Tensor, explained: Tensor) -> Tensor:
        """Input of the layers, shape (windows, speakers, 3, frames, bands).

        The three are the logarithms of the mixture, of the speaker's contribution and of the others' sum, relative to
        the mixture's loudest band. Shapes: ``magnitude`` (windows, frames, bins), ``explained`` (windows, speakers,
        frames, bins); both are scaled so that the loudest bin is near 1.
        """
        rest = (explained.sum(1, keepdim=True) - explained).clamp_min(0)
        speaker = torch.log(explained @ self.to_bands + FLOOR)
        others = torch.log(rest @ self.to_bands + FLOOR)
        mixture = torch.log(magnitude @ self.to_bands + FLOOR)[:, None].expand_as(speaker)
        loudest = mixture.amax((2, 3), keepdim=True)
        return torch.stack([mixture - loudest, speaker - loudest, others - loudest], 2) / 3 + 1

    def corrections(self, features: Tensor) -> Tensor:
        """Corrections of the logarithms of the contributions, shape (windows, speakers, frames, bins)."""
        windows, speakers, _, frames, _ = features.shape
        positional = self.positional.expand(windows * speakers, -1, frames, -1)
        first = self.down1(torch.cat([features.flatten(0, 1), positional], 1))  # (windows × speakers, channels, …)
        second = self.down2(first)
        deep = self.down3(second)
        for layer in self.deep:
            deep = deep + layer(deep)
        second = self.up2(torch.cat([_upsample(deep), second], 1))
        first = self.up1(torch.cat([_upsample(second), first], 1))
        bands = self.out(first).float().permute(0, 2, 3, 1).reshape(windows, speakers, frames, BANDS)
        corrections: Tensor = bands @ self.to_bins.T
        return corrections

    def forward(self, magnitude: Tensor, explained: Tensor) -> Tensor:
        """Masks, shape (windows, speakers, frames, bins), with the sum one over the speakers."""
        return masks(explained, self.corrections(self.features(magnitude, explained)))


def masks(explained: Tensor, corrections: Tensor) -> Tensor:
    """The corrected contributions as masks with the sum one over axis 1."""
    return torch.softmax(SHARPNESS * torch.log(explained + FLOOR / 10) + MASK_GAIN * corrections, 1)


def load_mask_network(name: str, models: Store, device: torch.device) -> MaskNetwork:
    """The network with the weights called ``name`` in the store; raises `BadModel`, `MissingModel`."""
    network = MaskNetwork()
    try:
        weights = load_file(models.path(name) / "model.safetensors")
        network.load_state_dict({RENAMED.get(key, key): tensor for key, tensor in weights.items()})
    except RuntimeError as error:
        raise BadModel("not the weights of a mask network", where=name) from error
    return network.to(memory_format=torch.channels_last).to(device).eval()


class _Layer(nn.Sequential):
    """A convolution over (frames, bands), batch normalization and ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1),
        dilation: int = 1,
    ) -> None:
        padding = (dilation * (size[0] // 2), size[1] // 2)
        convolution = nn.Conv2d(inputs, outputs, size, stride, padding, (dilation, 1), bias=False)
        super().__init__(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def _upsample(layers: Tensor) -> Tensor:
    """Repeat every band."""
    return layers.repeat_interleave(2, dim=3)


def _bands() -> tuple[Tensor, Tensor]:
    """Triangular bands, shape (bins, bands): normalized per band for `to_bands`, and per bin for `to_bins`."""
    bins = np.arange(BINS, dtype=np.float64)
    single = int(LINEAR * WINDOW / RATE)
    centers = np.concatenate([bins[:single], np.geomspace(single, BINS - 1, BANDS - single)])
    below = np.concatenate([[-1.0], centers[:-1]])
    above = np.concatenate([centers[1:], [2 * centers[-1] - centers[-2]]])
    rise = (bins[:, None] - below) / (centers - below)
    fall = (above - bins[:, None]) / (above - centers)
    bands = np.clip(np.minimum(rise, fall), 0, 1)
    to_bins = bands / bands.sum(axis=1, keepdims=True)
    return torch.tensor(bands / bands.sum(axis=0), dtype=torch.float32), torch.tensor(to_bins, dtype=torch.float32)
