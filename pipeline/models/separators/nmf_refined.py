"""The default separator: the exemplars of each speaker's solo speech, refined by a small network.

Exemplars know the voices of this recording but nothing of how speech goes on in time and frequency; the network knows
that and no voice. Together they separate better than either, and fewer exemplars do.
"""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from pipeline.config.schema import REFINING, Config
from pipeline.models.protocols import ParallelSeparator
from pipeline.models.separators.mask_network import RECEPTIVE_FIELD, MaskNetwork, load_mask_network, masks
from pipeline.models.separators.nmf import Matrix, NmfSeparator, NmfSettings
from pipeline.models.torch_runtime import bfloat16_autocast, select_device, single_threaded_pool

if TYPE_CHECKING:
    from pipeline.models.weights import Store

EFFORT: Final = NmfSettings(atoms=1500, updates=15, eagerness=1.8)
"""A quarter of what exemplars need alone. The network was taught on 3000 atoms, which would gain 0.1 to 0.5 dB."""
FRAMES: Final = 512
"""Frames refined at once: bounds memory."""
GPU_THREADS: Final = 4
"""Regions separated side by side on a GPU; spectra and exemplars are computed on the CPU in the meantime. With four,
and activities on the GPU, ten minutes of a meeting took 2.5 s instead of 6.6 s (H200, 16 cores)."""
STEP: Final = 16
"""Scenes are filled with silence to multiples of so many frames: layers are compiled anew for each length."""


class NmfRefinedSeparator(NmfSeparator, ParallelSeparator):
    """Separates as `NmfSeparator`, and lets a network correct the masks; sources add up to the mixture."""

    def __init__(self, network: MaskNetwork, device: torch.device) -> None:
        super().__init__(EFFORT, device)
        self._network = network

    @classmethod
    def from_config(cls, config: Config, models: Store) -> NmfRefinedSeparator:
        device = select_device(config.runtime)
        return cls(load_mask_network(config.separation.model or REFINING, models, device), device)

    def pool(self) -> AbstractContextManager[Executor]:
        """See `ParallelSeparator`."""
        return single_threaded_pool(self._device, GPU_THREADS)

    def _masks(self, magnitude: Matrix, explained: Matrix) -> Matrix:
        """See `NmfSeparator`."""
        peak = max(float(magnitude.max(initial=0.0)), 1e-9)
        frames = len(magnitude)
        more = -frames % STEP
        magnitude, explained = np.pad(magnitude, ((0, more), (0, 0))), np.pad(explained, ((0, 0), (0, more), (0, 0)))
        with torch.inference_mode():
            mixture = torch.from_numpy(magnitude / np.float32(peak))[None].to(self._device)
            voices = torch.from_numpy(explained / np.float32(peak))[None].to(self._device)
            seen = self._network.look(mixture, voices)
            for first in range(0, len(magnitude), FRAMES):
                start = max(0, first - RECEPTIVE_FIELD)
                with bfloat16_autocast(self._device):
                    corrections = self._network.correct(seen[..., start : first + FRAMES + RECEPTIVE_FIELD, :])
                kept = slice(first, first + FRAMES)
                part = corrections[:, :, first - start :][:, :, :FRAMES]
                voices[:, :, kept] = masks(voices[:, :, kept], part)
        found: Matrix = voices[0, :, :frames].cpu().numpy()
        return found
