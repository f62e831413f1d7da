"""Scenes for `train_separation`: overlaps of known voices, and solo speech of each to learn its exemplars from.

Part of each recording is solo speech, and part is laid over the others'. Rooms, noise, levels and faults such as a
diarization makes vary. Voices are single recordings laid into simulated rooms (`mix`), or what people say alone in real
ones (`find_alone`, `mix_real`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import oaconvolve, resample_poly

from pipeline import media
from pipeline.core import timeline
from pipeline.core.audio import RATE, Samples, to_sample
from pipeline.evaluation.benchmark.bench import read_reference
from pipeline.evaluation.benchmark.dataset import Recording
from pipeline.evaluation.simulation.corpus import Speakers
from pipeline.evaluation.simulation.rendering import pink_noise, room_responses
from pipeline.models.separators import nmf
from pipeline.models.separators.nmf import LEAST_SOLO
from pipeline.models.separators.nmf_refined import EFFORT

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where voices are recorded: reverberation times (seconds; 0: no room) and distances of the noise below them (dB;
    None: no noise), each as likely as the others; how much the sound's colour varies, and how many diarizations err."""

    reverberation: Sequence[float]
    snr: Sequence[float | None]
    colour: tuple[float, float]
    muddled: float


NEAR = Place((0, 0, 0.2, 0.3, 0.45), (None, 40, 25, 15, 10), (-0.5, 0.5), 0.4)
FAR = Place((0.3, 0.45, 0.6, 0.8), (30, 20, 15, 10, 7), (-0.7, 0.5), 0.5)
REAL = Place((0,), (None,), (-0.4, 0.4), 0.6)
ALONE, SOLO, PART = 4.0, (3.0, 40.0), 12.0
"""Of real people: seconds alone that they must have, how many become solo speech at most, and how many are mixed."""

Alone = Mapping[tuple[str, str], Samples]
"""What people say alone, by recording and name."""


def mix(voices: Speakers, seed: int, place: Place = NEAR) -> list[Example]:
    """`MIXTURES` of the same two or three voices; none where somebody has too little to say alone."""
    draw = np.random.default_rng(seed)
    people = int(draw.choice([2, 2, 2, 3]))
    parts, solos, level = _voices(voices, people, place, draw)
    return _examples(parts, solos, level, place, draw)


def find_alone(recordings: Iterable[Recording]) -> Alone:
    """What is said in recordings while nobody else talks, by their references' turns."""
    found = {}
    for recording in recordings:
        audio = media.decode(recording.audio).audio
        for name, spans in timeline.single_speaker(read_reference(recording).turns).items():
            pieces = [audio.crop(span) for span in spans if span.duration > 0.5]
            if sum(map(len, pieces)) > ALONE * RATE:
                found[recording.name, name] = np.concatenate(pieces)
    return found


def mix_real(alone: Alone, seed: int) -> list[Example]:
    """The same of real people, in half of the scenes of one recording; their rooms and their noise are as they were."""
    draw = np.random.default_rng(seed)
    names = sorted(alone)
    if draw.random() < 0.5:
        here = names[draw.integers(len(names))][0]
        together = [name for name in names if name[0] == here]
        names = together if len(together) > 1 else names
    people = min(len(names), int(draw.choice([2, 2, 2, 3])))
    parts, solos = [], []
    for number in draw.permutation(len(names))[:people]:
        gain = 10 ** (np.clip(draw.normal(0, 3.5), -8, 8) / 20)
        samples = _resampled(alone[names[number]], *SPEEDS[draw.integers(len(SPEEDS))])
        part, solo = _parted(_coloured(samples, gain, draw.uniform(*REAL.colour)), (0.3, 0.6), draw)
        parts.append(part[: to_sample(PART)])
        solos.append(solo[: to_sample(draw.uniform(*SOLO))])
    return _examples(parts, solos, np.float32(0), REAL, draw)


def _examples(
    parts: list[Samples], solos: list[Samples], level: np.float32, place: Place, draw: np.random.Generator
) -> list[Example]:
    if len(solos) < 2 or min(map(len, solos)) < (LEAST_SOLO + 0.1) * RATE:
        return []
    if draw.random() < place.muddled:
        solos = _muddled(solos, draw)
    if draw.random() < RICH:
        speed = int(draw.choice(PACES))
        solos = [np.concatenate([solo, _resampled(part, 100, speed)]) for solo, part in zip(solos, parts, strict=True)]
    models = [nmf.build_dictionary(solo + level * _noise(len(solo), draw), EFFORT.atoms) for solo in solos]
    return [_example(parts, models, level, draw) for _ in range(MIXTURES)]


def _voices(
    voices: Speakers, people: int, place: Place, draw: np.random.Generator
) -> tuple[list[Samples], list[Samples], np.float32]:
    """For each voice speech to mix and speech to learn it from, in one room at one microphone; and the noise there."""
    reverberation = float(draw.choice(place.reverberation))
    rooms = room_responses(people, reverberation, draw) if reverberation else [None] * people
    gains = 10 ** (np.clip(draw.normal(0, 3.5, people), -8, 8) / 20)
    colour = draw.uniform(*place.colour)
    parts, solos = [], []
    for name, room, gain in zip(draw.choice(sorted(voices), people, replace=False), rooms, gains, strict=True):
        samples = _spoken(voices, str(name), draw)
        if room is not None:
            samples = oaconvolve(samples, room)[: len(samples)]
        part, solo = _parted(_coloured(samples, gain, colour), (0.35, 0.6), draw)
        parts.append(part)
        solos.append(solo)
    snr = place.snr[draw.integers(len(place.snr))]
    return parts, solos, np.float32(0 if snr is None else np.sqrt(np.mean(gains**2)) * 10 ** (-snr / 20))


def _coloured(samples: Samples, gain: float, colour: float) -> Samples:
    """The samples through another microphone, at the level ``gain``."""
    coloured = np.convolve(samples, [1, colour])[: len(samples)]
    return (coloured * gain / np.sqrt(np.mean(coloured**2) + 1e-12)).astype(np.float32)


def _parted(samples: Samples, shares: tuple[float, float], draw: np.random.Generator) -> tuple[Samples, Samples]:
    """A stretch from somewhere within, of a share of the whole, and what is left without it."""
    length = int(len(samples) * draw.uniform(*shares))
    first = int(draw.integers(0, len(samples) - length + 1))
    return samples[first : first + length], np.concatenate([samples[:first], samples[first + length :]])


def _spoken(voices: Speakers, name: str, draw: np.random.Generator) -> Samples:
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
    parts: Sequence[Samples], models: list[nmf.Voice], level: np.float32, draw: np.random.Generator
) -> Example:
    said = []
    for part in parts:
        length = min(len(part), to_sample(draw.uniform(1.5, 5)))
        first = int(draw.integers(0, len(part) - length + 1))
        said.append(part[first : first + length])
    longest = max(map(len, said))
    starts = [to_sample(draw.uniform(-0.6, 0.6)) + int((longest - len(one)) * draw.random()) for one in said]
    starts = [start - min(starts) for start in starts]
    sources = np.zeros((len(said), max(map(int.__add__, starts, map(len, said)))), np.float32)
    for source, start, one in zip(sources, starts, said, strict=True):
        source[start : start + len(one)] = one
    spectrum = nmf.to_spectrum(sources.sum(0) + level * _noise(sources.shape[1], draw))
    magnitude = np.abs(spectrum)
    peak = magnitude.max()
    explained = nmf.contributions(magnitude, models, EFFORT)
    truth = [(nmf.to_spectrum(source) * spectrum.conj()).real / np.maximum(magnitude, 1e-9) for source in sources]
    half = (magnitude / peak, np.log(explained / peak + 1e-7), np.stack(truth) / peak)
    return Example(*(values.astype(np.float16) for values in half))
