from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.models.diarizers import clustering
from pipeline.models.diarizers.clustering import estimate_centroids, estimate_speakers, log_odds
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
from tests.diarizers.meetings import CLIP, FRAME, HOP, Meeting, converse, embed, hear
from tests.effort import at_most

seconds = st.floats(0.3, 100)


@given(st.floats(0, 2), st.floats(0, 2), seconds, seconds)
def test_odds_fall_with_distance(near: float, far: float, one: float, other: float) -> None:
    near, far = min(near, far), max(near, far)
    odds = log_odds(np.array([near, far]), np.array([one]), np.array([other]))
    assert odds[0] >= odds[1]
    assert np.array_equal(odds, log_odds(np.array([near, far]), np.array([other]), np.array([one])))


def test_long_speech_that_differs_is_two_people_and_a_scrap_is_not() -> None:
    distance = np.array([0.4])
    assert log_odds(distance, np.array([60.0]), np.array([60.0])) < -1
    assert log_odds(distance, np.array([60.0]), np.array([0.4])) > 0


@at_most(50)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_a_person_is_one_local_speaker_of_a_window(seed: int, people: int) -> None:
    rng = np.random.default_rng(seed)
    windows = 12
    likeness = rng.random((windows, 3, people)).astype(np.float32)
    active = rng.random((windows, 3)) < 0.7
    owners = viterbi(likeness, active, rng.random((windows, 3, 3)).astype(np.float32))
    assert (owners[~active] == -1).all()
    for own in owners:
        named = own[own >= 0]
        assert len(set(named)) == len(named)
    assert ((owners >= 0).sum(axis=1) == np.minimum(active.sum(axis=1), people)).all()


def test_continuity_names_one_who_has_no_voice() -> None:
    likeness = np.array([[[1.0, 0.2]], [[0.0, 0.0]], [[0.2, 1.0]]], np.float32)
    shared = np.array([[[0.0]], [[4.0]], [[0.0]]], np.float32)
    assert viterbi(likeness, np.ones((3, 1), np.bool_), shared)[:, 0].tolist() == [0, 0, 1]


def test_a_voice_is_that_of_the_clips_in_which_he_talks_alone() -> None:
    meeting = converse(5, 2, 1.0)
    local = hear(meeting, 0)
    voices = pool_clips(local, embed(meeting, clip_grid(local, meeting.duration, CLIP, HOP)))
    likeness = (voices.vectors @ meeting.voices.T)[voices.seconds > 1.5]
    assert (likeness.max(axis=1) > 0.8).all()
    assert (voices.weight >= voices.seconds).all()


def test_clips_without_a_vector_are_passed_over() -> None:
    meeting = converse(5, 2, 0.5)
    local = hear(meeting, 0)
    spans = clip_grid(local, meeting.duration, CLIP, HOP)
    voices = pool_clips(local, ClipEmbeddings(spans, np.full((len(spans), 4), np.nan, np.float32)))
    assert not voices.vectors.any()
    assert not voices.weight.any()
    assert estimate_centroids(voices, local.windows_per_frame, SpeakerBounds()).shape == (0, 4)


def hear_in_pieces(meeting: Meeting, length: float) -> LocalEmbeddings:
    """Voices from a trunk whose frames, 0.02 s each, are the sum of the voices heard."""
    local = hear(meeting, 0)
    heard = []
    for start, end in block_grid(local, meeting.duration, length):
        talking = meeting.talking[round(start / FRAME) : round(end / FRAME)]
        heard.append(FrameFeatures(start, end, (talking @ meeting.voices).astype(np.float32)))
    return pool_frames(local, iter(heard), lambda frames, weights: weights @ frames)


@at_most(20)
@given(st.integers(0, 1000), st.sampled_from([1.3, 4.0, 7.0]))
def test_a_trunk_may_hear_in_pieces_of_any_length(seed: int, length: float) -> None:
    meeting = converse(seed, 3, 0.7)
    pieces, whole = hear_in_pieces(meeting, length), hear_in_pieces(meeting, 10.0)
    np.testing.assert_allclose(pieces.vectors, whole.vectors, atol=0.02)
    np.testing.assert_array_equal(pieces.weight, whole.weight)
    likeness = (whole.vectors @ meeting.voices.T)[whole.seconds > 0.5]
    assert (likeness.max(axis=1) > 0.9).all()


@at_most(20)
@given(st.integers(0, 1000), st.floats(0.2, 15))
def test_pieces_hold_all_speech_once(seed: int, length: float) -> None:
    meeting = converse(seed, 2, 0.5)
    pieces = block_grid(hear(meeting, 0), meeting.duration, length)
    assert (pieces[1:, 0] >= pieces[:-1, 1]).all()
    assert (pieces[:, 1] - pieces[:, 0] < 2 * length).all()
    np.testing.assert_allclose(pieces[:-1, 1] - pieces[:-1, 0], length)
    for time in np.flatnonzero(meeting.talking.any(axis=1)) * FRAME + FRAME / 2:
        assert ((pieces[:, 0] - FRAME <= time) & (time < pieces[:, 1] + FRAME)).any()


def meet(minutes: int) -> LocalEmbeddings:
    """Four people, a voice every four seconds, in windows of which each holds one."""
    rng = np.random.default_rng(minutes)
    people = np.linalg.qr(rng.standard_normal((32, 4)))[0].T
    vectors = people[rng.integers(0, 4, 15 * minutes)] + 0.05 * rng.standard_normal((15 * minutes, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[:, None].astype(np.float32)
    seconds = np.full((15 * minutes, 1), 3, np.float32)
    return LocalEmbeddings(vectors, seconds, seconds)


@pytest.mark.slow
def test_the_memory_of_clustering_grows_in_step_with_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clustering, "BLOCK", 80)
    peaks = {}
    for minutes in (10, 60, 180):
        voices = meet(minutes)
        tracemalloc.start()
        assert len(estimate_centroids(voices, 1.0, SpeakerBounds())) == 4
        peaks[minutes] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (peaks[180] - peaks[60]) / 120 < 1.3 * (peaks[60] - peaks[10]) / 50


def test_a_finer_scale_asks_for_more_distance() -> None:
    minute = np.array([60.0])
    apart = np.array([0.25])
    assert log_odds(apart, minute, minute) < 0 < log_odds(apart, minute, minute, EmbedderCalibration(1.0, 0.08, 1.4))
    rng = np.random.default_rng(0)
    base, other = np.linalg.qr(rng.standard_normal((8, 2)))[0].T
    vectors = np.stack([base, 0.88 * base + np.sqrt(1 - 0.88**2) * other])[np.arange(40) % 2][:, None]
    voices = LocalEmbeddings(vectors.astype(np.float32), *(np.full((40, 1), 3, np.float32),) * 2)
    assert len(estimate_centroids(voices, 1.0, SpeakerBounds())) == 2
    assert len(estimate_centroids(voices, 1.0, SpeakerBounds(), EmbedderCalibration(1.0, 0.08, 1.4))) == 1


def test_many_voices_are_condensed_in_blocks() -> None:
    rng = np.random.default_rng(0)
    people = np.linalg.qr(rng.standard_normal((16, 3)))[0].T
    who = rng.integers(0, 3, 3000)
    vectors = people[who] + 0.1 * rng.standard_normal((3000, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[:, None].astype(np.float32)
    seconds = np.full((3000, 1), 2, np.float32)
    found = estimate_centroids(LocalEmbeddings(vectors, seconds, seconds), 5.0, SpeakerBounds())
    assert len(found) == 3
    assert np.allclose(np.sort((found @ people.T).max(axis=1)), 1, atol=0.02)


@pytest.mark.parametrize(
    ("second", "heard"),
    [
        ((1.0, 1.0, 1.0, 0.0, 0.0), True),
        ((1.0, 1.0, 0.0, 0.0, 0.0), False),
        ((1.0, 1.0, 0.3, 0.3, 0.3), True),
        ((0.6, 0.6, 0.2, 0.2, 0.2), False),
        ((0.4, 0.4, 0.4, 0.4, 0.4), False),
    ],
)
def test_windows_count_by_how_sure_they_are_of_a_second_voice(second: tuple[float, ...], heard: bool) -> None:
    scores = np.stack([np.ones(5), second], axis=1, dtype=np.float32)[:, None]
    local = LocalSegmentation(scores, np.zeros(5, np.intp), FRAME, 0.0)
    activity = reconstruct(local, np.tile([0, 1], (5, 1)), np.ones((5, 2), np.float32), 2)
    assert activity.active.tolist() == [[True, heard]]


def blend_of_voices(spread: float) -> LocalEmbeddings:
    """Two speakers, the second of whom lies ``spread`` from the first."""
    rng = np.random.default_rng(1)
    base, other = np.linalg.qr(rng.standard_normal((16, 2)))[0].T
    vectors = np.stack([base, np.sqrt(1 - spread**2) * base + spread * other])[np.arange(40) % 2][:, None]
    return LocalEmbeddings(vectors.astype(np.float32), *(np.full((40, 1), 3, np.float32),) * 2)


def test_how_sure_the_number_of_speakers_is_follows_from_the_voices() -> None:
    found = {
        spread: estimate_speakers(blend_of_voices(spread), 1.0, SpeakerBounds()) for spread in np.linspace(0.1, 1, 46)
    }
    two = [people.fewer for people in found.values() if len(people.vectors) == 2]
    one = [people.more for people in found.values() if len(people.vectors) == 1]
    assert len(two) > 5
    assert len(one) > 5
    assert two == sorted(two)
    assert one[-1] < one[0]
    assert min(two) < 0.2
    assert min(*one, *two) >= 0


def test_numbers_that_were_ruled_out_are_no_alternative() -> None:
    people = estimate_speakers(blend_of_voices(1.0), 1.0, SpeakerBounds(2, 2))
    assert (people.fewer, people.more) == (np.inf, np.inf)
    assert np.isfinite(estimate_speakers(blend_of_voices(1.0), 1.0, SpeakerBounds(1, 2)).fewer)
    assert estimate_speakers(blend_of_voices(1.0), 1.0, SpeakerBounds(1, 2)).more == np.inf
