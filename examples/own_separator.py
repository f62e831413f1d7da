"""A separator of your own: any class with `from_config` and `separate`, named in the settings as ``module:Class``.

    PYTHONPATH=examples transcribe meeting.wav --set separation.backend=own_separator:SpectralGate

It gets an overlap region and, for each of its speakers, single-speaker speech from the same recording. It returns any
number of sources, in any order and at any level. The pipeline assigns them to the speakers, and keeps the mixture where
a source is not convincing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.signal import istft, stft

from pipeline.config.schema import Config
from pipeline.core.audio import RATE, Samples
from pipeline.models.weights import Store

FRAME = 1024
"""Samples per frame of the short-time spectrum."""


class SpectralGate:
    """Assigns each frequency bin to the speaker whose average spectrum is strongest there."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> SpectralGate:
        """It needs neither settings nor weights."""
        return cls()

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> NDArray[np.float32]:
        """Sources, shape (speakers, samples), in the order of ``solo``."""
        averages = np.array([np.abs(_spectrum(samples)).mean(axis=1) for samples in solo.values()])  # (speakers, bins)
        strongest = averages == averages.max(axis=0)
        rows = [istft(_spectrum(mixture) * mask[:, None], RATE, nperseg=FRAME)[1] for mask in strongest]
        return np.array([_fit(row, len(mixture)) for row in rows], np.float32)


def _spectrum(samples: Samples) -> NDArray[np.complex64]:
    padded = _fit(samples, max(len(samples), FRAME))
    return np.asarray(stft(padded, RATE, nperseg=FRAME)[2], np.complex64)


def _fit(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    return np.pad(samples, (0, max(0, length - len(samples))))[:length]
