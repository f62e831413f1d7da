"""Exemplar-based NMF: a separator without weights; its dictionaries are single-speaker speech of the same recording.

Magnitude spectra of a speaker's single-speaker speech (exemplars) are the atoms of a non-negative dictionary. Every
frame of the mixture is approximated by the atoms of all speakers, by multiplicative updates of the Kullback-Leibler
divergence (Lee and Seung 2001; Raj et al., "Non-negative matrix factorization based compensation of music", 2010), and
the speakers' contributions make Wiener masks. Each source belongs to a known speaker, and the sources add up to the
mixture.

On a GPU, mixtures of the same number of speakers and of about the same length are separated together. Arrays then have
an axis of mixtures in front, "..." in the shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.config.schema import Config
from pipeline.core.audio import RATE, Samples, to_sample
from pipeline.core.errors import CannotSeparate
from pipeline.models.protocols import BatchSeparator, Mixture, SeparatorModel
from pipeline.models.separators.dictionaries import Dictionary, build_dictionary, stack_dictionaries
from pipeline.models.separators.spectra import (
    HOP,
    Array,
    Matrix,
    as_array,
    as_tensor,
    finite,
    in_bands,
    to_device,
    to_host,
    to_spectrum,
    to_waveform,
)
from pipeline.models.torch_runtime import select_device

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from pipeline.models.weights import Store

SHARPNESS: Final = 1.5
"""Exponent of the contributions in the masks, between magnitude (1) and power (2) masks. Chosen by hand; the weights of
the mask network depend on it."""
MIN_SINGLE_SPEAKER: Final = 1.5
"""Minimum single-speaker speech of a speaker in seconds. Chosen by hand; with less, regions are not separated."""
CACHE_SIZE: Final = 8
"""Dictionaries cached for the next regions, about 8 MB each."""
BLOCK: Final = 512
"""Frames per block; bounds memory at about 30 MB a mixture."""
LENGTH_STEP: Final = 64 * HOP
"""Samples (2 s) to a multiple of which mixtures are padded with silence on a GPU; those of one length make a batch.
Chosen by hand; a larger value makes fewer batches with more silence."""
BATCH_SECONDS: Final = 4.0
"""Maximum seconds of a batch on a GPU per unit of ``runtime.batch_size``: 128 s at 32, for which the arrays take about
1 GB (a calculation from their shapes). Chosen by hand; memory is in proportion to it."""


@dataclass(frozen=True, slots=True)
class NmfSettings:
    """Size of the computation; the defaults were chosen by hand."""

    atoms: int = 3000
    """Exemplars per speaker; missing ones are made by augmentation."""
    updates: int = 30
    """Multiplicative updates of the activations."""
    exponent: float = 1.5
    """Exponent of each update; above 1, the same fixed point is reached in fewer updates."""


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A mixture and the dictionaries of its speakers."""

    number: int
    """Its place among the mixtures of the call."""
    samples: Matrix
    dictionaries: tuple[Dictionary, ...]
    rows: tuple[int, ...]
    """For each speaker in the order of the call, the place among the dictionaries."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of speakers, and samples with padding: equal within a batch."""
        return len(self.dictionaries), -(-len(self.samples) // LENGTH_STEP) * LENGTH_STEP


class NmfSeparator(SeparatorModel, BatchSeparator):
    """Separates with exemplars of each speaker's single-speaker speech.

    Deterministic, and independent of the order of speakers. Takes about 0.1 core-seconds per second for two speakers.
    The last `CACHE_SIZE` dictionaries are cached.
    """

    version = 1
    requires = ("torch", "numpy")

    def __init__(
        self, settings: NmfSettings = NmfSettings(), device: torch.device | None = None, batch_size: int = 32
    ) -> None:
        self._settings, self._device, self._batch_size = settings, device, batch_size
        self._is_on_cpu = device is None or device.type == "cpu"
        self._dictionaries: dict[bytes, Dictionary] = {}
        """Samples of the single-speaker speech -> dictionary, least recently used first."""
        self._lock = Lock()

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> NmfSeparator:
        return cls(device=select_device(config.runtime), batch_size=config.runtime.batch_size)

    @property
    def mixtures_at_once(self) -> int:
        """See `BatchSeparator`: 1 on the CPU, where batches are not faster."""
        return 1 if self._is_on_cpu else self._batch_size

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> Matrix:
        """One source per speaker in the order of ``solo``, shape (speakers, samples); they add up to the mixture.

        Raises `CannotSeparate` if a speaker has less than `MIN_SINGLE_SPEAKER` seconds of single-speaker speech.
        """
        (sources,) = self.separate_batch([(mixture, solo)])
        if isinstance(sources, CannotSeparate):
            raise sources
        return sources

    def separate_batch(self, mixtures: Sequence[Mixture]) -> list[Matrix | CannotSeparate]:
        """What `separate` returns or raises for each mixture; on a GPU up to rounding, for one alone as well."""
        import torch

        # Mixtures share their speakers' speech: its bytes, which cache their hash, are taken once.
        keys = {id(speech): speech.tobytes() for _, solo in mixtures for speech in solo.values()}
        results: dict[int, Matrix | CannotSeparate] = {}
        prepared: list[_Prepared] = []
        with torch.inference_mode():
            for number, (mixture, solo) in enumerate(mixtures):
                refusal = _refusal(solo)
                if refusal:
                    results[number] = refusal
                else:
                    prepared.append(self._prepare(number, mixture, solo, keys))
            for batch in self._batches(prepared):
                for each, sources in zip(batch, self._separate(batch), strict=True):
                    results[each.number] = sources[list(each.rows), : len(each.samples)]
        return [results[number] for number in range(len(mixtures))]

    def _prepare(
        self, number: int, mixture: Samples, solo: Mapping[str, Samples], keys: Mapping[int, bytes]
    ) -> _Prepared:
        # Sums of floats depend on their order: an order by the audio makes results independent of the names.
        names = sorted(solo, key=lambda name: keys[id(solo[name])])
        dictionaries = tuple(self._dictionary(keys[id(solo[name])], solo[name]) for name in names)
        return _Prepared(number, finite(mixture), dictionaries, tuple(names.index(name) for name in solo))

    def _batches(self, prepared: list[_Prepared]) -> Iterator[list[_Prepared]]:
        """Mixtures of one shape; on the CPU each alone."""
        for (_, length), group in groupby(sorted(prepared, key=lambda each: each.shape), key=lambda each: each.shape):
            alike = list(group)
            size = 1 if self._is_on_cpu else max(1, to_sample(BATCH_SECONDS * self._batch_size) // length)
            yield from (alike[first : first + size] for first in range(0, len(alike), size))

    def _separate(self, batch: list[_Prepared]) -> Matrix:
        """The sources of each mixture, shape (mixtures, speakers, samples): one transfer in, and one out."""
        if self._is_on_cpu:  # without the axis of mixtures, so that matrices are multiplied as ever
            (one,) = batch
            return to_host(self._sources(one.samples, one.dictionaries))[None]
        samples = np.zeros((len(batch), batch[0].shape[1]), np.float32)
        for row, each in zip(samples, batch, strict=True):
            row[: len(each.samples)] = each.samples
        dictionaries = [
            stack_dictionaries(of_speaker) for of_speaker in zip(*(b.dictionaries for b in batch), strict=True)
        ]
        return to_host(self._sources(to_device(samples, self._device), dictionaries))

    def _sources(self, samples: Array, dictionaries: Sequence[Dictionary]) -> Array:
        """The sources of mixtures (..., samples), shape (..., speakers, samples)."""
        spectrum = to_spectrum(samples)  # (..., frames, bins)
        magnitude = abs(spectrum)
        masks = self._masks(magnitude, contributions(magnitude, dictionaries, self._settings))
        return to_waveform(spectrum[..., None, :, :] * masks, samples.shape[-1])

    def _masks(self, magnitude: Array, explained: Array) -> Array:
        """Masks with the sum one over the speakers from their contributions; both (..., speakers, frames, bins)."""
        shares = explained**SHARPNESS
        shares /= shares.sum(axis=-3, keepdims=True) + 1e-12
        return shares

    def _dictionary(self, key: bytes, solo: Samples) -> Dictionary:
        with self._lock:
            cached = self._dictionaries.pop(key, None)
            self._dictionaries[key] = cached or build_dictionary(solo, self._settings.atoms, self._device)
            if len(self._dictionaries) > CACHE_SIZE:
                del self._dictionaries[next(iter(self._dictionaries))]
            return self._dictionaries[key]


def _refusal(solo: Mapping[str, Samples]) -> CannotSeparate | None:
    """The error for the first speaker with too little single-speaker speech."""
    for name, samples in solo.items():
        if len(samples) < MIN_SINGLE_SPEAKER * RATE:
            seconds = len(samples) / RATE
            return CannotSeparate(
                f"{name} has {seconds:.1f} s of single-speaker speech, at least {MIN_SINGLE_SPEAKER:g} s are needed"
            )
    return None


def contributions(magnitude: Array, dictionaries: Sequence[Dictionary], settings: NmfSettings) -> Array:
    """Magnitude of each speaker in every bin, shape (..., speakers, frames, bins); equal where no dictionary fits.

    Shapes: ``magnitude`` (..., frames, bins), ``dictionaries`` as `Dictionary` says, on the same device.
    """
    import torch

    frames = as_tensor(magnitude)
    atoms_in_bins = [as_tensor(atoms) for atoms, _ in dictionaries]
    atoms_in_bands = torch.cat([as_tensor(banded) for _, banded in dictionaries], -2)  # (..., all atoms, bands)
    counts = [atoms.shape[-2] for atoms in atoms_in_bins]
    bounds = np.cumsum([0, *counts])
    start = torch.cat([torch.full((count,), 1 / count, device=frames.device) for count in counts])
    *lead, number, bins = frames.shape
    result = torch.empty((*lead, len(dictionaries), number, bins), device=frames.device)
    with torch.inference_mode():
        for first in range(0, number, BLOCK):
            block = slice(first, first + BLOCK)
            activations = _activations(in_bands(frames[..., block, :]), atoms_in_bands, start, settings)
            for speaker, (atoms, (low, high)) in enumerate(zip(atoms_in_bins, pairwise(bounds), strict=True)):
                torch.matmul(activations[..., low:high], atoms, out=result[..., speaker, block, :])
    return as_array(result) + 1e-9


def _activations(frames: Tensor, atoms: Tensor, start: Tensor, settings: NmfSettings) -> Tensor:
    """Activation of each atom in every frame, shape (..., frames, atoms), from ``frames`` (..., frames, bands).

    ``atoms``: shape (..., atoms, bands). ``start``: the first distribution, shape (atoms,).
    """
    peak = frames.amax((-2, -1), keepdim=True)
    if peak.device.type == "cpu":  # in double precision, as cached results were computed
        peak = peak.double()
    floor = (1e-6 * peak + 1e-9).float()  # (..., 1, 1)
    frames = frames.clamp_min(floor)
    activations = frames.sum(-1, keepdim=True) * start
    for _ in range(settings.updates):
        ratio = frames / (activations @ atoms).add_(floor)
        activations *= (ratio @ atoms.mT).pow_(settings.exponent)
    return activations


MODEL = NmfSeparator
