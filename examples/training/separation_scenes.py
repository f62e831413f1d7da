"""Training mixtures for `examples.training.train_separation`: overlaps of known sources, with single-speaker speech.

A part of each speaker's speech is mixed with the others', and the rest is the single-speaker speech from which NMF
builds the dictionary. Rooms, noise, levels and simulated errors of the diarization vary. The speech is of single
recordings in simulated rooms (`mix`), or the single-speaker speech of real recordings (`find_single_speaker`,
`mix_real`).
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
from pipeline.models.separators.dictionaries import Dictionary, build_dictionary
from pipeline.models.separators.nmf import MIN_SINGLE_SPEAKER, contributions
from pipeline.models.separators.nmf_refined import SETTINGS
from pipeline.models.separators.spectra import to_spectrum

SPEEDS = ((1, 1), (9, 10), (10, 9))
"""Resampling ratios (up, down): 10 % faster and slower speech counts as other speakers."""
MIXTURES = 3
"""Mixtures per set of dictionaries."""
EXTENDED, PACES = 0.65, (94, 95, 96, 97, 103, 104, 105, 106)
"""Share of mixtures whose single-speaker speech is extended by the mixed part itself, resampled to one of the paces (in
percent), as in a longer recording."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A mixture's magnitudes, shape (frames, bins); the logarithm of each speaker's NMF contribution, and the part of
    each true source in phase with the mixture, shapes (speakers, frames, bins). Relative to the loudest bin."""

    magnitude: NDArray[np.float16]
    explained: NDArray[np.float16]
    truth: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Place:
    """Distributions of recording conditions: reverberation times (seconds; 0: no room) and signal-to-noise ratios (dB;
    ``None``: no noise), all equally likely; range of the filter coefficient, share of simulated diarization errors."""

    reverberation: Sequence[float]
    snr: Sequence[float | None]
    color: tuple[float, float]
    errors: float


NEAR = Place((0, 0, 0.2, 0.3, 0.45), (None, 40, 25, 15, 10), (-0.5, 0.5), 0.4)
FAR = Place((0.3, 0.45, 0.6, 0.8), (30, 20, 15, 10, 7), (-0.7, 0.5), 0.5)
REAL = Place((0,), (None,), (-0.4, 0.4), 0.6)
MIN_SPEECH, SOLO, PART = 4.0, (3.0, 40.0), 12.0
"""For speakers of real recordings, in seconds: least single-speaker speech, range of the maximum that goes into the
dictionary, and maximum that is mixed."""

SingleSpeaker = Mapping[tuple[str, str], Samples]
"""Single-speaker speech by recording and speaker."""


def mix(voices: Speakers, seed: int, place: Place = NEAR) -> list[Example]:
    """`MIXTURES` of the same two or three speakers; none where a speaker has too little single-speaker speech."""
    draw = np.random.default_rng(seed)
    count = int(draw.choice([2, 2, 2, 3]))
    parts, solos, level = _speech(voices, count, place, draw)
    return _examples(parts, solos, level, place, draw)


def find_single_speaker(recordings: Iterable[Recording]) -> SingleSpeaker:
    """The single-speaker speech of recordings, by their references' turns."""
    speech = {}
    for recording in recordings:
        audio = media.decode(recording.audio).audio
        for name, spans in timeline.single_speaker(read_reference(recording).turns).items():
            segments = [audio.crop(span) for span in spans if span.duration > 0.5]
            if sum(map(len, segments)) > MIN_SPEECH * RATE:
                speech[recording.name, name] = np.concatenate(segments)
    return speech


def mix_real(speech: SingleSpeaker, seed: int) -> list[Example]:
    """As `mix`, of real speakers with their own rooms and noise; half of the mixtures are of one recording."""
    draw = np.random.default_rng(seed)
    names = sorted(speech)
    if draw.random() < 0.5:
        recording = names[draw.integers(len(names))][0]
        participants = [name for name in names if name[0] == recording]
        names = participants if len(participants) > 1 else names
    count = min(len(names), int(draw.choice([2, 2, 2, 3])))
    parts, solos = [], []
    for number in draw.permutation(len(names))[:count]:
        gain = 10 ** (np.clip(draw.normal(0, 3.5), -8, 8) / 20)
        samples = _resample(speech[names[number]], *SPEEDS[draw.integers(len(SPEEDS))])
        part, solo = _split(_filter(samples, gain, draw.uniform(*REAL.color)), (0.3, 0.6), draw)
        parts.append(part[: to_sample(PART)])
        solos.append(solo[: to_sample(draw.uniform(*SOLO))])
    return _examples(parts, solos, np.float32(0), REAL, draw)


def _examples(
    parts: list[Samples], solos: list[Samples], level: np.float32, place: Place, draw: np.random.Generator
) -> list[Example]:
    if len(solos) < 2 or min(map(len, solos)) < (MIN_SINGLE_SPEAKER + 0.1) * RATE:
        return []
    if draw.random() < place.errors:
        solos = _with_diarization_errors(solos, draw)
    if draw.random() < EXTENDED:
        speed = int(draw.choice(PACES))
        solos = [np.concatenate([solo, _resample(part, 100, speed)]) for solo, part in zip(solos, parts, strict=True)]
    dictionaries = [build_dictionary(solo + level * _noise(len(solo), draw), SETTINGS.atoms) for solo in solos]
    return [_example(parts, dictionaries, level, draw) for _ in range(MIXTURES)]


def _speech(
    voices: Speakers, count: int, place: Place, draw: np.random.Generator
) -> tuple[list[Samples], list[Samples], np.float32]:
    """For each speaker the part to mix and the single-speaker speech, in one room; and the level of the noise."""
    reverberation = float(draw.choice(place.reverberation))
    rooms = room_responses(count, reverberation, draw) if reverberation else [None] * count
    gains = 10 ** (np.clip(draw.normal(0, 3.5, count), -8, 8) / 20)
    color = draw.uniform(*place.color)
    parts, solos = [], []
    for name, room, gain in zip(draw.choice(sorted(voices), count, replace=False), rooms, gains, strict=True):
        samples = _draw_recording(voices, str(name), draw)
        if room is not None:
            samples = oaconvolve(samples, room)[: len(samples)].astype(np.float32, copy=False)
        part, solo = _split(_filter(samples, gain, color), (0.35, 0.6), draw)
        parts.append(part)
        solos.append(solo)
    snr = place.snr[int(draw.integers(len(place.snr)))]
    return parts, solos, np.float32(0 if snr is None else np.sqrt(np.mean(gains**2)) * 10 ** (-snr / 20))


def _filter(samples: Samples, gain: float, color: float) -> Samples:
    """The samples through a one-tap filter (another microphone), with the root mean square ``gain``."""
    filtered = np.convolve(samples, [1, color])[: len(samples)]
    scaled: Samples = (filtered * gain / np.sqrt(np.mean(filtered**2) + 1e-12)).astype(np.float32)
    return scaled


def _split(samples: Samples, shares: tuple[float, float], draw: np.random.Generator) -> tuple[Samples, Samples]:
    """A random segment whose length is a share of the whole, and the rest."""
    length = int(len(samples) * draw.uniform(*shares))
    first = int(draw.integers(0, len(samples) - length + 1))
    return samples[first : first + length], np.concatenate([samples[:first], samples[first + length :]])


def _draw_recording(voices: Speakers, name: str, draw: np.random.Generator) -> Samples:
    recordings = voices[name]
    samples, _ = soundfile.read(recordings[draw.integers(len(recordings))].path, dtype="float32")
    return _resample(samples, *SPEEDS[draw.integers(len(SPEEDS))])


def _resample(samples: Samples, up: int, down: int) -> Samples:
    return samples if up == down else np.asarray(resample_poly(samples, up, down), np.float32)


def _noise(length: int, draw: np.random.Generator) -> Samples:
    noise = pink_noise(length, draw)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)), np.float32)


def _with_diarization_errors(solos: Sequence[Samples], draw: np.random.Generator) -> list[Samples]:
    """Single-speaker speech in which a segment is mixed with, or replaced by, another speaker's."""
    results = []
    for number, solo in enumerate(solos):
        other = solos[(number + 1) % len(solos)]
        length = min(int(len(solo) * draw.uniform(0.03, 0.15)), len(other))
        at, begin = (int(draw.integers(0, len(x) - length + 1)) for x in (solo, other))
        mixed = solo.copy()
        mixed[at : at + length] *= np.float32(draw.random() < 0.5)
        mixed[at : at + length] += other[begin : begin + length]
        results.append(mixed)
    return results


def _example(
    parts: Sequence[Samples], dictionaries: list[Dictionary], level: np.float32, draw: np.random.Generator
) -> Example:
    segments = []
    for part in parts:
        length = min(len(part), to_sample(draw.uniform(1.5, 5)))
        first = int(draw.integers(0, len(part) - length + 1))
        segments.append(part[first : first + length])
    longest = max(map(len, segments))
    starts = [to_sample(draw.uniform(-0.6, 0.6)) + int((longest - len(one)) * draw.random()) for one in segments]
    starts = [start - min(starts) for start in starts]
    sources = np.zeros((len(segments), max(map(int.__add__, starts, map(len, segments)))), np.float32)
    for source, start, one in zip(sources, starts, segments, strict=True):
        source[start : start + len(one)] = one
    spectrum = to_spectrum(sources.sum(0) + level * _noise(sources.shape[1], draw))
    magnitude = np.abs(spectrum)
    peak = magnitude.max()
    explained = contributions(magnitude, dictionaries, SETTINGS)
    truth = [(to_spectrum(source) * spectrum.conj()).real / np.maximum(magnitude, 1e-9) for source in sources]
    half = (magnitude / peak, np.log(explained / peak + 1e-7), np.stack(truth) / peak)
    return Example(*(values.astype(np.float16) for values in half))
