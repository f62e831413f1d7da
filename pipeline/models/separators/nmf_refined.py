"""The default separator: NMF whose masks are refined by a small network.

The dictionaries of NMF are specific to the speakers, but have no model of time and frequency structure; the network has
that, and is independent of the speakers. Together they separate better than either, with fewer exemplars.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.config.schema import Config
from pipeline.models.protocols import ParallelSeparator
from pipeline.models.separators.nmf import Matrix, NmfSeparator, NmfSettings
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
GPU_THREADS: Final = 4
"""Regions separated in parallel on a GPU, while the CPU computes spectra and dictionaries. With four, and activations
on the GPU, ten minutes of a meeting took 2.5 s instead of 6.6 s (H200, 16 cores)."""
LENGTH_MULTIPLE: Final = 16
"""Regions are padded to multiples of this number of frames, because layers are compiled again for each length."""


class NmfRefinedSeparator(NmfSeparator, ParallelSeparator):
    """Separates as `NmfSeparator`, with masks corrected by a network; the sources add up to the mixture."""

    version = 1
    requires = ("torch", "numpy")

    def __init__(self, network: MaskNetwork, device: torch.device) -> None:
        super().__init__(SETTINGS, device)
        self._network, self._mask_device = network, device

    @classmethod
    def weights(cls, config: Config) -> Mapping[str, str]:
        return {"separation": config.separation.model or DEFAULT_MODEL}

    @classmethod
    def from_config(cls, config: Config, weights: Store) -> NmfRefinedSeparator:
        from pipeline.models.separators.mask_network import load_mask_network

        device = select_device(config.runtime)
        return cls(load_mask_network(cls.weights(config)["separation"], weights, device), device)

    def executor(self) -> AbstractContextManager[Executor]:
        """See `ParallelSeparator`."""
        return single_threaded_pool(self._mask_device, GPU_THREADS)

    def _masks(self, magnitude: Matrix, explained: Matrix) -> Matrix:
        """See `NmfSeparator`."""
        import torch

        from pipeline.models.separators.mask_network import RECEPTIVE_FIELD, masks

        peak = max(float(magnitude.max(initial=0.0)), 1e-9)
        frames = len(magnitude)
        padding = -frames % LENGTH_MULTIPLE
        magnitude, explained = (
            np.pad(magnitude, ((0, padding), (0, 0))),
            np.pad(explained, ((0, 0), (0, padding), (0, 0))),
        )
        with torch.inference_mode():
            mixture = torch.from_numpy(magnitude / np.float32(peak))[None].to(self._device)
            masked = torch.from_numpy(explained / np.float32(peak))[None].to(self._device)
            features = self._network.features(mixture, masked)  # (1, speakers, 3, frames, bands)
            for first in range(0, len(magnitude), FRAMES):
                start = max(0, first - RECEPTIVE_FIELD)
                with bfloat16_autocast(self._mask_device):
                    corrections = self._network.corrections(features[..., start : first + FRAMES + RECEPTIVE_FIELD, :])
                block = slice(first, first + FRAMES)
                part = corrections[:, :, first - start :][:, :, :FRAMES]
                masked[:, :, block] = masks(masked[:, :, block], part)
        result: Matrix = masked[0, :, :frames].cpu().numpy()
        return result


MODEL = NmfRefinedSeparator
