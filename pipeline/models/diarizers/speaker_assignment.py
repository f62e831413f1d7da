"""Which person each local speaker of each window is, all windows decided together."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from pipeline.models.diarizers.embedding_pooling import LocalEmbeddings
from pipeline.models.diarizers.local_segmentation import Bools, Floats, Ints

CONTINUITY = 0.01
"""What a second of agreement between neighbouring windows weighs against a second of perfect likeness of voice."""
CANDIDATES = 6
"""Persons considered for one local speaker: those he sounds most like."""
BEAM = 40
"""Ways to name the local speakers of a window that are followed."""
ROUNDS = 5
"""Times that voices are learned anew from the decision, at most; it settles in two or three."""


def assign_speakers(voices: LocalEmbeddings, active: Bools, shared: Floats, centroids: Floats) -> tuple[Ints, Floats]:
    """Owners, shape (windows, locals), −1 for nobody; and the persons' voices learned anew from them.

    Local speakers of one window are different people; one who talks in two windows at once is the same person in both
    (``shared``: `agreement`). The best naming of all windows by both and by likeness of voice is found by Viterbi's
    algorithm; then each person's voice is the mean of what he owns, until nothing changes.
    """
    owners = np.full(active.shape, -1)
    for _ in range(ROUNDS):
        likeness = (voices.vectors @ centroids.T) * voices.weight[:, :, None]
        decided = viterbi(likeness, active, shared)
        if np.array_equal(decided, owners):
            break
        owners = decided
        centroids = update_centroids(voices, owners, centroids)
    return owners, centroids


def update_centroids(voices: LocalEmbeddings, owners: Ints, centroids: Floats) -> Floats:
    """Each person's voice: the mean over what he owns, weighted by seconds; as before for one who owns nothing."""
    fresh = centroids.copy()
    for person in range(len(centroids)):
        mine = owners == person
        total = (voices.vectors[mine] * voices.seconds[mine][:, None]).sum(axis=0)
        norm = np.linalg.norm(total)
        if norm > 0:
            fresh[person] = total / norm
    return fresh


def viterbi(likeness: Floats, active: Bools, shared: Floats) -> Ints:
    """The naming of local speakers with the greatest sum of likeness and continuity; shape (windows, locals).

    ``likeness`` (windows, locals, persons) is in seconds; so is ``shared`` (windows, locals before, locals now).
    """
    windows, locals_, persons = likeness.shape
    marks = np.vstack([np.eye(persons, dtype=np.float32), np.zeros((1, persons), np.float32)])
    namings: list[Ints] = []
    pointers: list[Ints] = []
    scores: NDArray[np.float32] = np.zeros(1, np.float32)
    before = np.zeros((1, locals_, persons), np.float32)
    for w in range(windows):
        naming, own = _permutations(likeness[w], active[w])
        now = marks[naming]
        carried = (shared[w] @ now).reshape(len(naming), -1)
        paths = scores[:, None] + CONTINUITY * (before.reshape(len(before), -1) @ carried.T)
        pointer = paths.argmax(axis=0)
        scores = paths[pointer, np.arange(len(naming))] + own
        scores -= scores.max()
        namings.append(naming)
        pointers.append(pointer)
        before = now
    owners = np.full((windows, locals_), -1)
    best = int(scores.argmax())
    for w in range(windows - 1, -1, -1):
        owners[w] = namings[w][best]
        best = int(pointers[w][best])
    return owners


def _permutations(likeness: Floats, active: Bools) -> tuple[Ints, Floats]:
    """The best ways to give the active local speakers of one window to different persons, and their likeness."""
    locals_, persons = likeness.shape
    nobody = [-1] if active.sum() > persons else []
    ranked = np.argsort(-likeness, axis=1, kind="stable")[:, :CANDIDATES]
    options = [[*ranked[i], *nobody] if active[i] else [-1] for i in range(locals_)]
    naming = np.array(list(product(*options)))
    named = naming >= 0
    distinct = np.ones(len(naming), np.bool_)
    for i in range(locals_):
        for j in range(i):
            distinct &= ~((naming[:, i] == naming[:, j]) & named[:, i])
    naming, named = naming[distinct], named[distinct]
    likely = np.where(named, likeness[np.arange(locals_), naming], 0).sum(axis=1)
    kept = np.argsort(-(likely + 1e-3 * named.sum(axis=1)), kind="stable")[:BEAM]
    return naming[kept], likely[kept].astype(np.float32)
