from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.models.diarizers import clustering
from pipeline.models.diarizers.clustering import estimate_speakers, log_odds
from pipeline.models.diarizers.embedding_pooling import (
    ClipEmbeddings,
    FrameFeatures,
    LocalEmbeddings,
    block_grid,
    clip_grid,
    pool_clips,
    pool_frames,
)
from pipeline.models.diarizers.local_segmentation import LocalSegmentation
from pipeline.models.diarizers.reconstruction import reconstruct
from pipeline.models.diarizers.speaker_assignment import viterbi
from pipeline.models.protocols import EmbedderCalibration, SpeakerBounds
from tests.diarizers.meetings import CLIP, FRAME, HOP, Meeting, converse, embed, segment
from tests.max_examples import at_most

seconds = st.floats(0.3, 100)


def centroids_of(local: LocalEmbeddings, *settings: Any) -> NDArray[np.float32]:
    return estimate_speakers(local, *settings).vectors


@given(st.floats(0, 2), st.floats(0, 2), seconds, seconds)
def test_odds_fall_with_distance(near: float, far: float, one: float, other: float) -> None:
    near, far = min(near, far), max(near, far)
    odds = log_odds(np.array([near, far]), np.array([one]), np.array([other]))
    assert odds[0] >= odds[1]
    assert np.array_equal(odds, log_odds(np.array([near, far]), np.array([other]), np.array([one])))


def test_long_speech_that_differs_is_two_speakers_and_short_speech_is_not() -> None:
    distance = np.array([0.4])
    assert log_odds(distance, np.array([60.0]), np.array([60.0])) < -1
    assert log_odds(distance, np.array([60.0]), np.array([0.4])) > 0


@at_most(50)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_a_speaker_is_one_local_speaker_of_a_window(seed: int, speakers: int) -> None:
    rng = np.random.default_rng(seed)
    windows = 12
    similarity = rng.random((windows, 3, speakers)).astype(np.float32)
    active = rng.random((windows, 3)) < 0.7
    assignment = viterbi(similarity, active, rng.random((windows, 3, 3)).astype(np.float32))
    assert (assignment[~active] == -1).all()
    for row in assignment:
        named = row[row >= 0]
        assert len(set(named)) == len(named)
    assert ((assignment >= 0).sum(axis=1) == np.minimum(active.sum(axis=1), speakers)).all()


def test_continuity_assigns_a_local_speaker_without_embedding() -> None:
    similarity = np.array([[[1.0, 0.2]], [[0.0, 0.0]], [[0.2, 1.0]]], np.float32)
    shared = np.array([[[0.0]], [[4.0]], [[0.0]]], np.float32)
    assert viterbi(similarity, np.ones((3, 1), np.bool_), shared)[:, 0].tolist() == [0, 0, 1]


def test_an_embedding_is_pooled_from_single_speaker_clips() -> None:
    meeting = converse(5, 2, 1.0)
    local = segment(meeting, 0)
    embeddings = pool_clips(local, embed(meeting, clip_grid(local, meeting.duration, CLIP, HOP)))
    similarity = (embeddings.vectors @ meeting.embeddings.T)[embeddings.seconds > 1.5]
    assert (similarity.max(axis=1) > 0.8).all()
    assert (embeddings.weight >= embeddings.seconds).all()


def test_clips_without_an_embedding_are_ignored() -> None:
    meeting = converse(5, 2, 0.5)
    local = segment(meeting, 0)
    spans = clip_grid(local, meeting.duration, CLIP, HOP)
    embeddings = pool_clips(local, ClipEmbeddings(spans, np.full((len(spans), 4), np.nan, np.float32)))
    assert not embeddings.vectors.any()
    assert not embeddings.weight.any()
    assert centroids_of(embeddings, local.windows_per_frame, SpeakerBounds()).shape == (0, 4)


def pool_in_blocks(meeting: Meeting, length: float) -> LocalEmbeddings:
    """Embeddings pooled from frames of 0.02 s, each the sum of the active speakers' embeddings."""
    local = segment(meeting, 0)
    features = []
    for start, end in block_grid(local, meeting.duration, length):
        talking = meeting.talking[round(start / FRAME) : round(end / FRAME)]
        features.append(FrameFeatures(start, end, (talking @ meeting.embeddings).astype(np.float32)))
    return pool_frames(local, iter(features), lambda frames, weights: weights @ frames)


@at_most(20)
@given(st.integers(0, 1000), st.sampled_from([1.3, 4.0, 7.0]))
def test_frame_features_may_be_computed_in_blocks_of_any_length(seed: int, length: float) -> None:
    meeting = converse(seed, 3, 0.7)
    blocks, whole = pool_in_blocks(meeting, length), pool_in_blocks(meeting, 10.0)
    np.testing.assert_allclose(blocks.vectors, whole.vectors, atol=0.02)
    np.testing.assert_array_equal(blocks.weight, whole.weight)
    similarity = (whole.vectors @ meeting.embeddings.T)[whole.seconds > 0.5]
    assert (similarity.max(axis=1) > 0.9).all()


@at_most(20)
@given(st.integers(0, 1000), st.floats(0.2, 15))
def test_blocks_hold_all_speech_once(seed: int, length: float) -> None:
    meeting = converse(seed, 2, 0.5)
    blocks = block_grid(segment(meeting, 0), meeting.duration, length)
    assert (blocks[1:, 0] >= blocks[:-1, 1]).all()
    assert (blocks[:, 1] - blocks[:, 0] < 2 * length).all()
    np.testing.assert_allclose(blocks[:-1, 1] - blocks[:-1, 0], length)
    for time in np.flatnonzero(meeting.talking.any(axis=1)) * FRAME + FRAME / 2:
        assert ((blocks[:, 0] - FRAME <= time) & (time < blocks[:, 1] + FRAME)).any()


def clustered_embeddings(minutes: int) -> LocalEmbeddings:
    """Four speakers; an embedding every four seconds, in windows of one speaker."""
    rng = np.random.default_rng(minutes)
    centroids = np.linalg.qr(rng.standard_normal((32, 4)))[0].T
    vectors = centroids[rng.integers(0, 4, 15 * minutes)] + 0.05 * rng.standard_normal((15 * minutes, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[:, None].astype(np.float32)
    seconds = np.full((15 * minutes, 1), 3, np.float32)
    return LocalEmbeddings(vectors, seconds, seconds)


@pytest.mark.slow
def test_the_memory_of_clustering_is_linear_in_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "BLOCK", 80)
    peaks = {}
    for minutes in (10, 60, 180):
        embeddings = clustered_embeddings(minutes)
        tracemalloc.start()
        assert len(centroids_of(embeddings, 1.0, SpeakerBounds())) == 4
        peaks[minutes] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (peaks[180] - peaks[60]) / 120 < 1.3 * (peaks[60] - peaks[10]) / 50


def test_a_finer_calibration_requires_more_distance() -> None:
    minute = np.array([60.0])
    distance = np.array([0.25])
    assert (
        log_odds(distance, minute, minute) < 0 < log_odds(distance, minute, minute, EmbedderCalibration(1.0, 0.08, 1.4))
    )
    rng = np.random.default_rng(0)
    base, other = np.linalg.qr(rng.standard_normal((8, 2)))[0].T
    vectors = np.stack([base, 0.88 * base + np.sqrt(1 - 0.88**2) * other])[np.arange(40) % 2][:, None]
    embeddings = LocalEmbeddings(vectors.astype(np.float32), *(np.full((40, 1), 3, np.float32),) * 2)
    assert len(centroids_of(embeddings, 1.0, SpeakerBounds())) == 2
    assert len(centroids_of(embeddings, 1.0, SpeakerBounds(), EmbedderCalibration(1.0, 0.08, 1.4))) == 1


def test_many_embeddings_are_condensed_in_blocks() -> None:
    rng = np.random.default_rng(0)
    centroids = np.linalg.qr(rng.standard_normal((16, 3)))[0].T
    labels = rng.integers(0, 3, 3000)
    vectors = centroids[labels] + 0.1 * rng.standard_normal((3000, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[:, None].astype(np.float32)
    seconds = np.full((3000, 1), 2, np.float32)
    estimates = centroids_of(LocalEmbeddings(vectors, seconds, seconds), 5.0, SpeakerBounds())
    assert len(estimates) == 3
    assert np.allclose(np.sort((estimates @ centroids.T).max(axis=1)), 1, atol=0.02)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ((1.0, 1.0, 1.0, 0.0, 0.0), True),
        ((1.0, 1.0, 0.0, 0.0, 0.0), False),
        ((1.0, 1.0, 0.3, 0.3, 0.3), True),
        ((0.6, 0.6, 0.2, 0.2, 0.2), False),
        ((0.4, 0.4, 0.4, 0.4, 0.4), False),
    ],
)
def test_windows_are_weighted_by_their_scores_of_a_second_speaker(second: tuple[float, ...], expected: bool) -> None:
    scores = np.stack([np.ones(5), second], axis=1, dtype=np.float32)[:, None]
    local = LocalSegmentation(scores, np.zeros(5, np.intp), FRAME, 0.0)
    activity = reconstruct(local, np.tile([0, 1], (5, 1)), np.ones((5, 2), np.float32), 2)
    assert activity.active.tolist() == [[True, expected]]


def blended_embeddings(spread: float) -> LocalEmbeddings:
    """Two speakers with embeddings at a distance of ``spread``."""
    rng = np.random.default_rng(1)
    base, other = np.linalg.qr(rng.standard_normal((16, 2)))[0].T
    vectors = np.stack([base, np.sqrt(1 - spread**2) * base + spread * other])[np.arange(40) % 2][:, None]
    return LocalEmbeddings(vectors.astype(np.float32), *(np.full((40, 1), 3, np.float32),) * 2)


def test_confidence_in_the_number_of_speakers_follows_from_the_embeddings() -> None:
    estimates = {
        spread: estimate_speakers(blended_embeddings(spread), 1.0, SpeakerBounds())
        for spread in np.linspace(0.1, 1, 136)
    }
    two = [estimate.fewer for estimate in estimates.values() if len(estimate.vectors) == 2]
    one = [estimate.more for estimate in estimates.values() if len(estimate.vectors) == 1]
    assert len(two) > 5
    assert len(one) > 5
    assert two == sorted(two)
    assert one[-1] < one[0]
    assert min(two) < 0.2
    assert min(*one, *two) >= 0


def test_numbers_outside_the_bounds_are_no_alternative() -> None:
    estimate = estimate_speakers(blended_embeddings(1.0), 1.0, SpeakerBounds(2, 2))
    assert (estimate.fewer, estimate.more) == (np.inf, np.inf)
    assert np.isfinite(estimate_speakers(blended_embeddings(1.0), 1.0, SpeakerBounds(1, 2)).fewer)
    assert estimate_speakers(blended_embeddings(1.0), 1.0, SpeakerBounds(1, 2)).more == np.inf
