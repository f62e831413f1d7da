"""The default separator: NMF whose masks are refined by a small network.

The dictionaries of NMF are specific to the speakers, but have no model of time and frequency structure; the network has
that, and is independent of the speakers. Together they separate better than either, with fewer exemplars.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from pipeline.config.schema import Config
from pipeline.models.protocols import ParallelSeparator
from pipeline.models.separators.nmf import NmfSeparator, NmfSettings
from pipeline.models.separators.spectra import Array, as_array, as_tensor
from pipeline.models.torch_runtime import bfloat16_autocast, select_device, single_threaded_pool

if TYPE_CHECKING:
    import torch

    from pipeline.models.separators.mask_network import MaskNetwork
    from pipeline.models.weights import Store

DEFAULT_MODEL: Final = "crosstalk-separation"
"""The weights, unless ``separation.model`` names others."""
SETTINGS: Final = NmfSettings(atoms=1500, updates=15, exponent=1.8)
"""A quarter of the computation of NMF alone. The network was trained on 3000 atoms, which would gain 0.1 to 0.5 dB."""
FRAMES: Final = 512
"""Frames per block of the network; bounds memory."""
GPU_THREADS: Final = 2
"""Batches in work at the same time on a GPU: the CPU prepares one while the other is computed. Chosen by hand; each
takes memory."""
LENGTH_MULTIPLE: Final = 16
"""Regions are padded to multiples of this number of frames, because layers are compiled again for each length."""


class NmfRefinedSeparator(NmfSeparator, ParallelSeparator):
    """Separates as `NmfSeparator`, with masks corrected by a network; the sources add up to the mixture."""

    version = 1
    requires = ("torch", "numpy")

    def __init__(self, network: MaskNetwork, device: torch.device, batch_size: int = 32) -> None:
        super().__init__(SETTINGS, device, batch_size)
        self._network, self._mask_device = network, device

    @classmethod
    def weights(cls, config: Config) -> Mapping[str, str]:
        return {"separation": config.separation.model or DEFAULT_MODEL}

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> NmfRefinedSeparator:
        from pipeline.models.separators.mask_network import load_mask_network

        device = select_device(config.runtime)
        network = load_mask_network(cls.weights(config)["separation"], weights, device)
        return cls(network, device, config.runtime.batch_size)

    def executor(self) -> AbstractContextManager[Executor]:
        """See `ParallelSeparator`."""
        return single_threaded_pool(self._mask_device, GPU_THREADS)

    def _masks(self, magnitude: Array, explained: Array) -> Array:
        """See `NmfSeparator`."""
        import torch

        from pipeline.models.separators.mask_network import RECEPTIVE_FIELD, masks

        *lead, speakers, frames, bins = explained.shape
        with torch.inference_mode():
            mixture = as_tensor(magnitude).reshape(-1, frames, bins)  # (mixtures, frames, bins)
            peak = mixture.amax((1, 2), keepdim=True).clamp_min(1e-9)
            padding = (0, 0, 0, -frames % LENGTH_MULTIPLE)
            mixture = torch.nn.functional.pad(mixture / peak, padding)
            masked = as_tensor(explained).reshape(-1, speakers, frames, bins)
            masked = torch.nn.functional.pad(masked / peak[:, None], padding)
            features = self._network.features(mixture, masked)  # (mixtures, speakers, 3, frames, bands)
            for first in range(0, mixture.shape[1], FRAMES):
                start = max(0, first - RECEPTIVE_FIELD)
                with bfloat16_autocast(self._mask_device):
                    corrections = self._network.corrections(features[..., start : first + FRAMES + RECEPTIVE_FIELD, :])
                block = slice(first, first + FRAMES)
                part = corrections[:, :, first - start :][:, :, :FRAMES]
                masked[:, :, block] = masks(masked[:, :, block], part)
            return as_array(masked[:, :, :frames].reshape(*lead, speakers, frames, bins))


MODEL = NmfRefinedSeparator
