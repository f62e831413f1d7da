"""The recording as it grows: samples at 16 kHz, laid on the file's own clock."""

from __future__ import annotations

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from pipeline.core.audio import RATE, to_sample
from pipeline.core.errors import InputError

Array = NDArray[np.float32]
_FIRST = 60 * RATE
_MOST_PLANES = 8  # PyAV counts the planes of a frame with 8 or more wrongly and reads beyond them
_FLOATS = ("flt", "fltp", "dbl", "dblp")


class SampleBuffer:
    """Samples × channels in one array that grows in place, so that the peak of memory is what the recording takes."""

    def __init__(self, channels: int, hours: float, name: str) -> None:
        self._limit = to_sample(hours * 3600)
        self._hours, self._name = hours, name
        self._samples: Array = np.zeros((_FIRST, channels), np.float32)
        self.length = 0

    def append(self, block: Array) -> None:
        """Write a block (channels × samples); with another number of channels than the tape's, its mean into each."""
        channels = self._samples.shape[1]
        if len(block) != channels:
            block = block.mean(axis=0, keepdims=True)
        start, end = self.length, self.length + block.shape[1]
        self._make_room(end)
        np.clip(block.T, -1, 1, out=self._samples[start:end])
        self.length = end

    def pad_to(self, to: int) -> None:
        """Leave silence up to a sample."""
        self._make_room(to)
        self.length = max(self.length, to)

    def crop(self) -> Array:
        """What was written; the tape is used up."""
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
    """Frames of any kind into float32 blocks (channels × samples) at 16 kHz, without delay or loss at the seams."""

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
        """What the resampler still holds."""
        resampler, self._resampler, self._kind = self._resampler, None, None
        if resampler is None:
            return []
        return [_array(part) for part in resampler.resample(None) if part is not None]


def sanitize(frame: AudioFrame) -> tuple[AudioFrame, int, int]:
    """A frame whose samples are finite and in range; how many were not finite, and how many far too loud.

    Up to 1 dB over full scale is what lossy codecs do, and no fault.
    """
    if frame.format.name not in _FLOATS:
        return frame, 0, 0
    if frame.format.is_planar and frame.layout.nb_channels >= _MOST_PLANES:
        frame = AudioResampler(format="flt", layout=frame.layout, rate=frame.sample_rate).resample(frame)[0]
    kind = np.dtype(np.float32 if frame.format.name.startswith("flt") else np.float64)
    width = frame.samples * (1 if frame.format.is_planar else frame.layout.nb_channels)
    bad = loud = 0
    for plane in frame.planes:
        samples = np.frombuffer(memoryview(plane), kind)[:width]
        finite = np.isfinite(samples)
        over = np.abs(samples) > 1.122
        if finite.all() and not over.any():
            continue
        bad += int(np.sum(~finite))
        loud += int(np.sum(over & finite))
        np.clip(np.where(finite, samples, 0), -1.122, 1.122, out=samples)
    return frame, bad, loud


def _array(frame: AudioFrame) -> Array:
    """Channels × samples of a packed frame."""
    return np.asarray(frame.to_ndarray(), np.float32).reshape(frame.samples, -1).T
