"""The dictionaries of NMF: exemplars, which are magnitude spectra of a speaker's single-speaker speech.

Which frames become exemplars is decided on the CPU, so that every device has the same ones; spectra are computed on the
device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.core.audio import Samples
from pipeline.models.separators.spectra import (
    Array,
    Matrix,
    finite,
    frames_of,
    in_bands,
    library,
    tapered,
    to_device,
)

if TYPE_CHECKING:
    import torch

Dictionary: TypeAlias = tuple[Array, Array]
"""A speaker's exemplars, shape (..., atoms, bins), and the same in bands, (..., atoms, bands), sum one per atom."""

DICTIONARY_HOP: Final = 128
"""Samples between the frames of single-speaker speech; chosen by hand. A lower value gives more exemplars."""
QUIET_DB: Final = -35.0
"""Level of a frame relative to the speaker's loudest frame below which it is no exemplar. Chosen by hand."""
LIFTER: Final = 40
"""Quefrency in samples that separates a spectrum's envelope (below) from its pitch (above). Chosen by hand."""
PITCHES: Final = (0.84, 0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.13, 1.18)
"""Pitch factors of augmented exemplars. Chosen by hand."""


def build_dictionary(samples: Samples, count: int, device: torch.device | None = None) -> Dictionary:
    """A dictionary of ``count`` exemplars from a speaker's single-speaker speech at 16 kHz, as arrays of the device."""
    random = np.random.default_rng(0)
    frames = _choose_frames(finite(samples), count, random)
    spectra = _magnitudes(to_device(frames, device))
    if len(spectra) < count:
        augmented = _augment(spectra, count - len(spectra), random, device)
        spectra = library(spectra).concatenate([spectra, augmented])
    banded = in_bands(spectra)
    weight = 1 / (banded.sum(axis=1, keepdims=True) + 1e-9)
    return spectra * weight, banded * weight


def stack_dictionaries(dictionaries: Sequence[Dictionary]) -> Dictionary:
    """One dictionary with an axis of mixtures in front, from dictionaries of one size."""
    xp = library(dictionaries[0][0])
    return xp.stack([atoms for atoms, _ in dictionaries]), xp.stack([banded for _, banded in dictionaries])


def _choose_frames(samples: Samples, count: int, random: np.random.Generator) -> Matrix:
    """Frames with speech, shape (frames, window): at most ``count``, a random choice with a fixed seed."""
    frames = frames_of(samples, DICTIONARY_HOP)
    energy = np.einsum("ij,ij->i", frames, frames)
    speech = np.flatnonzero(energy >= energy.max() * 10 ** (QUIET_DB / 10))
    if len(speech) > count:
        speech = np.sort(random.choice(speech, count, replace=False))
    chosen: Matrix = frames[speech]
    return chosen


def _augment(spectra: Array, count: int, random: np.random.Generator, device: torch.device | None) -> Array:
    """``count`` further spectra: the envelope of one frame with the pitch of another, shifted.

    Short speech lacks most pairs of a vowel and a pitch; source and filter vary independently (Fant 1960).
    """
    xp = library(spectra)
    cepstrum = xp.fft.irfft(xp.log(spectra + 1e-4))
    cepstrum[:, LIFTER : 1 - LIFTER] = 0
    envelope = xp.exp(xp.fft.rfft(cepstrum).real)
    timbre, tone = random.integers(0, len(spectra), (2, count))
    pitch = random.integers(0, len(PITCHES), count)
    low, fraction = (table[pitch] for table in _shifts(spectra.shape[1]))  # (count, bins)
    index = to_device(tone[:, None] * spectra.shape[1] + low, device)
    rest = to_device(fraction, device)
    excitation = spectra / envelope
    shifted = excitation.take(index) * (1 - rest) + excitation.take(index + 1) * rest
    return envelope[to_device(timbre, device)] * shifted


def _magnitudes(frames: Array) -> Array:
    return abs(library(frames).fft.rfft(tapered(frames)))


def _shifts(bins: int) -> tuple[NDArray[np.int64], Matrix]:
    """For each pitch factor and bin: the lower of two bins between which to interpolate, and the upper one's share."""
    position = np.minimum(np.arange(bins) / np.array(PITCHES)[:, None], bins - 1.001)
    low = position.astype(np.int64)
    return low, (position - low).astype(np.float32)
