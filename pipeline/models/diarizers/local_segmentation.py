"""Local segmentations: the activity of a few local speakers in each of many overlapping windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class LocalSegmentation:
    """Activities from 0 to 1, shape (windows, frames, locals); local speakers of two windows are not related by index.

    ``starts`` holds the first frame of each window on the recording's grid, ascending. Frame f begins at
    ``onset + f * frame`` seconds and lasts ``frame`` seconds. A local speaker is active above ``threshold``.
    """

    scores: Floats
    starts: Ints
    frame: float
    onset: float
    threshold: float = 0.5

    @property
    def binarized(self) -> Bools:
        """Active local speakers, shape (windows, frames, locals)."""
        return np.greater(self.scores, self.threshold)

    @property
    def active(self) -> Bools:
        """Local speakers that are active anywhere in a window, shape (windows, locals)."""
        active: Bools = self.binarized.max(axis=1)
        return active

    @property
    def single_speaker(self) -> Bools:
        """Local speakers that are the only active one, shape (windows, frames, locals)."""
        binarized = self.binarized
        single: Bools = binarized & (binarized.sum(axis=2, keepdims=True) == 1)
        return single

    @property
    def length(self) -> int:
        """Number of frames up to the end of the last window."""
        return int(self.starts[-1]) + self.scores.shape[1] if len(self.starts) else 0

    @property
    def windows_per_frame(self) -> float:
        """Number of windows that cover a frame."""
        if len(self.starts) < 2:
            return 1.0
        return float(max(1.0, self.scores.shape[1] / np.median(np.diff(self.starts))))


def window_continuity(local: LocalSegmentation) -> Floats:
    """Seconds in which local speaker i of a window and j of the next are both active; shape (windows, locals, locals).

    Entry w compares window w with the one before; the first entry is zero. The scores are compared, not the binarized
    activities, so that uncertain frames count less.
    """
    windows, frames, locals_ = local.scores.shape
    shared = np.zeros((windows, locals_, locals_), np.float32)
    for w in range(1, windows):
        step = int(local.starts[w] - local.starts[w - 1])
        if step < frames:
            before, now = local.scores[w - 1, step:], local.scores[w, : frames - step]
            shared[w] = np.minimum(before[:, :, None], now[:, None, :]).sum(axis=0)
    return shared * np.float32(local.frame)
