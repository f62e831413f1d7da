"""The network that refines what exemplars say of an overlap: a small U-net over time and frequency, voice by voice.

For each voice it sees the mixture, what the voice's exemplars explain of it and what the others' do, in bands, and
answers with a correction of the voice's claim to every band; a softmax over the voices makes masks that add up to one.
It starts as the exemplars' own masks, knows no speaker, and works for any number of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from pipeline.core.audio import RATE
from pipeline.core.errors import BadModel
from pipeline.models.separators.nmf import SHARPNESS, WINDOW

if TYPE_CHECKING:
    from pipeline.models.weights import Store

BINS: Final = WINDOW // 2 + 1
BANDS: Final = 256
LINEAR: Final = 3000.0
"""Single bins up to so many Hz, wider and wider bands above: harmonics are told apart below, timbre above."""
CHANNELS: Final = (24, 40, 64)
DILATIONS: Final = (1, 2, 4, 1)
"""Of the deepest layers, in frames."""
RECEPTIVE_FIELD: Final = 24
"""Frames on either side beyond which nothing can change a frame's masks, but for the window's loudness."""
MASK_GAIN: Final = 1.5
FLOOR: Final = 1e-6
"""Of the loudest bin: -120 dB."""


class MaskNetwork(nn.Module):
    """Masks from a mixture's magnitudes and what each voice explains of them."""

    into: Tensor
    back: Tensor

    def __init__(self) -> None:
        super().__init__()
        into, back = _bands()
        self.register_buffer("into", into, persistent=False)
        self.register_buffer("back", back, persistent=False)
        one, two, three = CHANNELS
        self.place = nn.Parameter(torch.zeros(1, 4, 1, BANDS))
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

    def look(self, magnitude: Tensor, explained: Tensor) -> Tensor:
        """What the layers see, shape (windows, voices, 3, frames, bands): the logarithms of the mixture, of what the
        voice explains, and of what the others do, relative to the mixture's loudest band.

        ``magnitude`` has shape (windows, frames, bins), ``explained`` (windows, voices, frames, bins); the loudest bin
        is near 1.
        """
        rest = (explained.sum(1, keepdim=True) - explained).clamp_min(0)
        own = torch.log(explained @ self.into + FLOOR)
        others = torch.log(rest @ self.into + FLOOR)
        mixture = torch.log(magnitude @ self.into + FLOOR)[:, None].expand_as(own)
        loudest = mixture.amax((2, 3), keepdim=True)
        return torch.stack([mixture - loudest, own - loudest, others - loudest], 2) / 3 + 1

    def correct(self, seen: Tensor) -> Tensor:
        """Corrections of the logarithms of the claims, shape (windows, voices, frames, bins)."""
        windows, voices, _, frames, _ = seen.shape
        place = self.place.expand(windows * voices, -1, frames, -1)
        first = self.down1(torch.cat([seen.flatten(0, 1), place], 1))
        second = self.down2(first)
        deep = self.down3(second)
        for layer in self.deep:
            deep = deep + layer(deep)
        second = self.up2(torch.cat([_twice(deep), second], 1))
        first = self.up1(torch.cat([_twice(second), first], 1))
        bands = self.out(first).float().permute(0, 2, 3, 1).reshape(windows, voices, frames, BANDS)
        corrections: Tensor = bands @ self.back.T
        return corrections

    def forward(self, magnitude: Tensor, explained: Tensor) -> Tensor:
        """Masks, shape (windows, voices, frames, bins), that add up to one over the voices."""
        return masks(explained, self.correct(self.look(magnitude, explained)))


def masks(explained: Tensor, corrections: Tensor) -> Tensor:
    """The corrected claims as parts of one."""
    return torch.softmax(SHARPNESS * torch.log(explained + FLOOR / 10) + MASK_GAIN * corrections, 1)


def load_mask_network(name: str, models: Store, device: torch.device) -> MaskNetwork:
    """The network with the weights called ``name`` in the store; raises `BadModel`, `MissingModel`."""
    network = MaskNetwork()
    try:
        network.load_state_dict(load_file(models.path(name) / "model.safetensors"))
    except RuntimeError as error:
        raise BadModel("these are not the weights of a refining network", where=name) from error
    return network.to(memory_format=torch.channels_last).to(device).eval()


class _Layer(nn.Sequential):
    """A convolution over (frames, bands), normalised, without what is negative."""

    def __init__(
        self, into: int, out: int, size: tuple[int, int] = (3, 3), stride: tuple[int, int] = (1, 1), dilation: int = 1
    ) -> None:
        padding = (dilation * (size[0] // 2), size[1] // 2)
        convolution = nn.Conv2d(into, out, size, stride, padding, (dilation, 1), bias=False)
        super().__init__(convolution, nn.BatchNorm2d(out), nn.ReLU())


def _twice(layers: Tensor) -> Tensor:
    """Every band twice."""
    return layers.repeat_interleave(2, dim=3)


def _bands() -> tuple[Tensor, Tensor]:
    """Triangular bands, shape (bins, bands), each summing to one; and the way back, each bin's parts summing to one."""
    bins = np.arange(BINS, dtype=np.float64)
    single = int(LINEAR * WINDOW / RATE)
    centres = np.concatenate([bins[:single], np.geomspace(single, BINS - 1, BANDS - single)])
    below = np.concatenate([[-1.0], centres[:-1]])
    above = np.concatenate([centres[1:], [2 * centres[-1] - centres[-2]]])
    rise = (bins[:, None] - below) / (centres - below)
    fall = (above - bins[:, None]) / (above - centres)
    bands = np.clip(np.minimum(rise, fall), 0, 1)
    back = bands / bands.sum(axis=1, keepdims=True)
    return torch.tensor(bands / bands.sum(axis=0), dtype=torch.float32), torch.tensor(back, dtype=torch.float32)
