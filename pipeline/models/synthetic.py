"""A synthetic world of tones, in which every stage can be run and checked without weights.

Each of six speakers ("a" to "f") has 24 words ("a0" to "a23"); a word is a pure tone that fills one bin of a 20 ms
Fourier frame. `synthesize` renders words as audio, and the models here recover them exactly, also where they overlap.
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
from pipeline.models.protocols import (
    Diarization,
    DiarizerModel,
    EmbedderCalibration,
    Model,
    NameCalibration,
    SeparatorModel,
    SpeakerBounds,
)

if TYPE_CHECKING:
    from pipeline.models.weights import Store

SPEAKERS = "abcdef"
"""The speakers, by the letter that their words begin with."""
WORDS = 24
"""Words of each speaker."""
FRAME = 0.02
"""Length of a frame in seconds. Words that begin and end on frames are recovered exactly."""
LEVEL = 0.1
"""Amplitude of a tone, chosen by hand: the tones of all speakers together stay below full scale."""
_FIRST_BIN = 10
"""Bin of the first word: 500 Hz. The last word's tone, at 7650 Hz, is below half the sample rate."""
_ACTIVE = 0.6
"""Minimum amplitude of an active tone, relative to `LEVEL`. It decides how much of its first frame a word must fill."""
_PAUSE = 0.5
"""Longest pause in seconds between two words of one turn."""


def synthesize(words: Sequence[Word], duration: float) -> Samples:
    """Audio of ``duration`` seconds in which every word sounds from its start to its end."""
    samples = np.zeros(to_sample(duration), np.float32)
    for word in words:
        first, last = to_sample(word.start), min(to_sample(word.end), len(samples))
        bin_ = _FIRST_BIN + SPEAKERS.index(word.text[0]) * WORDS + int(word.text[1:])
        time = np.arange(first, last) / RATE
        samples[first:last] += (LEVEL * np.sin(2 * np.pi * (bin_ / FRAME) * time)).astype(np.float32)
    return samples


class SyntheticRecognizer(Model):
    """Recovers the words of `synthesize`."""

    version = 1

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> SyntheticRecognizer:
        return cls()

    def detect_language(self, samples: Samples) -> str:
        return "en"

    def recognize(self, windows: Sequence[Samples], language: str, fallback: bool = False) -> list[tuple[Word, ...]]:
        return [tuple(sorted(_words(window), key=lambda w: (w.start, w.text))) for window in windows]


class SyntheticDiarizer(DiarizerModel):
    """Recovers the turns of all speakers, whatever number of speakers is asked for."""

    version = 1

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> SyntheticDiarizer:
        return cls()

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization:
        spans: dict[str, list[Span]] = {}
        for word in _words(audio.samples):
            spans.setdefault(word.text[0], []).append(Span(word.start, word.end))
        progress(audio.duration, audio.duration)
        turns = (Turn(s.start, s.end, speaker) for speaker, words in spans.items() for s in union(words, _PAUSE))
        return Diarization(tuple(turns))


class SyntheticSeparator(SeparatorModel):
    """Filters each speaker's band out of the mixture: a perfect separator, its rows in reverse order."""

    version = 1

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> SyntheticSeparator:
        return cls()

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> NDArray[np.float32]:
        spectrum = np.fft.rfft(mixture)
        band = np.arange(len(spectrum)) * RATE / max(1, len(mixture)) * FRAME - _FIRST_BIN + 0.5
        rows = []
        for samples in solo.values():
            speaker = int(np.argmax(_bands(samples)))
            in_band = (band >= speaker * WORDS) & (band < (speaker + 1) * WORDS)
            rows.append(np.fft.irfft(np.where(in_band, spectrum, 0), len(mixture)))
        return np.array(rows[::-1], np.float32).reshape(len(rows), len(mixture))


class SyntheticEmbedder(Model):
    """Embeds a clip as the loudness of each speaker."""

    version = 1
    calibration = EmbedderCalibration(names=NameCalibration(wide=0.7, narrow=0.7, margin=0.2))

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> SyntheticEmbedder:
        return cls()

    def embed(self, clips: Sequence[Samples]) -> NDArray[np.float32]:
        rows = np.array([_bands(clip) for clip in clips], np.float32).reshape(len(clips), len(SPEAKERS))
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.where(norms > 0, rows / np.where(norms > 0, norms, 1), np.nan).astype(np.float32)


def _tones(samples: Samples) -> NDArray[np.float64]:
    """Amplitude of every word in every frame: shape (frames, speakers × words)."""
    size = to_sample(FRAME)
    whole = np.zeros(-(-len(samples) // size) * size)
    whole[: len(samples)] = samples
    spectrum = np.abs(np.fft.rfft(whole.reshape(-1, size), axis=1)) * 2 / size
    return np.asarray(spectrum[:, _FIRST_BIN : _FIRST_BIN + len(SPEAKERS) * WORDS], np.float64)


def _words(samples: Samples) -> Iterator[Word]:
    """The words of the samples, by tone and then by time."""
    active = _tones(samples) > _ACTIVE * LEVEL
    edges = np.diff(active.astype(np.int8), axis=0, prepend=0, append=0)
    for tone in np.flatnonzero(active.any(axis=0)):
        text = f"{SPEAKERS[tone // WORDS]}{tone % WORDS}"
        starts, ends = np.flatnonzero(edges[:, tone] == 1), np.flatnonzero(edges[:, tone] == -1)
        for start, end in zip(starts, ends, strict=True):
            yield Word(float(start * FRAME), float(min(end * FRAME, len(samples) / RATE)), text, 0.9)


def _bands(samples: Samples) -> NDArray[np.float64]:
    """Sum of the amplitudes of each speaker's words over all frames: shape (speakers,)."""
    return np.asarray(_tones(samples).reshape(-1, len(SPEAKERS), WORDS).sum(axis=(0, 2)))
