"""Where one person talks alone, whoever that is: what the voice encoder gets to hear, never two people in one clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.speakers.windows import LocalSpeech

BLUR = 4
"""Frames by which windows may differ on when a speaker changes."""
SHORTEST = 0.3
"""Seconds of a stretch below which it tells no voice."""


def find_stretches(local: LocalSpeech) -> NDArray[np.intp]:
    """First and past-the-last frame of each stretch in which most windows hear one person, the same throughout."""
    frames = local.scores.shape[1]
    seen, alone, changes = (np.zeros(local.length + 1, np.float32) for _ in range(3))
    solo = local.solo
    for w, start in enumerate(local.starts):
        seen[start : start + frames] += 1
        alone[start : start + frames] += solo[w].any(axis=1)
        changes[start + 1 : start + frames] += (solo[w, 1:] != solo[w, :-1]).any(axis=1)
    kernel = np.ones(2 * BLUR + 1, np.float32)
    doubt = np.convolve(changes, kernel, "same") / np.maximum(seen, 1)
    peaks = np.array([doubt[max(0, f - BLUR) : f + BLUR + 1].max() for f in np.flatnonzero(doubt > 0.5)])
    cuts = np.flatnonzero(doubt > 0.5)[doubt[doubt > 0.5] >= peaks]
    inside = alone > seen / 2
    inside[cuts] = False
    steps = np.diff(inside.astype(np.int8), prepend=0, append=0)
    stretches = np.stack([np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)], axis=1)
    return stretches[(stretches[:, 1] - stretches[:, 0]) * local.frame >= SHORTEST]


def cut_clips(local: LocalSpeech, duration: float, length: float, hop: float) -> NDArray[np.float64]:
    """Start and end in seconds of the clips to embed, in order, shape (clips, 2).

    A stretch longer than ``length`` gives clips of that length at most ``hop`` apart, a shorter one is a clip itself.
    """
    clips = []
    for first, last in find_stretches(local) * local.frame + local.onset:
        end = min(last, duration)
        number = 1 + max(0, int(np.ceil((end - first - length) / hop - 1e-6)))
        if number == 1:
            clips.append((first, end))
        else:
            starts = np.linspace(first, end - length, number)
            clips += [(start, start + length) for start in starts]
    found = np.array([(a, b) for a, b in clips if b - a >= SHORTEST / 2])
    return found.reshape(-1, 2)
