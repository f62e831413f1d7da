"""A fake that ships: a world of tones in which every stage can be run and checked without weights.

Each of six voices ("a" to "f") speaks 24 words ("a0" to "a23"); a word is a pure tone that fills one bin of a 20 ms
Fourier frame. `speak` renders words as audio, and the models here hear them again exactly, also where they overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.config.schema import Config
from pipeline.core.audio import RATE, Audio, Samples, to_sample
from pipeline.core.events import Progress
from pipeline.core.timeline import union
from pipeline.core.types import Span, Turn, Word
from pipeline.models.protocols import Diarization, EmbedderCalibration, SpeakerBounds

if TYPE_CHECKING:
    from pipeline.models.weights import Store

VOICES = "abcdef"
WORDS = 24
FRAME = 0.02
"""Seconds; words are exact when they begin and end on frames."""
LEVEL = 0.1
_FIRST_BIN = 10
_HEARD = 0.6
"""A tone counts where it fills more than this part of a frame."""
_PAUSE = 0.5
"""A voice's words at most so far apart are one turn, in seconds."""


def synthesize(words: Sequence[Word], duration: float) -> Samples:
    """Audio of ``duration`` seconds in which every word sounds from its start to its end."""
    samples = np.zeros(to_sample(duration), np.float32)
    for word in words:
        first, last = to_sample(word.start), min(to_sample(word.end), len(samples))
        bin_ = _FIRST_BIN + VOICES.index(word.text[0]) * WORDS + int(word.text[1:])
        time = np.arange(first, last) / RATE
        samples[first:last] += (LEVEL * np.sin(2 * np.pi * (bin_ / FRAME) * time)).astype(np.float32)
    return samples


class SyntheticRecognizer:
    """Hears the words of `speak`."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> SyntheticRecognizer:
        return cls()

    def detect_language(self, samples: Samples) -> str:
        return "en"

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        return [tuple(sorted(_words(window), key=lambda w: (w.start, w.text))) for window in windows]


class SyntheticDiarizer:
    """Hears which voices sound when; voices beyond the asked number are left out, the quietest first."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> SyntheticDiarizer:
        return cls()

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization:
        spans: dict[str, list[Span]] = {}
        for word in _words(audio.samples):
            spans.setdefault(word.text[0], []).append(Span(word.start, word.end))
        progress(audio.duration, audio.duration)
        return Diarization(
            tuple(Turn(s.start, s.end, voice) for voice, own in spans.items() for s in union(own, _PAUSE))
        )


class SyntheticSeparator:
    """Filters each voice's band out of the mixture: a perfect separator, its rows in reverse order."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> SyntheticSeparator:
        return cls()

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> NDArray[np.float32]:
        spectrum = np.fft.rfft(mixture)
        band = np.arange(len(spectrum)) * RATE / max(1, len(mixture)) * FRAME - _FIRST_BIN + 0.5
        rows = []
        for samples in solo.values():
            voice = int(np.argmax(_bands(samples)))
            own = (band >= voice * WORDS) & (band < (voice + 1) * WORDS)
            rows.append(np.fft.irfft(np.where(own, spectrum, 0), len(mixture)))
        return np.array(rows[::-1], np.float32).reshape(len(rows), len(mixture))


class SyntheticEmbedder:
    """A vector of how loud each voice is."""

    calibration = EmbedderCalibration()

    @classmethod
    def from_config(cls, config: Config, models: Store) -> SyntheticEmbedder:
        return cls()

    def embed(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        rows = np.array([_bands(clip) for clip in clips], np.float32).reshape(len(clips), len(VOICES))
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.where(norms > 0, rows / np.where(norms > 0, norms, 1), np.nan).astype(np.float32)


def _tones(samples: Samples) -> NDArray[np.float64]:
    """Amplitude of every word in every frame: shape (frames, voices × words)."""
    size = to_sample(FRAME)
    whole = np.zeros(-(-len(samples) // size) * size)
    whole[: len(samples)] = samples
    spectrum = np.abs(np.fft.rfft(whole.reshape(-1, size), axis=1)) * 2 / size
    return np.asarray(spectrum[:, _FIRST_BIN : _FIRST_BIN + len(VOICES) * WORDS], np.float64)


def _words(samples: Samples) -> Iterator[Word]:
    active = _tones(samples) > _HEARD * LEVEL
    edges = np.diff(active.astype(np.int8), axis=0, prepend=0, append=0)
    for tone in np.flatnonzero(active.any(axis=0)):
        text = f"{VOICES[tone // WORDS]}{tone % WORDS}"
        starts, ends = np.flatnonzero(edges[:, tone] == 1), np.flatnonzero(edges[:, tone] == -1)
        for start, end in zip(starts, ends, strict=True):
            yield Word(float(start * FRAME), float(min(end * FRAME, len(samples) / RATE)), text, 0.9)


def _bands(samples: Samples) -> NDArray[np.float64]:
    return np.asarray(_tones(samples).reshape(-1, len(VOICES), WORDS).sum(axis=(0, 2)))
