"""The network of `pipeline.models.embedders.campplus` and its features.

The names of the modules are those of the published weights (3D-Speaker's ``CAMPPlus``).

As published, a clip's frames depend on the whole clip: the mean of its features is taken off, and each layer masks its
output by means over the clip. With ``local_context`` both are moving averages instead, so that the frames of a long
recording are computed once, and a frame depends on some seconds around it, as if each clip had been embedded by itself.

Clips of different lengths can share a batch: `Padding` then masks the frames behind the end of each clip wherever they
would reach others, so that a clip has the vector that it has alone, up to rounding.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.core.audio import RATE

BANDS: Final = 80
"""Mel bands of the features."""
WIDTH: Final = 192
"""Dimension of an embedding."""
CHANNELS: Final = 512
"""Values of a frame before pooling."""
WINDOW, HOP, FFT = 400, 160, 512
"""Samples of a window (25 ms), between the starts of windows (10 ms), and of the transform."""
PREEMPHASIS: Final = 0.97
"""Kaldi's default: share of the sample before that is taken off each sample."""
LOWEST: Final = 20.0
"""Lower edge of the mel bands in Hertz, Kaldi's default; the upper one is half the sample rate."""
SEGMENT: Final = 100
"""Frames over which a layer averages its local context (2 s)."""
LOCAL_CONTEXT: Final = 81
"""Frames of the layers' moving average (1.6 s), see the module; an odd number. As good as clips of 1.6 s on the tuning
recordings (docs/experiments/diarization.md); a longer one mixes the speakers of neighboring turns."""
LOCAL_MEAN: Final = 301
"""Feature frames of the moving mean that is taken off (3 s), see the module; an odd number. Chosen by hand."""
FRAME: Final = 2 * HOP
"""Samples per frame after the layer that halves their number (20 ms)."""
_HEAD: Final = 32
_GROWTH, _BOTTLENECK, _FIRST = 32, 128, 128
_BLOCKS: Final = ((12, 1), (24, 2), (16, 2))
"""Layers and dilation of each dense block."""


class Padding(NamedTuple):
    """Which frames of a padded batch belong to its clips: 1 there, 0 behind the end of a clip."""

    features: Tensor
    """Of the features, shape (batch, 1, feature frames)."""
    frames: Tensor
    """Of the frames after the layer that halves their number, shape (batch, 1, frames)."""
    share: Tensor
    """The share of a clip's frames in all frames, shape (batch, 1, 1)."""
    segments: Tensor
    """The share of a clip's frames in each segment, shape (batch, 1, segments); where it has no frame, not 0."""

    @classmethod
    def behind(cls, lengths: Tensor, samples: int) -> Padding:
        """That of waveforms of shape (batch, samples) whose clips have ``lengths`` samples, shape (batch,)."""
        number = 1 + (samples - WINDOW) // HOP
        last = 1 + (lengths - WINDOW) // HOP  # (batch,)
        features = (torch.arange(number, device=lengths.device) < last[:, None]).float()[:, None]
        frames = features[:, :, ::2]
        segments = functional.avg_pool1d(frames, SEGMENT, SEGMENT, ceil_mode=True).clamp_min(1 / SEGMENT)
        return cls(features, frames, frames.mean(dim=2, keepdim=True), segments)


class CampPlus(nn.Module):
    """CAM++: waveforms (batch, samples), at least 0.2 s, to vectors (batch, 192); ``local_context``: see the module."""

    def __init__(self, local_context: bool = False) -> None:
        super().__init__()
        self._local_context = local_context
        self.head = _Head()
        layers: OrderedDict[str, nn.Module] = OrderedDict(tdnn=_Tdnn(_HEAD * BANDS // 8, _FIRST))
        channels = _FIRST
        for number, (count, dilation) in enumerate(_BLOCKS, 1):
            layers[f"block{number}"] = _DenseBlock(count, channels, dilation, local_context)
            channels += count * _GROWTH
            layers[f"transit{number}"] = _Transit(channels, channels // 2)
            channels //= 2
        layers["out_nonlinear"] = _nonlinear(channels)
        layers["dense"] = _Dense(2 * channels, WIDTH)
        self.xvector = nn.ModuleDict(layers)

    def forward(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The vectors; ``lengths`` (batch,) are the numbers of samples of the clips, the rest of a row is padding."""
        if lengths is None:
            frames = self.frames(waveforms)
            return self._embed(frames.mean(dim=2), frames.std(dim=2))
        padding = Padding.behind(lengths, waveforms.shape[1])
        frames = self.frames(waveforms, padding) * padding.frames
        number = padding.frames.sum(dim=2)  # (batch, 1)
        mean = frames.sum(dim=2) / number
        squares = ((frames - mean[:, :, None]) * padding.frames).square().sum(dim=2)
        return self._embed(mean, (squares / (number - 1)).sqrt())

    def frames(self, waveforms: Tensor, padding: Padding | None = None) -> Tensor:
        """The frames before pooling, one for each `FRAME` samples: shape (batch, 512, frames)."""
        bands = features_of(waveforms).transpose(1, 2)  # (batch, 80, feature frames)
        if padding is not None:
            bands = bands * padding.features
            mean = bands.sum(dim=2, keepdim=True) / padding.features.sum(dim=2, keepdim=True)
        elif self._local_context:
            mean = _moving_average(bands, LOCAL_MEAN)
        else:
            mean = bands.mean(dim=2, keepdim=True)
        frames: Tensor = self.head(bands - mean, padding)  # (batch, 320, feature frames)
        for name, layer in self.xvector.items():
            if isinstance(layer, _DenseBlock):
                frames = layer(frames, padding)
            elif name != "dense":
                frames = layer(frames)
        return frames

    def pool(self, frames: Tensor, weights: Tensor) -> Tensor:
        """Vectors (speakers, 192) of ``frames``, (512, frames), by ``weights``, (speakers, frames), not all zero."""
        shares = weights / weights.sum(dim=1, keepdim=True)
        mean = shares @ frames.T  # (speakers, 512)
        variance = shares @ frames.T.square() - mean.square()
        return self._embed(mean, variance.clamp_min(0).sqrt())

    def _embed(self, mean: Tensor, deviation: Tensor) -> Tensor:
        vectors: Tensor = self.xvector["dense"](torch.cat([mean, deviation], dim=1))
        return vectors


class _Head(nn.Module):
    """Residual convolutions over bands and time: (batch, 80, frames) to (batch, 320, frames)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, _HEAD, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(_HEAD)
        self.layer1 = nn.Sequential(_Residual(2), _Residual(1))
        self.layer2 = nn.Sequential(_Residual(2), _Residual(1))
        self.conv2 = nn.Conv2d(_HEAD, _HEAD, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(_HEAD)

    def forward(self, bands: Tensor, padding: Padding | None) -> Tensor:
        mask = None if padding is None else padding.features[:, None]  # (batch, 1, 1, frames)
        planes = _masked(bands[:, None], mask)
        planes = _masked(self.bn1(self.conv1(planes)).relu(), mask)  # (batch, 32, 80, frames)
        for layer in (*self.layer1, *self.layer2):
            planes = layer(planes, mask)
        planes = _masked(self.bn2(self.conv2(planes)).relu(), mask)  # (batch, 32, 10, frames)
        return planes.flatten(1, 2)


class _Residual(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(_HEAD, _HEAD, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(_HEAD)
        self.conv2 = nn.Conv2d(_HEAD, _HEAD, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(_HEAD)
        projection = (nn.Conv2d(_HEAD, _HEAD, 1, stride=(stride, 1), bias=False), nn.BatchNorm2d(_HEAD))
        self.shortcut = nn.Sequential(*projection) if stride > 1 else nn.Sequential()

    def forward(self, planes: Tensor, mask: Tensor | None) -> Tensor:
        changed = self.bn2(self.conv2(_masked(self.bn1(self.conv1(planes)).relu(), mask)))
        return _masked((changed + self.shortcut(planes)).relu(), mask)


class _Tdnn(nn.Module):
    """The layer that halves the number of frames."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 5, stride=2, padding=2, bias=False)
        self.nonlinear = _nonlinear(outputs)

    def forward(self, frames: Tensor) -> Tensor:
        result: Tensor = self.nonlinear(self.linear(frames))
        return result


class _DenseBlock(nn.Module):
    """Layers that each get the frames and the outputs of all layers before."""

    def __init__(self, count: int, channels: int, dilation: int, local_context: bool) -> None:
        super().__init__()
        for number in range(count):
            self.add_module(f"tdnnd{number + 1}", _DenseLayer(channels + number * _GROWTH, dilation, local_context))

    def forward(self, frames: Tensor, padding: Padding | None) -> Tensor:
        for layer in self.children():
            frames = torch.cat([frames, layer(frames, padding)], dim=1)
        return frames


class _DenseLayer(nn.Module):
    def __init__(self, inputs: int, dilation: int, local_context: bool) -> None:
        super().__init__()
        self.nonlinear1 = _nonlinear(inputs)
        self.linear1 = nn.Conv1d(inputs, _BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _nonlinear(_BOTTLENECK)
        self.cam_layer = _ContextMask(dilation, local_context)

    def forward(self, frames: Tensor, padding: Padding | None) -> Tensor:
        frames = self.nonlinear2(self.linear1(self.nonlinear1(frames)))
        result: Tensor = self.cam_layer(_masked(frames, None if padding is None else padding.frames), padding)
        return result


class _ContextMask(nn.Module):
    """A convolution whose output is masked by the mean of all frames and that of each segment of `SEGMENT` frames.

    With local context, the moving average takes the place of both.
    """

    def __init__(self, dilation: int, local_context: bool) -> None:
        super().__init__()
        self._local_context = local_context
        self.linear_local = nn.Conv1d(_BOTTLENECK, _GROWTH, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(_BOTTLENECK, _BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(_BOTTLENECK // 2, _GROWTH, 1)

    def forward(self, frames: Tensor, padding: Padding | None) -> Tensor:
        context = self.linear1(self._context(frames, padding)).relu()
        masked: Tensor = self.linear_local(frames) * self.linear2(context).sigmoid()
        return masked

    def _context(self, frames: Tensor, padding: Padding | None) -> Tensor:
        if self._local_context:
            return 2 * _moving_average(frames, LOCAL_CONTEXT)
        mean = frames.mean(dim=2, keepdim=True)
        segments = functional.avg_pool1d(frames, SEGMENT, SEGMENT, ceil_mode=True)
        if padding is not None:
            mean, segments = mean / padding.share, segments / padding.segments
        return mean + segments.repeat_interleave(SEGMENT, dim=2)[:, :, : frames.shape[2]]


class _Transit(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.nonlinear = _nonlinear(inputs)
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        result: Tensor = self.linear(self.nonlinear(frames))
        return result


class _Dense(nn.Module):
    """The last layer: statistics (rows, 1024) to vectors (rows, 192)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)
        self.nonlinear = nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(outputs, affine=False)))

    def forward(self, statistics: Tensor) -> Tensor:
        vectors: Tensor = self.nonlinear(self.linear(statistics[:, :, None])[:, :, 0])
        return vectors


def _masked(frames: Tensor, mask: Tensor | None) -> Tensor:
    """The frames with zeros where the mask is 0: what a convolution reads behind the end of a clip."""
    return frames if mask is None else frames * mask


def _nonlinear(channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(channels), relu=nn.ReLU()))


def _moving_average(frames: Tensor, width: int) -> Tensor:
    """The mean of the ``width`` frames around each frame, fewer at the ends; shape (batch, channels, frames)."""
    half, count = width // 2, frames.shape[2]
    sums = functional.pad(frames.cumsum(dim=2), (0, half), mode="replicate")
    sums = functional.pad(sums, (half + 1, 0))  # (batch, channels, half + 1 + frames + half)
    middle = torch.arange(count, device=frames.device)
    number = (middle + half).clamp_max(count - 1) - (middle - half).clamp_min(0) + 1
    return (sums[:, :, width:] - sums[:, :, :-width]) / number


def features_of(waveforms: Tensor) -> Tensor:
    """Logarithmic mel bands, shape (batch, frames, 80), of waveforms (batch, samples).

    They are those of ``torchaudio.compliance.kaldi.fbank`` with 80 bands and no dither.
    """
    frames = waveforms.unfold(1, WINDOW, HOP)  # (batch, frames, 400)
    frames = frames - frames.mean(dim=2, keepdim=True)
    before = functional.pad(frames, (1, 0), mode="replicate")[:, :, :-1]
    frames = (frames - PREEMPHASIS * before) * _window(frames.device)
    power = torch.fft.rfft(frames, FFT).abs().square()  # (batch, frames, 257)
    bands: Tensor = (power @ _mel_bands(power.device)).clamp_min(torch.finfo(torch.float32).eps).log()
    return bands


@functools.cache
def _window(device: torch.device) -> Tensor:
    """Kaldi's "povey" window: a Hann window to the power of 0.85."""
    return torch.hann_window(WINDOW, periodic=False).pow(0.85).to(device)


@functools.cache
def _mel_bands(device: torch.device) -> Tensor:
    """Kaldi's triangular bands over the bins, shape (257, 80), at equal distances in mel."""
    low, high = (1127.0 * torch.log1p(torch.tensor(hertz) / 700.0) for hertz in (LOWEST, RATE / 2))
    edges = low + (high - low) / (BANDS + 1) * torch.arange(BANDS + 2)  # (82,)
    bins = 1127.0 * torch.log1p(torch.arange(FFT // 2) * (RATE / FFT) / 700.0)[:, None]  # (256, 1)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bands = functional.pad(torch.minimum(rising, falling).clamp_min(0), (0, 0, 0, 1))  # the last bin has no band
    return bands.to(device)
