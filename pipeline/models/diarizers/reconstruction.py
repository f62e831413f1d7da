"""Turns of the recording from the assignment of local speakers (pyannote's ``reconstruct`` and ``Binarize``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.core.types import Turn
from pipeline.models.diarizers.embedding_pooling import LocalEmbeddings
from pipeline.models.diarizers.local_segmentation import Bools, Floats, Ints, LocalSegmentation

FIRST_ONSET, SECOND_ONSET = 0.5, 0.42
"""Minimum mean activity over the windows for a first active speaker in a frame, and for each further one.

Five windows cover most frames; 0.42 lies between two and three of them, so that rounding cannot change a frame. A lower
second value finds more overlaps and more false alarms."""
SHARPNESS = 2
"""Exponent of the activity's odds before the mean: confident windows count more than uncertain ones. Chosen by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Active speakers, shape (frames, speakers), and the margin of their assignment (same shape, see `Turn.margin`)."""

    active: Bools
    margins: Floats


def reconstruct(local: LocalSegmentation, assignment: Ints, margins: Floats, speakers: int) -> Activity:
    """Aggregate the windows frame by frame.

    The number of active speakers in a frame follows from the mean over the windows of their summed activities; the
    speakers are those with the highest summed scores. ``margins``, shape (windows, locals), are averaged over the
    windows in which the speaker is active.
    """
    _, frames, locals_ = local.scores.shape
    scores = np.zeros((local.length, speakers), np.float32)
    margin_sums, active_windows = np.zeros_like(scores), np.zeros_like(scores)
    total, covering = np.zeros(local.length, np.float32), np.zeros(local.length, np.float32)
    binarized, sharpened = local.binarized, _sharpen(local)
    for w, start in enumerate(local.starts):
        window = slice(start, start + frames)
        covering[window] += 1
        total[window] += sharpened[w].sum(axis=1)
        for i in range(locals_):
            speaker = assignment[w, i]
            if speaker >= 0:
                scores[window, speaker] += local.scores[w, :, i]
                active_windows[window, speaker] += binarized[w, :, i]
                margin_sums[window, speaker] += binarized[w, :, i] * margins[w, i]
    total /= np.maximum(covering, 1)
    count = np.where(total < 1, total >= FIRST_ONSET, np.floor(total + 1 - SECOND_ONSET))  # (frames,)
    rank = np.argsort(np.lexsort((-margin_sums, -scores), axis=1), axis=1)  # of equal scores, the larger margin first
    active = (rank < count[:, None]) & (scores > 0)
    return Activity(active, (margin_sums / np.maximum(active_windows, 1)).astype(np.float32))


def _sharpen(local: LocalSegmentation) -> Floats:
    """The scores with their odds, relative to the threshold's, raised to `SHARPNESS`; 0.5 at the threshold.

    Sorted per frame so that the result does not depend on the order of local speakers.
    """
    active = (local.scores * (1 - local.threshold)) ** SHARPNESS
    inactive = ((1 - local.scores) * local.threshold) ** SHARPNESS
    return np.sort(active / np.maximum(active + inactive, 1e-30), axis=2).astype(np.float32)


def measure_margins(local: LocalEmbeddings, assignment: Ints, centroids: Floats) -> Floats:
    """Similarity to the assigned speaker minus that to the nearest other one, shape (windows, locals); 0 where unknown.

    With a single speaker, nothing is subtracted.
    """
    similarity = local.vectors @ centroids.T  # (windows, locals, speakers)
    assigned = np.take_along_axis(similarity, np.maximum(assignment, 0)[:, :, None], axis=2)[:, :, 0]
    if len(centroids) == 1:
        nearest_other = np.zeros_like(assigned)
    else:
        others = similarity.copy()
        np.put_along_axis(others, np.maximum(assignment, 0)[:, :, None], -1, axis=2)
        nearest_other = others.max(axis=2)
    return np.where((assignment >= 0) & (local.weight > 0), assigned - nearest_other, 0).astype(np.float32)


def binarize(activity: Activity, local: LocalSegmentation, duration: float) -> tuple[Turn, ...]:
    """The runs of active frames as turns within ``duration`` seconds; speakers are named by their index."""
    turns = []
    for speaker in range(activity.active.shape[1]):
        steps = np.diff(activity.active[:, speaker].astype(np.int8), prepend=0, append=0)
        for begin, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
            start = local.onset + begin * local.frame if begin else 0.0
            stop = min(duration, local.onset + end * local.frame)
            if start < stop:
                margin = float(activity.margins[begin:end, speaker].mean())
                turns.append(Turn(start, stop, f"{speaker:04d}", margin))
    return tuple(sorted(turns))
