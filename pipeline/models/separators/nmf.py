"""Exemplar-based NMF: a separator without weights; its dictionaries are single-speaker speech of the same recording.

Magnitude spectra of a speaker's single-speaker speech (exemplars) are the atoms of a non-negative dictionary. Every
frame of the mixture is approximated by the atoms of all speakers, by multiplicative updates of the Kullback-Leibler
divergence (Lee and Seung 2001; Raj et al., "Non-negative matrix factorization based compensation of music", 2010), and
the speakers' contributions make Wiener masks. Each source belongs to a known speaker, and the sources add up to the
mixture.
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
Dictionary = tuple[Matrix, Matrix]
"""A speaker's exemplars, shape (atoms, bins), and the same in bands, (atoms, bands), with the sum one per atom."""

WINDOW: Final = 1024
"""Samples per frame (64 ms), chosen by hand: resolves the harmonics by which two speakers differ."""
HOP: Final = 512
"""Samples between frames, half a window. A quarter of a window takes 1.6 times as long, gains 0.06 dB, and saved 7 of
333 word errors on four sessions."""
DICTIONARY_HOP: Final = 128
"""Samples between the frames of single-speaker speech; chosen by hand. A lower value gives more exemplars."""
BANDS: Final = 160
"""Number of bands in which activations are computed: single bins up to `LINEAR`, logarithmic above. Chosen by hand."""
LINEAR: Final = 1500.0
"""In Hz; chosen by hand."""
QUIET_DB: Final = -35.0
"""Level of a frame relative to the speaker's loudest frame below which it is no exemplar. Chosen by hand."""
LIFTER: Final = 40
"""Quefrency in samples that separates a spectrum's envelope (below) from its pitch (above). Chosen by hand."""
PITCHES: Final = (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.13, 1.18)
"""Pitch factors of augmented exemplars. Chosen by hand."""
SHARPNESS: Final = 1.5
"""Exponent of the contributions in the masks, between magnitude (1) and power (2) masks. Chosen by hand; the weights of
the mask network depend on it."""
MIN_SINGLE_SPEAKER: Final = 1.5
"""Minimum single-speaker speech of a speaker in seconds. Chosen by hand; with less, regions are not separated."""
CACHE_SIZE: Final = 8
"""Dictionaries cached for the next regions, about 8 MB each."""
BLOCK: Final = 512
"""Frames per block; bounds memory at about 30 MB."""


@dataclass(frozen=True, slots=True)
class NmfSettings:
    """Size of the computation; the defaults were chosen by hand."""

    atoms: int = 3000
    """Exemplars per speaker; missing ones are made by `_augment`."""
    updates: int = 30
    """Multiplicative updates of the activations."""
    exponent: float = 1.5
    """Exponent of each update; above 1, the same fixed point is reached in fewer updates."""


class NmfSeparator(SeparatorModel):
    """Separates with exemplars of each speaker's single-speaker speech.

    Deterministic, and independent of the order of speakers. Takes about 0.1 core-seconds per second for two speakers.
    The last `CACHE_SIZE` dictionaries are cached.
    """

    version = 1
    requires = ("torch", "numpy")

    def __init__(self, settings: NmfSettings = NmfSettings(), device: torch.device | None = None) -> None:
        self._settings, self._device = settings, device
        self._dictionaries: dict[bytes, Dictionary] = {}
        """Samples of the single-speaker speech -> dictionary, least recently used first."""
        self._lock = Lock()

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> NmfSeparator:
        return cls(device=select_device(config.runtime))

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> Matrix:
        """One source per speaker in the order of ``solo``, shape (speakers, samples); they add up to the mixture.

        Raises `CannotSeparate` if a speaker has less than `MIN_SINGLE_SPEAKER` seconds of single-speaker speech.
        """
        for name, samples in solo.items():
            if len(samples) < MIN_SINGLE_SPEAKER * RATE:
                seconds = len(samples) / RATE
                raise CannotSeparate(
                    f"{name} has {seconds:.1f} s of single-speaker speech, at least {MIN_SINGLE_SPEAKER:g} s are needed"
                )
        mixture = _finite(mixture)
        # Sums of floats depend on their order: an order by the audio makes results independent of the names.
        keys = {name: solo[name].tobytes() for name in solo}
        names = sorted(solo, key=keys.__getitem__)
        dictionaries = [self._dictionary(keys[name], solo[name]) for name in names]
        spectrum = to_spectrum(mixture)  # (frames, bins)
        magnitude = np.abs(spectrum)
        masks = self._masks(magnitude, contributions(magnitude, dictionaries, self._settings, self._device))
        sources = {name: _waveform(spectrum * mask, len(mixture)) for name, mask in zip(names, masks, strict=True)}
        return np.stack([sources[name] for name in solo])

    def _masks(self, magnitude: Matrix, explained: Matrix) -> Matrix:
        """Masks with the sum one over the speakers from their contributions; both (speakers, frames, bins)."""
        shares = explained ** np.float32(SHARPNESS)
        shares /= shares.sum(axis=0) + np.float32(1e-12)
        return shares

    def _dictionary(self, key: bytes, solo: Samples) -> Dictionary:
        with self._lock:
            cached = self._dictionaries.pop(key, None)
            self._dictionaries[key] = cached or build_dictionary(_finite(solo), self._settings.atoms)
            if len(self._dictionaries) > CACHE_SIZE:
                del self._dictionaries[next(iter(self._dictionaries))]
            return self._dictionaries[key]


def contributions(
    magnitude: Matrix, dictionaries: list[Dictionary], settings: NmfSettings, device: torch.device | None = None
) -> Matrix:
    """Magnitude of each speaker in every bin, shape (speakers, frames, bins); equal where no dictionary fits."""
    import torch

    bands = torch.from_numpy(_bands()).to(device)
    counts = [len(atoms) for atoms, _ in dictionaries]
    atoms_in_bands = torch.from_numpy(np.concatenate([banded for _, banded in dictionaries])).to(device)
    atoms_in_bins = [torch.from_numpy(atoms).to(device) for atoms, _ in dictionaries]
    bounds = np.cumsum([0, *counts])
    start = torch.cat([torch.full((count,), 1 / count) for count in counts]).to(device)
    result = torch.empty((len(dictionaries), *magnitude.shape), device=device)
    with torch.inference_mode():
        for first in range(0, len(magnitude), BLOCK):
            frames = torch.from_numpy(magnitude[first : first + BLOCK]).to(device)
            activations = _activations(frames @ bands, atoms_in_bands, start, settings)
            for share, atoms, (low, high) in zip(result, atoms_in_bins, pairwise(bounds), strict=True):
                torch.mm(activations[:, low:high], atoms, out=share[first : first + BLOCK])
    return result.cpu().numpy() + np.float32(1e-9)


def _activations(frames: Tensor, atoms: Tensor, start: Tensor, settings: NmfSettings) -> Tensor:
    """Activation of each atom in every frame, shape (frames, atoms); ``start`` (atoms,) is the first distribution."""
    floor = 1e-6 * float(frames.max()) + 1e-9
    frames = frames.clamp_min(floor)
    activations = frames.sum(1, keepdim=True) * start
    for _ in range(settings.updates):
        ratio = frames / (activations @ atoms).add_(floor)
        activations *= (ratio @ atoms.T).pow_(settings.exponent)
    return activations


def build_dictionary(samples: Samples, count: int) -> Dictionary:
    """A dictionary of ``count`` exemplars from a speaker's single-speaker speech."""
    atoms = _exemplars(samples, count)
    banded = atoms @ _bands()
    weight = 1 / (banded.sum(axis=1, keepdims=True) + np.float32(1e-9))
    return atoms * weight, banded * weight


def _exemplars(samples: Samples, count: int) -> Matrix:
    """``count`` magnitude spectra, shape (atoms, bins): a random choice, with a fixed seed, of frames with speech."""
    frames = sliding_window_view(samples, WINDOW)[::DICTIONARY_HOP]
    energy = np.einsum("ij,ij->i", frames, frames)
    speech = np.flatnonzero(energy >= energy.max() * 10 ** (QUIET_DB / 10))
    random = np.random.default_rng(0)
    if len(speech) > count:
        speech = np.sort(random.choice(speech, count, replace=False))
    spectra = np.abs(np.fft.rfft(frames[speech] * _taper(), axis=1)).astype(np.float32)
    if len(spectra) == count:
        return spectra
    return np.concatenate([spectra, _augment(spectra, count - len(spectra), random)])


def _augment(spectra: Matrix, count: int, random: np.random.Generator) -> Matrix:
    """``count`` further spectra: the envelope of one frame with the pitch of another, shifted.

    Short speech lacks most pairs of a vowel and a pitch; source and filter vary independently (Fant 1960).
    """
    log = np.log(spectra + np.float32(1e-4))
    cepstrum = np.fft.irfft(log, axis=1)
    cepstrum[:, LIFTER : 1 - LIFTER] = 0
    envelope = np.exp(np.fft.rfft(cepstrum, axis=1).real).astype(np.float32)
    timbre, tone = random.integers(0, len(spectra), (2, count))
    pitch = random.integers(0, len(PITCHES), count)
    excitation = (spectra / envelope)[tone]
    for number, factor in enumerate(PITCHES):
        excitation[pitch == number] = _scale_frequencies(excitation[pitch == number], factor)
    augmented: Matrix = envelope[timbre] * excitation
    return augmented


def _scale_frequencies(spectra: Matrix, factor: float) -> Matrix:
    """Spectra with every frequency multiplied by ``factor``."""
    position = np.minimum(np.arange(spectra.shape[1]) / factor, spectra.shape[1] - 1.001)
    low = position.astype(int)
    fraction = (position - low).astype(np.float32)
    scaled: Matrix = spectra[:, low] * (1 - fraction) + spectra[:, low + 1] * fraction
    return scaled


def _bands() -> Matrix:
    """Triangular bands over the bins, shape (bins, bands), with the sum one per band."""
    bins = np.arange(WINDOW // 2 + 1, dtype=np.float64)
    single = int(LINEAR * WINDOW / RATE)
    centers = np.concatenate([bins[:single], np.geomspace(single, WINDOW // 2, BANDS - single)])
    below = np.concatenate([[-1.0], centers[:-1]])
    above = np.concatenate([centers[1:], [2 * centers[-1] - centers[-2]]])
    rise = (bins[:, None] - below) / (centers - below)
    fall = (above - bins[:, None]) / (above - centers)
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
