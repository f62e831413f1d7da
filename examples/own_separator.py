"""A separator of your own: any class with `from_config` and `separate`, given to a run as ``module:Class``.

    PYTHONPATH=examples transcribe meeting.wav --set separation.backend=own_separator:SpectralGate

It gets a piece of the recording in which people overlap and, for each of them, speech of his alone from the same
recording. It answers with any number of sources, in any order and at any level; the pipeline finds out whose they are,
and keeps the mixture where a source does not convince.
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


class SpectralGate:
    """Gives each bin of the spectrum to the speaker whose average spectrum is strongest there."""

    @classmethod
    def from_config(cls, config: Config, models: Store) -> SpectralGate:
        """Needs neither settings nor weights."""
        return cls()

    def separate(self, mixture: Samples, solo: Mapping[str, Samples]) -> NDArray[np.float32]:
        """One row per person of ``solo``, as long as the mixture."""
        averages = np.array([np.abs(_spectrum(samples)).mean(axis=1) for samples in solo.values()])
        strongest = averages == averages.max(axis=0)
        rows = [istft(_spectrum(mixture) * own[:, None], RATE, nperseg=FRAME)[1] for own in strongest]
        return np.array([_fitted(row, len(mixture)) for row in rows], np.float32)


def _spectrum(samples: Samples) -> NDArray[np.complex64]:
    padded = _fitted(samples, max(len(samples), FRAME))
    return np.asarray(stft(padded, RATE, nperseg=FRAME)[2], np.complex64)


def _fitted(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    return np.pad(samples, (0, max(0, length - len(samples))))[:length]
