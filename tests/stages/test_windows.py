"""Windows: every sample in one of them, windows are filled, and words get their times in the recording."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.audio import RATE, Clip
from pipeline.core.types import Word
from pipeline.stages.recognition.windows import BETWEEN, PAUSE, WINDOW, pack


@st.composite
def clips(draw: st.DrawFn) -> list[Clip]:
    """Clips in order, some longer than a window, some touching; every sample has another value."""
    clips_so_far, time, value = [], 0.0, 0
    for _ in range(draw(st.integers(0, 6))):
        time += draw(st.sampled_from([0.0, 0.3, 5.0]))
        length = draw(st.sampled_from([160, 1600, 16_000, 29 * RATE, 70 * RATE]))
        clips_so_far.append(Clip(np.arange(value, value + length, dtype=np.float32), time))
        time, value = clips_so_far[-1].end, value + length
    return clips_so_far


@given(clips())
def test_every_sample_is_in_one_window_in_order(whole_clips: list[Clip]) -> None:
    windows = pack(enumerate(whole_clips))
    assert all(len(window.samples) <= WINDOW * RATE + 1 for window in windows)
    packed = [np.concatenate([clip.samples for clip in window.clips]) for window in windows]
    assert all((np.diff(window) > 0).all() for window in packed)
    whole = [clip.samples for clip in whole_clips]
    assert np.array_equal(np.sort(np.concatenate([[], *packed])), np.concatenate([[], *whole]))


@given(clips())
def test_no_clip_begins_a_window_that_would_fit_into_an_earlier_one(whole_clips: list[Clip]) -> None:
    windows = pack(enumerate(whole_clips))
    for number, window in enumerate(windows):
        first = window.clips[0].end - window.clips[0].start
        assert all(len(earlier.samples) / RATE + PAUSE + first > WINDOW - 1e-6 for earlier in windows[:number])


@given(clips(), st.floats(0, 1))
def test_words_come_back_to_the_recordings_clock(whole_clips: list[Clip], where: float) -> None:
    for window in pack(enumerate(whole_clips)):
        for number, clip, offset in zip(window.numbers, window.clips, window.offsets, strict=True):
            length = clip.end - clip.start
            start = offset + where * length * 0.9
            ((index, word),) = window.restore([Word(start, start + length * 0.05, "x")])
            assert index == number
            assert whole_clips[number].start <= clip.start < clip.end <= whole_clips[number].end + 1e-6
            assert abs(word.start - (clip.start + where * length * 0.9)) < 1e-6
            assert clip.start <= word.start < word.end <= clip.end


def test_words_between_clips_are_suspect_and_go_to_the_nearer_one() -> None:
    (window,) = pack(enumerate([Clip(np.ones(RATE, np.float32), 0.0), Clip(np.ones(RATE, np.float32), 9.0)]))
    hallucinated = [Word(1.05, 1.15, "one"), Word(1.4, 1.5, "two"), Word(5.0, 7.0, "three")]
    restored = list(window.restore(hallucinated))
    assert [(number, word.text, word.suspect) for number, word in restored] == [
        (0, "one", BETWEEN),
        (1, "two", BETWEEN),
        (1, "three", BETWEEN),
    ]
    assert [(round(w.start, 6), round(w.end, 6)) for _, w in restored] == [(0.9, 1.0), (9.0, 9.1), (9.0, 10.0)]
    assert [(number, word.start) for number, word in window.restore([Word(1.6, 2.0, "real")])] == [(1, 9.0)]


def test_clips_that_go_back_in_time_or_are_of_another_track_have_a_pause_between() -> None:
    (window,) = pack(enumerate([Clip(np.ones(2 * RATE, np.float32), 0.0), Clip(np.ones(RATE, np.float32), 1.5)]))
    assert window.offsets == (0.0, 2.0 + PAUSE)
    (tracks,) = pack(enumerate([Clip(np.ones(RATE, np.float32), 0.0), Clip(np.ones(RATE, np.float32), 1.0, track=1)]))
    assert tracks.offsets == (0.0, 1.0 + PAUSE)
    (touching,) = pack(enumerate([Clip(np.ones(RATE, np.float32), 0.0), Clip(np.ones(RATE, np.float32), 1.0)]))
    assert touching.offsets == (0.0, 1.0)


def test_long_speech_is_cut_where_it_is_quiet() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 40 * RATE).astype(np.float32)
    samples[26 * RATE : 26 * RATE + RATE // 2] = 0
    first, _ = pack(enumerate([Clip(samples, 100.0)]))
    assert 126.0 < first.clips[0].end < 126.5
