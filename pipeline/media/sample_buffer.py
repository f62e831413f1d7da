"""The decoded samples at 16 kHz on the time line of the file, and the resampling of frames."""

from __future__ import annotations

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from pipeline.core.audio import RATE, to_sample
from pipeline.core.errors import InputError

Array = NDArray[np.float32]
_INITIAL_SIZE = 60 * RATE
"""Samples allocated at first (one minute). Chosen by hand; the buffer grows by a quarter."""
_MIN_BROKEN_PLANES = 8
"""Channels of a planar frame from which on PyAV counts planes wrongly and reads beyond them."""
_MAX_SAMPLE = 1.122
"""Maximum absolute sample (1 dB over full scale), which lossy codecs reach without a fault. Chosen by hand."""
_FLOATS = ("flt", "fltp", "dbl", "dblp")


class SampleBuffer:
    """An array of shape (samples, channels) that grows in place, without a copy of the recording in memory."""

    def __init__(self, channels: int, hours: float, name: str) -> None:
        self._limit = to_sample(hours * 3600)
        self._hours, self._name = hours, name
        self._samples: Array = np.zeros((_INITIAL_SIZE, channels), np.float32)
        self.length = 0

    def append(self, block: Array) -> None:
        """Append a block of shape (channels, samples). If the number of channels differs, each gets the mean."""
        channels = self._samples.shape[1]
        if len(block) != channels:
            block = block.mean(axis=0, keepdims=True)
        start, end = self.length, self.length + block.shape[1]
        self._make_room(end)
        np.clip(block.T, -1, 1, out=self._samples[start:end])
        self.length = end

    def pad_to(self, end: int) -> None:
        """Append silence up to sample ``end``."""
        self._make_room(end)
        self.length = max(self.length, end)

    def crop(self) -> Array:
        """The written samples; the buffer cannot be used afterwards."""
        samples, self._samples = self._samples, np.zeros((0, self._samples.shape[1]), np.float32)
        samples.resize((self.length, samples.shape[1]), refcheck=False)
        return samples

    def _make_room(self, end: int) -> None:
        if end > self._limit:
            raise InputError(
                f"is longer than the limit of {self._hours:g} h", where=self._name, hint="cut it into parts"
            )
        if end > len(self._samples):
            size = min(self._limit, max(end, len(self._samples) * 5 // 4))
            self._samples.resize((size, self._samples.shape[1]), refcheck=False)


class Resampler:
    """Converts frames of any format to float32 blocks of shape (channels, samples) at 16 kHz, without delay or loss."""

    def __init__(self) -> None:
        self._resampler: AudioResampler | None = None
        self._kind: tuple[str, str, int] | None = None

    def convert(self, frame: AudioFrame) -> list[Array]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        blocks = self.flush() if kind != self._kind else []
        if self._resampler is None:
            self._resampler = AudioResampler(format="flt", layout=frame.layout, rate=RATE)
            self._kind = kind
        frame.pts = None
        return blocks + [_array(part) for part in self._resampler.resample(frame)]

    def flush(self) -> list[Array]:
        """The samples still in the resampler."""
        resampler, self._resampler, self._kind = self._resampler, None, None
        if resampler is None:
            return []
        return [_array(part) for part in resampler.resample(None) if part is not None]


def sanitize(frame: AudioFrame) -> tuple[AudioFrame, int, int]:
    """A frame with finite samples in range, the number of samples that were not finite, and of those beyond range."""
    if frame.format.name not in _FLOATS:
        return frame, 0, 0
    if frame.format.is_planar and frame.layout.nb_channels >= _MIN_BROKEN_PLANES:
        frame = AudioResampler(format="flt", layout=frame.layout, rate=frame.sample_rate).resample(frame)[0]
    kind = np.dtype(np.float32 if frame.format.name.startswith("flt") else np.float64)
    width = frame.samples * (1 if frame.format.is_planar else frame.layout.nb_channels)
    bad = loud = 0
    for plane in frame.planes:
        samples = np.frombuffer(memoryview(plane), kind)[:width]
        finite = np.isfinite(samples)
        over = np.abs(samples) > _MAX_SAMPLE
        if finite.all() and not over.any():
            continue
        bad += int(np.sum(~finite))
        loud += int(np.sum(over & finite))
        np.clip(np.where(finite, samples, 0), -_MAX_SAMPLE, _MAX_SAMPLE, out=samples)
    return frame, bad, loud


def _array(frame: AudioFrame) -> Array:
    """Samples of a packed frame; shape (channels, samples)."""
    return np.asarray(frame.to_ndarray(), np.float32).reshape(frame.samples, -1).T
