"""Speakers that were asked for, although their embeddings do not show them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.diarizers.embedding_pooling import LocalEmbeddings
from pipeline.models.diarizers.local_segmentation import LocalSegmentation
from pipeline.models.diarizers.speaker_assignment import SPLIT_SPEECH, split_off_speakers
from tests.max_examples import at_most

FRAME = 0.02
WINDOW = 250
"""Frames of a window: 5 s."""
STEP = 50


def recording(passages: list[tuple[int, int, int]], windows: int) -> tuple[LocalEmbeddings, LocalSegmentation]:
    """Passages (first frame, last frame, voice) of one speaker each, in windows of 5 s every second.

    Every passage in a window is a local speaker by itself; voices are nearly the same.
    """
    most = max(1, len(passages))
    scores = np.zeros((windows, WINDOW, most), np.float32)
    vectors = np.zeros((windows, most, 8), np.float32)
    for w in range(windows):
        for i, (first, last, voice) in enumerate(passages):
            inside = slice(max(0, first - w * STEP), max(0, last - w * STEP))
            scores[w, inside, i] = 1
            if scores[w, :, i].any():
                vectors[w, i] = [1, 0.1 * voice, *[0] * 6]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-9)
    seconds = scores.sum(axis=1) * np.float32(FRAME)
    local = LocalSegmentation(scores, np.arange(windows) * STEP, FRAME, 0.0)
    return LocalEmbeddings(vectors, seconds, seconds), local


def split(passages: list[tuple[int, int, int]], windows: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    embeddings, local = recording(passages, windows)
    assignment = np.where(local.active, 0, -1)
    return split_off_speakers(embeddings, local, assignment, np.eye(1, 8, dtype=np.float32), number)


def test_the_least_similar_passage_becomes_a_new_speaker() -> None:
    passages = [(0, 300, 0), (320, 380, 3), (400, 700, 1)]
    assignment, centroids = split(passages, 12, 2)
    assert len(centroids) == 2
    assert np.isclose(np.linalg.norm(centroids[1]), 1)
    assert set(assignment[:, 0]) <= {0, -1}
    assert set(assignment[:, 1]) == {1, -1}
    assert set(assignment[:, 2]) <= {0, -1}


def test_long_speech_of_a_speaker_is_not_split() -> None:
    assignment, centroids = split([(0, 700, 0)], 12, 3)
    assert len(centroids) <= 2  # the end of the passage, which the first window hardly reaches, is short
    assert (assignment[3:9] == 0).all()


spans = st.tuples(st.integers(0, 500), st.integers(5, 120), st.integers(0, 5))


@given(st.lists(spans, min_size=1, max_size=6), st.integers(1, 5))
@at_most(50)
def test_no_speaker_loses_most_of_the_speech_or_disappears(lengths: list[tuple[int, int, int]], number: int) -> None:
    passages = [(first, first + length, voice) for first, length, voice in lengths]
    embeddings, local = recording(passages, 9)
    before = np.where(local.active, 0, -1)
    assignment, centroids = split_off_speakers(embeddings, local, before, np.eye(1, 8, dtype=np.float32), number)
    assert ((assignment >= 0) == (before >= 0)).all()
    assert len(centroids) <= max(1, number)
    assert set(range(len(centroids))) <= set(assignment[assignment >= 0]) or not local.active.any()
    for speaker in range(1, len(centroids)):
        assert embeddings.seconds[assignment == speaker].max() >= SPLIT_SPEECH[0]
