"""From owners of local speakers to turns on the recording's clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.core.types import Turn
from pipeline.models.diarizers.embedding_pooling import LocalEmbeddings
from pipeline.models.diarizers.local_segmentation import Bools, Floats, Ints, LocalSegmentation

MAJORITY, SECOND = 0.5, 0.42
"""How many must be heard, in the mean of the windows, for a first voice in a frame, and more than so many for a
further one.

Five windows hear most moments; the second lies between two and three of them, so that no frame hangs on rounding."""
CERTAINTY = 2
"""Power of the odds that somebody talks: a window that is sure counts for more than one that is in doubt."""


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Who talks, shape (frames, persons), and how sure his name is (same shape; see `Turn.margin`)."""

    talking: Bools
    margins: Floats


def reconstruct(local: LocalSegmentation, owners: Ints, margins: Floats, persons: int) -> Activity:
    """Let the windows vote, frame by frame: how many talk is about their mean, who does is whom they name most.

    Each window's count is of probabilities, not of decisions: two windows in doubt are not one that is sure.
    ``margins``, shape (windows, locals), are averaged over the windows that name a person in a frame.
    """
    _, frames, locals_ = local.scores.shape
    votes = np.zeros((local.length, persons), np.float32)
    sureness, heard = np.zeros_like(votes), np.zeros_like(votes)
    people, seen = np.zeros(local.length, np.float32), np.zeros(local.length, np.float32)
    spoken, certain = local.spoken, _sharpen(local)
    for w, start in enumerate(local.starts):
        here = slice(start, start + frames)
        seen[here] += 1
        people[here] += certain[w].sum(axis=1)
        for i in range(locals_):
            person = owners[w, i]
            if person >= 0:
                votes[here, person] += local.scores[w, :, i]
                heard[here, person] += spoken[w, :, i]
                sureness[here, person] += spoken[w, :, i] * margins[w, i]
    people /= np.maximum(seen, 1)
    count = np.where(people < 1, people >= MAJORITY, np.floor(people + 1 - SECOND))
    rank = np.argsort(np.lexsort((-sureness, -votes), axis=1), axis=1)  # of equals, the surer: names mean nothing
    talking = (rank < count[:, None]) & (votes > 0)
    return Activity(talking, (sureness / np.maximum(heard, 1)).astype(np.float32))


def _sharpen(local: LocalSegmentation) -> Floats:
    """The scores with their odds, relative to the threshold's, raised to `CERTAINTY`; 0.5 at the threshold.

    Sorted in each frame: sums of floats depend on their order, and names within windows mean nothing.
    """
    talks = (local.scores * (1 - local.threshold)) ** CERTAINTY
    silent = ((1 - local.scores) * local.threshold) ** CERTAINTY
    return np.sort(talks / np.maximum(talks + silent, 1e-30), axis=2).astype(np.float32)


def measure_margins(voices: LocalEmbeddings, owners: Ints, centroids: Floats) -> Floats:
    """Likeness to the owner's voice minus that to the next nearest person's, shape (windows, locals); 0 where unknown.

    Beside a single person there is no other to be like: 0 is taken off.
    """
    likeness = voices.vectors @ centroids.T
    own = np.take_along_axis(likeness, np.maximum(owners, 0)[:, :, None], axis=2)[:, :, 0]
    if len(centroids) == 1:
        others = np.zeros_like(own)
    else:
        rivals = likeness.copy()
        np.put_along_axis(rivals, np.maximum(owners, 0)[:, :, None], -1, axis=2)
        others = rivals.max(axis=2)
    return np.where((owners >= 0) & (voices.weight > 0), own - others, 0).astype(np.float32)


def binarize(activity: Activity, local: LocalSegmentation, duration: float) -> tuple[Turn, ...]:
    """The stretches in which a person talks, as turns within ``duration`` seconds; speakers are called by number."""
    turns = []
    for person in range(activity.talking.shape[1]):
        steps = np.diff(activity.talking[:, person].astype(np.int8), prepend=0, append=0)
        for begin, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
            start = local.onset + begin * local.frame if begin else 0.0
            stop = min(duration, local.onset + end * local.frame)
            if start < stop:
                margin = float(activity.margins[begin:end, person].mean())
                turns.append(Turn(start, stop, f"{person:04d}", margin))
    return tuple(sorted(turns))
