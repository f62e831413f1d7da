"""Small changes of a recording that should change no result: repeated runs show how much chance is in a figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import Audio
from pipeline.core.types import Transcript, Turn, Utterance, Word

MAX_GAIN_DB = 1.0
"""Maximum change of the level in dB, up or down. Chosen by hand: about the smallest change that listeners notice. A
higher value also measures how a system depends on the level."""
MAX_SHIFT = 160
"""Maximum delay in samples: 10 ms, the distance of Whisper's frames, so that frames begin anywhere in the original
ones. Chosen by hand; a higher value changes nothing but the position in windows of several seconds."""
FULL_SCALE = 32767 / 32768
"""Largest absolute value of a sample that 16 bits can store on both sides of zero."""

_Timed = TypeVar("_Timed", Turn, Word)


def disturb(audio: Audio, number: int) -> Audio:
    """The audio for run ``number``: 0 as it is, otherwise later by `shift` and at another level.

    The gain is drawn uniformly between -`MAX_GAIN_DB` and `MAX_GAIN_DB`, or the gain at which the peak of all channels
    is at `FULL_SCALE` if that is lower. The same number gives the same changes of the same audio.
    """
    if not number:
        return audio
    rng = np.random.default_rng(number)
    zeros = _draw_shift(rng)
    peak = max((_peak(audio.samples), 0.0 if audio.channels is None else _peak(audio.channels)))
    highest = min(MAX_GAIN_DB, 20 * np.log10(FULL_SCALE / peak)) if peak else MAX_GAIN_DB
    gain = 10 ** (rng.uniform(min(-MAX_GAIN_DB, highest), highest) / 20)
    channels = None if audio.channels is None else _changed(audio.channels, zeros, gain)
    return Audio(_changed(audio.samples, zeros, gain), audio.rate, channels)


def shift(number: int) -> int:
    """Number of zero samples at the beginning of the audio of run ``number``: 0, or 1 to `MAX_SHIFT`."""
    return _draw_shift(np.random.default_rng(number)) if number else 0


def undo_shift(transcript: Transcript, seconds: float) -> Transcript:
    """Turns and words of a disturbed recording at the times of the original, ``seconds`` earlier; no ledger, no pauses.

    What lies in the added silence is dropped.
    """
    utterances = (Utterance(u.speaker, words) for u in transcript.utterances if (words := _earlier(u.words, seconds)))
    turns = tuple(sorted(_earlier(transcript.turns, seconds)))
    duration = transcript.duration - seconds
    return replace(transcript, duration=duration, utterances=tuple(utterances), turns=turns, overlaps=(), pauses=())


def _draw_shift(rng: np.random.Generator) -> int:
    return int(rng.integers(1, MAX_SHIFT, endpoint=True))


def _peak(samples: NDArray[np.float32]) -> float:
    return float(np.max(np.abs(samples), initial=0.0))


def _changed(samples: NDArray[np.float32], zeros: int, gain: float) -> NDArray[np.float32]:
    """Samples of shape (..., samples), delayed and scaled."""
    scaled = (samples.astype(np.float64) * gain).astype(np.float32)
    return np.concatenate([np.zeros((*samples.shape[:-1], zeros), np.float32), scaled], axis=-1)


def _earlier(items: Iterable[_Timed], seconds: float) -> tuple[_Timed, ...]:
    return tuple(
        replace(item, start=max(0.0, item.start - seconds), end=item.end - seconds)
        for item in items
        if item.end > seconds
    )
