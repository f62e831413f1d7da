"""What a segmentation network hears: a few local speakers in each of many overlapping windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class LocalSegmentation:
    """Scores from 0 to 1, shape (windows, frames, locals); a local speaker means somebody else in each window.

    ``starts`` holds the first frame of each window on the recording's grid, ascending: frame f lasts from
    ``onset + f * frame`` seconds for ``frame`` seconds. Above ``threshold`` a local speaker talks.
    """

    scores: Floats
    starts: Ints
    frame: float
    onset: float
    threshold: float = 0.5

    @property
    def spoken(self) -> Bools:
        """Who talks, shape (windows, frames, locals)."""
        return np.greater(self.scores, self.threshold)

    @property
    def active(self) -> Bools:
        """Who talks anywhere in a window, shape (windows, locals)."""
        active: Bools = self.spoken.max(axis=1)
        return active

    @property
    def solo(self) -> Bools:
        """Who talks alone, shape (windows, frames, locals)."""
        spoken = self.spoken
        alone: Bools = spoken & (spoken.sum(axis=2, keepdims=True) == 1)
        return alone

    @property
    def length(self) -> int:
        """Frames from the recording's first to the last window's end."""
        return int(self.starts[-1]) + self.scores.shape[1] if len(self.starts) else 0

    @property
    def windows_per_frame(self) -> float:
        """How many windows hear each moment."""
        if len(self.starts) < 2:
            return 1.0
        return float(max(1.0, self.scores.shape[1] / np.median(np.diff(self.starts))))


def window_continuity(local: LocalSegmentation) -> Floats:
    """Seconds in which local speaker i of a window and j of the next talk together; shape (windows, locals, locals).

    The first window has nothing before it: zeros. Soft scores are compared, so that doubt counts as such.
    """
    windows, frames, locals_ = local.scores.shape
    shared = np.zeros((windows, locals_, locals_), np.float32)
    for w in range(1, windows):
        step = int(local.starts[w] - local.starts[w - 1])
        if step < frames:
            before, now = local.scores[w - 1, step:], local.scores[w, : frames - step]
            shared[w] = np.minimum(before[:, :, None], now[:, None, :]).sum(axis=0)
    return shared * np.float32(local.frame)
