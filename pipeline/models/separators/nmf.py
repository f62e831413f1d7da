"""The separator that needs no weights: each speaker's solo speech of this very recording is his model.

Magnitude spectra of solo speech (exemplars) are the atoms of a non-negative dictionary. Every frame of the mixture is
explained by the atoms of all who talk, by multiplicative updates of the Kullback-Leibler divergence (Lee and Seung
2001; Raj and others, "Non-negative matrix factorization based compensation of music", 2010), and the shares of the
speakers make Wiener masks. Sources come out attributed, for any number of speakers, and add up to the mixture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.config.schema import Config
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import CannotSeparate
from pipeline.models.protocols import SeparatorModel
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from pipeline.models.weights import Store

Matrix = NDArray[np.float32]
Voice = tuple[Matrix, Matrix]
"""A voice's exemplars, shape (atoms, bins), and the same in bands, shape (atoms, bands); in bands each sums to one."""

WINDOW: Final = 1024
"""Samples of a frame: 64 ms resolve the harmonics by which two voices differ."""
HOP: Final = 512
"""Half a window: a quarter costs 1.6 times as much, gains 0.06 dB, and saved 7 of 333 word errors on four sessions."""
SOLO_HOP: Final = 128
BANDS: Final = 160
"""Bands in which activations are found: single bins up to `LINEAR` Hz, wider and wider above."""
LINEAR: Final = 1500.0
QUIET_DB: Final = -35.0
"""Frames this far below a voice's loudest hold no voice."""
LIFTER: Final = 40
"""Quefrencies (samples) that make a spectrum's envelope; pitch lies above."""
PITCHES: Final = (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.13, 1.18)
SHARPNESS: Final = 1.5
"""Exponent of the speakers' shares: between magnitude (1) and power (2) masks."""
LEAST_SOLO: Final = 1.5
"""Seconds of solo speech below which a voice cannot be learned."""
CACHE_SIZE: Final = 8
"""Voices kept for the next region, some 8 MB each."""
BLOCK: Final = 512
"""Frames explained at once: bounds memory at some 30 MB."""


@dataclass(frozen=True, slots=True)
class NmfSettings:
    """How much to compute: exemplars a speaker (less speech than that is stretched, see `_varied`), updates of their
    activities, and the exponent on those (above 1 the same fixed point is reached in fewer)."""

    atoms: int = 3000
    updates: int = 30
    eagerness: float = 1.5


class NmfSeparator(SeparatorModel):
    """Separates by exemplars of each speaker's own solo speech; deterministic; equal under any order of speakers.

    Cost: about 0.1 core-seconds a second for two voices. The last `REMEMBERED` voices need not be learned again.
    """

    version = 1
    requires = ("torch", "numpy")

    def __init__(self, effort: NmfSettings = NmfSettings(), device: torch.device | None = None) -> None:
        self._effort, self._device = effort, device
        self._learned: dict[bytes, Voice] = {}
        """By the very samples of the solo speech."""
        self._learning = Lock()

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> NmfSeparator:
        return cls(device=select_device(config.runtime))

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> Matrix:
        """One source per speaker in the order of ``solo``, shape (speakers, samples); they add up to the mixture.

        Raises `CannotSeparate` where somebody has less than `LEAST_SOLO` seconds of solo speech.
        """
        for name, voice in solo.items():
            if len(voice) < LEAST_SOLO * RATE:
                raise CannotSeparate(
                    f"{name} talks alone for {len(voice) / RATE:.1f} s, too little to learn a voice from"
                )
        mixture = _finite(mixture)
        # Sums of floats depend on their order: one that follows from the audio alone makes renaming change no bit.
        spoken = {name: solo[name].tobytes() for name in solo}
        names = sorted(solo, key=spoken.__getitem__)
        voices = [self._remember(spoken[name], solo[name]) for name in names]
        spectrum = to_spectrum(mixture)
        magnitude = np.abs(spectrum)
        masks = self._masks(magnitude, contributions(magnitude, voices, self._effort, self._device))
        sources = {name: _waveform(spectrum * mask, len(mixture)) for name, mask in zip(names, masks, strict=True)}
        return np.stack([sources[name] for name in solo])

    def _masks(self, magnitude: Matrix, explained: Matrix) -> Matrix:
        """What part of each bin is whose, from what each voice explains of it; shape (voices, frames, bins)."""
        shares = explained ** np.float32(SHARPNESS)
        shares /= shares.sum(axis=0) + np.float32(1e-12)
        return shares

    def _remember(self, key: bytes, solo: Samples) -> Voice:
        with self._learning:
            known = self._learned.pop(key, None)
            self._learned[key] = known or build_dictionary(_finite(solo), self._effort.atoms)
            if len(self._learned) > CACHE_SIZE:
                del self._learned[next(iter(self._learned))]
            return self._learned[key]


def contributions(
    magnitude: Matrix, voices: list[Voice], effort: NmfSettings, device: torch.device | None = None
) -> Matrix:
    """How much each voice explains of every bin, shape (voices, frames, bins); equal shares where nothing does."""
    import torch

    bands = torch.from_numpy(_bands()).to(device)
    counts = [len(atoms) for atoms, _ in voices]
    seen = torch.from_numpy(np.concatenate([seen for _, seen in voices])).to(device)
    spectra = [torch.from_numpy(atoms).to(device) for atoms, _ in voices]
    bounds = np.cumsum([0, *counts])
    start = torch.cat([torch.full((count,), 1 / count) for count in counts]).to(device)
    found = torch.empty((len(voices), *magnitude.shape), device=device)
    with torch.inference_mode():
        for first in range(0, len(magnitude), BLOCK):
            frames = torch.from_numpy(magnitude[first : first + BLOCK]).to(device)
            activity = _activities(frames @ bands, seen, start, effort)
            for share, atoms, (low, high) in zip(found, spectra, pairwise(bounds), strict=True):
                torch.mm(activity[:, low:high], atoms, out=share[first : first + BLOCK])
    return found.cpu().numpy() + np.float32(1e-9)


def _activities(frames: Tensor, atoms: Tensor, start: Tensor, effort: NmfSettings) -> Tensor:
    """How active each atom is in every frame, shape (frames, atoms); ``start`` shares a frame's level out at first."""
    floor = 1e-6 * float(frames.max()) + 1e-9
    frames = frames.clamp_min(floor)
    activity = frames.sum(1, keepdim=True) * start
    for _ in range(effort.updates):
        ratio = frames / (activity @ atoms).add_(floor)
        activity *= (ratio @ atoms.T).pow_(effort.eagerness)
    return activity


def build_dictionary(voice: Samples, count: int) -> Voice:
    """The voice, as ``count`` exemplars from speech of his alone."""
    atoms = _exemplars(voice, count)
    seen = atoms @ _bands()
    weight = 1 / (seen.sum(axis=1, keepdims=True) + np.float32(1e-9))
    return atoms * weight, seen * weight


def _exemplars(voice: Samples, count: int) -> Matrix:
    """``count`` magnitude spectra of a voice, shape (atoms, bins): a random but fixed choice of frames with speech."""
    frames = sliding_window_view(voice, WINDOW)[::SOLO_HOP]
    energy = np.einsum("ij,ij->i", frames, frames)
    speech = np.flatnonzero(energy >= energy.max() * 10 ** (QUIET_DB / 10))
    choice = np.random.default_rng(0)
    if len(speech) > count:
        speech = np.sort(choice.choice(speech, count, replace=False))
    spectra = np.abs(np.fft.rfft(frames[speech] * _taper(), axis=1)).astype(np.float32)
    if len(spectra) == count:
        return spectra
    return np.concatenate([spectra, _augment(spectra, count - len(spectra), choice)])


def _augment(spectra: Matrix, count: int, choice: np.random.Generator) -> Matrix:
    """``count`` spectra the voice might also have made: the timbre of one frame on the pitch of another, shifted.

    Short solo speech lacks most pairs of a vowel and a pitch; source and filter vary independently (Fant 1960).
    """
    log = np.log(spectra + np.float32(1e-4))
    cepstrum = np.fft.irfft(log, axis=1)
    cepstrum[:, LIFTER : 1 - LIFTER] = 0
    envelope = np.exp(np.fft.rfft(cepstrum, axis=1).real).astype(np.float32)
    timbre, tone = choice.integers(0, len(spectra), (2, count))
    pitch = choice.integers(0, len(PITCHES), count)
    excitation = (spectra / envelope)[tone]
    for number, factor in enumerate(PITCHES):
        excitation[pitch == number] = _stretched(excitation[pitch == number], factor)
    varied: Matrix = envelope[timbre] * excitation
    return varied


def _stretched(spectra: Matrix, factor: float) -> Matrix:
    """Spectra with every frequency multiplied by ``factor``."""
    place = np.minimum(np.arange(spectra.shape[1]) / factor, spectra.shape[1] - 1.001)
    low = place.astype(int)
    part = (place - low).astype(np.float32)
    stretched: Matrix = spectra[:, low] * (1 - part) + spectra[:, low + 1] * part
    return stretched


def _bands() -> Matrix:
    """Triangular bands over the bins, shape (bins, bands), each summing to one."""
    bins = np.arange(WINDOW // 2 + 1, dtype=np.float64)
    single = int(LINEAR * WINDOW / RATE)
    centres = np.concatenate([bins[:single], np.geomspace(single, WINDOW // 2, BANDS - single)])
    below = np.concatenate([[-1.0], centres[:-1]])
    above = np.concatenate([centres[1:], [2 * centres[-1] - centres[-2]]])
    rise = (bins[:, None] - below) / (centres - below)
    fall = (above - bins[:, None]) / (above - centres)
    bands = np.clip(np.minimum(rise, fall), 0, 1)
    return np.asarray(bands / bands.sum(axis=0), np.float32)


def _taper() -> Matrix:
    return np.sqrt(np.hanning(WINDOW + 1)[:-1]).astype(np.float32)


def to_spectrum(samples: Samples) -> NDArray[np.complex64]:
    """Short-time spectrum, shape (frames, bins), padded so that every sample lies under `WINDOW` / `HOP` frames."""
    padded = np.pad(samples, (WINDOW, WINDOW + HOP))
    return np.fft.rfft(sliding_window_view(padded, WINDOW)[::HOP] * _taper(), axis=1).astype(np.complex64)


def _waveform(spectrum: NDArray[np.complex64], length: int) -> Samples:
    """The inverse of `to_spectrum`, by overlap and add; the squared tapers add up to a constant."""
    frames = np.fft.irfft(spectrum, WINDOW, axis=1).astype(np.float32) * _taper()
    parts = WINDOW // HOP
    total = np.zeros((len(frames) + parts - 1, HOP), np.float32)
    for part in range(parts):
        total[part : part + len(frames)] += frames[:, part * HOP : (part + 1) * HOP]
    return total.ravel()[WINDOW : WINDOW + length] / np.float32(parts / 2)


def _finite(samples: Samples) -> Samples:
    return np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32, copy=False)


MODEL = NmfSeparator
