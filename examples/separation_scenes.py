"""Scenes for `train_separation`: overlaps of known voices, and solo speech of each to learn its exemplars from.

Part of each recording is solo speech, and part is laid over the others'. Rooms, noise, levels and faults such as a
diarization makes vary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import oaconvolve, resample_poly

from pipeline.audio import RATE, Samples, index
from pipeline.backends import exemplar
from pipeline.backends.exemplar import LEAST_SOLO
from pipeline.backends.refined import EFFORT
from pipeline.evaluation.corpus import Voices
from pipeline.evaluation.rendering import pink_noise, room_responses

SPEEDS = ((1, 1), (9, 10), (10, 9))
"""A tenth faster and slower: voices of other people."""
MIXTURES = 3
"""Made of each scene's solo speech."""
RICH, PACES = 0.65, (94, 95, 96, 97, 103, 104, 105, 106)
"""So many scenes have more solo speech than a recording of fifteen seconds: what is said in the mixture, said at
another pitch and pace (in percent)."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A mixture's magnitudes, the logarithm of what each voice explains of them, and each true source as far as it is
    in phase with the mixture; shapes (frames, bins) and (voices, frames, bins), relative to the loudest bin."""

    magnitude: NDArray[np.float16]
    explained: NDArray[np.float16]
    truth: NDArray[np.float16]


def mix(voices: Voices, seed: int) -> list[Example]:
    """`MIXTURES` of the same two or three voices; none where somebody has too little to say alone."""
    draw = np.random.default_rng(seed)
    people = int(draw.choice([2, 2, 2, 3]))
    parts, solos, level = _voices(voices, people, draw)
    if min(map(len, solos)) < (LEAST_SOLO + 0.1) * RATE:
        return []
    if draw.random() < 0.4:
        solos = _muddled(solos, draw)
    if draw.random() < RICH:
        speed = int(draw.choice(PACES))
        solos = [np.concatenate([solo, _resampled(part, 100, speed)]) for solo, part in zip(solos, parts, strict=True)]
    models = [exemplar.learn(solo + level * _noise(len(solo), draw), EFFORT.atoms) for solo in solos]
    return [_example(parts, models, level, draw) for _ in range(MIXTURES)]


def _voices(voices: Voices, people: int, draw: np.random.Generator) -> tuple[list[Samples], list[Samples], np.float32]:
    """For each voice speech to mix and speech to learn it from, in one room at one microphone; and the noise there."""
    reverberation = float(draw.choice([0, 0, 0.2, 0.3, 0.45]))
    rooms = room_responses(people, reverberation, draw) if reverberation else [None] * people
    gains = 10 ** (np.clip(draw.normal(0, 3.5, people), -8, 8) / 20)
    tilt = np.array([1, draw.uniform(-0.5, 0.5)])
    parts, solos = [], []
    for name, room, gain in zip(draw.choice(sorted(voices), people, replace=False), rooms, gains, strict=True):
        samples = _spoken(voices, str(name), draw)
        if room is not None:
            samples = oaconvolve(samples, room)[: len(samples)]
        coloured = np.convolve(samples, tilt)[: len(samples)]
        samples = (coloured * gain / np.sqrt(np.mean(coloured**2) + 1e-12)).astype(np.float32)
        length = int(len(samples) * draw.uniform(0.35, 0.6))
        first = int(draw.integers(0, len(samples) - length + 1))
        parts.append(samples[first : first + length])
        solos.append(np.concatenate([samples[:first], samples[first + length :]]))
    snr = (None, 40, 25, 15, 10)[draw.integers(5)]
    return parts, solos, np.float32(0 if snr is None else np.sqrt(np.mean(gains**2)) * 10 ** (-snr / 20))


def _spoken(voices: Voices, name: str, draw: np.random.Generator) -> Samples:
    recordings = voices[name]
    samples, _ = soundfile.read(recordings[draw.integers(len(recordings))].path, dtype="float32")
    return _resampled(samples, *SPEEDS[draw.integers(len(SPEEDS))])


def _resampled(samples: Samples, up: int, down: int) -> Samples:
    return samples if up == down else np.asarray(resample_poly(samples, up, down), np.float32)


def _noise(length: int, draw: np.random.Generator) -> Samples:
    noise = pink_noise(length, draw)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)), np.float32)


def _muddled(solos: Sequence[Samples], draw: np.random.Generator) -> list[Samples]:
    """Solo speech with some of another voice in it, over it or in its place, as diarization gives it."""
    found = []
    for number, solo in enumerate(solos):
        other = solos[(number + 1) % len(solos)]
        length = min(int(len(solo) * draw.uniform(0.03, 0.15)), len(other))
        at, begin = (int(draw.integers(0, len(x) - length + 1)) for x in (solo, other))
        muddled = solo.copy()
        muddled[at : at + length] *= np.float32(draw.random() < 0.5)
        muddled[at : at + length] += other[begin : begin + length]
        found.append(muddled)
    return found


def _example(
    parts: Sequence[Samples], models: list[exemplar.Voice], level: np.float32, draw: np.random.Generator
) -> Example:
    said = []
    for part in parts:
        length = min(len(part), index(draw.uniform(1.5, 5)))
        first = int(draw.integers(0, len(part) - length + 1))
        said.append(part[first : first + length])
    longest = max(map(len, said))
    starts = [index(draw.uniform(-0.6, 0.6)) + int((longest - len(one)) * draw.random()) for one in said]
    starts = [start - min(starts) for start in starts]
    sources = np.zeros((len(said), max(map(int.__add__, starts, map(len, said)))), np.float32)
    for source, start, one in zip(sources, starts, said, strict=True):
        source[start : start + len(one)] = one
    spectrum = exemplar.to_spectrum(sources.sum(0) + level * _noise(sources.shape[1], draw))
    magnitude = np.abs(spectrum)
    peak = magnitude.max()
    explained = exemplar.explain(magnitude, models, EFFORT)
    truth = [(exemplar.to_spectrum(source) * spectrum.conj()).real / np.maximum(magnitude, 1e-9) for source in sources]
    half = (magnitude / peak, np.log(explained / peak + 1e-7), np.stack(truth) / peak)
    return Example(*(values.astype(np.float16) for values in half))
