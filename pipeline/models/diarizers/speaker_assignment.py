"""Assignment of local speakers to speakers, jointly over all windows by Viterbi decoding."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from pipeline.models.diarizers.embedding_pooling import LocalEmbeddings
from pipeline.models.diarizers.local_segmentation import Bools, Floats, Ints, LocalSegmentation

CONTINUITY = 0.01
"""Weight of a second of joint activity in neighboring windows, relative to a second at cosine similarity 1. Chosen by
hand; a higher value favors assignments that continue the window before."""
CANDIDATES = 6
"""Speakers considered for one local speaker, by similarity. Chosen by hand; more cost time."""
BEAM = 40
"""Assignments of one window that the search keeps. Chosen by hand; more cost time and memory."""
ROUNDS = 5
"""Maximum number of updates of the centroids; two or three suffice in practice."""
SPLIT_SPEECH = 0.5, 2.0
"""Minimum and maximum speech, in seconds, of a local speaker that becomes a new speaker only because more were
asked for. Chosen by hand; shorter speech has a random embedding, and longer speech was clustered."""


def assign_speakers(local: LocalEmbeddings, active: Bools, shared: Floats, centroids: Floats) -> tuple[Ints, Floats]:
    """The speaker of each local speaker, shape (windows, locals), −1 for none; and the updated centroids.

    Local speakers of one window are different speakers; local speakers of neighboring windows that are active together
    (``shared``, from `window_continuity`) are probably the same one. Viterbi decoding finds the assignment with the
    highest score, and each centroid becomes the mean of the embeddings assigned to it, until nothing changes.
    """
    assignment = np.full(active.shape, -1)
    for _ in range(ROUNDS):
        similarity = (local.vectors @ centroids.T) * local.weight[:, :, None]  # (windows, locals, speakers)
        decoded = viterbi(similarity, active, shared)
        if np.array_equal(decoded, assignment):
            break
        assignment = decoded
        centroids = update_centroids(local, assignment, centroids)
    return assignment, centroids


def split_off_speakers(
    local: LocalEmbeddings, segmentation: LocalSegmentation, assignment: Ints, centroids: Floats, number: int
) -> tuple[Ints, Floats]:
    """The assignment with up to ``number`` speakers: each further one takes the least similar speech of the others.

    Where the embeddings show fewer speakers than are known to be there, the others have said little, or sound like
    another speaker. So a further speaker gets one passage only: the local speaker that is least similar to their
    speaker, and those of other windows with mostly the same frames. No speaker loses half of their speech, so there may
    be fewer speakers than ``number``.
    """
    assignment = assignment.copy()
    for speaker in range(len(centroids), number):
        passage = _least_similar(local, segmentation, assignment, centroids)
        if passage is None:
            break
        assignment[passage] = speaker
        centroids = np.vstack([centroids, _mean_embedding(local, passage)])
    return assignment, centroids


def _least_similar(
    local: LocalEmbeddings, segmentation: LocalSegmentation, assignment: Ints, centroids: Floats
) -> Bools | None:
    """A mask of the local speakers, shape (windows, locals), of the passage that is least similar to its speaker."""
    similarity = np.take_along_axis(local.vectors @ centroids.T, np.maximum(assignment, 0)[:, :, None], axis=2)[:, :, 0]
    low, high = SPLIT_SPEECH
    allowed = (assignment >= 0) & (local.seconds >= low) & (local.weight <= high)
    order = np.argsort(np.where(allowed, similarity, np.inf), axis=None, kind="stable")[: allowed.sum()]
    for window, i in zip(*np.unravel_index(order, allowed.shape), strict=True):
        of_speaker: Bools = assignment == assignment[window, i]
        passage = np.zeros(allowed.shape, np.bool_)
        passage[window, i] = True
        for _ in range(2):  # the first window can begin or end within the passage
            passage = _sharing_frames(segmentation, passage) & of_speaker & (local.weight <= high)
        if local.seconds[of_speaker & ~passage].sum() > local.seconds[passage].sum():
            return passage
    return None


def _sharing_frames(segmentation: LocalSegmentation, passage: Bools) -> Bools:
    """The local speakers that share half of their frames with those of ``passage``, or half of the frames of these."""
    binarized = segmentation.binarized  # (windows, frames, locals)
    inside = np.zeros(segmentation.length, np.bool_)
    for start, active, members in zip(segmentation.starts, binarized, passage, strict=True):
        inside[start : start + len(active)] |= active[:, members].any(axis=1)
    sharing: Bools = np.zeros(passage.shape, np.bool_)
    for w, (start, active) in enumerate(zip(segmentation.starts, binarized, strict=True)):
        shared = inside[start : start + len(active)].astype(np.intp) @ active
        sharing[w] = 2 * shared > np.minimum(active.sum(axis=0), inside.sum())
    return sharing


def update_centroids(local: LocalEmbeddings, assignment: Ints, centroids: Floats) -> Floats:
    """Mean embedding of each speaker, weighted by seconds; unchanged for a speaker without local speakers."""
    updated = centroids.copy()
    for speaker in range(len(centroids)):
        mean = _mean_embedding(local, assignment == speaker)
        if mean.any():
            updated[speaker] = mean
    return updated


def _mean_embedding(local: LocalEmbeddings, members: Bools) -> Floats:
    """The mean of the members' embeddings, weighted by seconds, at unit length; zeros without single-speaker speech."""
    total: Floats = (local.vectors[members] * local.seconds[members][:, None]).sum(axis=0)
    norm = np.linalg.norm(total)
    return total / norm if norm > 0 else total


def viterbi(similarity: Floats, active: Bools, shared: Floats) -> Ints:
    """The assignment with the highest sum of similarity and continuity, shape (windows, locals); −1 for none.

    ``similarity``, shape (windows, locals, speakers), and ``shared``, shape (windows, locals before, locals now), are
    weighted by seconds.
    """
    windows, locals_, speakers = similarity.shape
    one_hot = np.vstack([np.eye(speakers, dtype=np.float32), np.zeros((1, speakers), np.float32)])
    states: list[Ints] = []
    pointers: list[Ints] = []
    scores: NDArray[np.float32] = np.zeros(1, np.float32)
    before = np.zeros((1, locals_, speakers), np.float32)
    for w in range(windows):
        state, emission = _permutations(similarity[w], active[w])
        now = one_hot[state]  # (states, locals, speakers)
        carried = (shared[w] @ now).reshape(len(state), -1)
        paths = scores[:, None] + CONTINUITY * (before.reshape(len(before), -1) @ carried.T)
        pointer = paths.argmax(axis=0)
        scores = paths[pointer, np.arange(len(state))] + emission
        scores -= scores.max()
        states.append(state)
        pointers.append(pointer)
        before = now
    assignment = np.full((windows, locals_), -1)
    best = int(scores.argmax())
    for w in range(windows - 1, -1, -1):
        assignment[w] = states[w][best]
        best = int(pointers[w][best])
    return assignment


def _permutations(similarity: Floats, active: Bools) -> tuple[Ints, Floats]:
    """The best assignments of one window's active local speakers to different speakers, and their similarity.

    ``similarity`` has shape (locals, speakers); the results (assignments, locals) and (assignments,).
    """
    locals_, speakers = similarity.shape
    none = [-1] if active.sum() > speakers else []
    ranked = np.argsort(-similarity, axis=1, kind="stable")[:, :CANDIDATES]
    options = [[*ranked[i], *none] if active[i] else [-1] for i in range(locals_)]
    states = np.array(list(product(*options)))
    assigned = states >= 0
    distinct = np.ones(len(states), np.bool_)
    for i in range(locals_):
        for j in range(i):
            distinct &= ~((states[:, i] == states[:, j]) & assigned[:, i])
    states, assigned = states[distinct], assigned[distinct]
    totals = np.where(assigned, similarity[np.arange(locals_), states], 0).sum(axis=1)
    best = np.argsort(-(totals + 1e-3 * assigned.sum(axis=1)), kind="stable")[:BEAM]
    return states[best], totals[best].astype(np.float32)
