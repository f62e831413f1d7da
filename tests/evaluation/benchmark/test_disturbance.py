"""Disturbed recordings: later and a little louder or softer, never clipped, and times are put back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.audio import RATE, Audio
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.evaluation.benchmark.disturbance import FULL_SCALE, MAX_GAIN_DB, MAX_SHIFT, disturb, shift, undo_shift
from tests.evaluation.factory import meetings, shifted

RUNS = st.integers(1, 1000)
PEAKS = st.sampled_from([0.0, 1e-3, 0.3, 0.95, FULL_SCALE, 1.0, 2.0])


def noise(peak: float, channels: int) -> Audio:
    """Channels of noise with this peak; one channel is given as mono audio."""
    samples = np.random.default_rng(0).uniform(-1, 1, (channels, 300)).astype(np.float32)
    samples *= np.float32(peak / np.abs(samples).max())
    return Audio(samples.mean(axis=0), channels=samples if channels > 1 else None)


@given(RUNS, PEAKS, st.integers(1, 3))
def test_audio_is_shifted_and_scaled_and_never_clips(number: int, peak: float, channels: int) -> None:
    audio = noise(peak, channels)
    disturbed = disturb(audio, number)
    zeros = shift(number)
    assert 1 <= zeros <= MAX_SHIFT
    assert len(disturbed.samples) == len(audio.samples) + zeros
    pairs = [(audio.samples, disturbed.samples)]
    if audio.channels is not None:
        assert disturbed.channels is not None
        pairs += list(zip(audio.channels, disturbed.channels, strict=True))
    gains = [np.abs(after).max() / np.abs(before).max() for before, after in pairs if np.abs(before).max()]
    assert gains == pytest.approx([gains[0]] * len(gains), rel=1e-5) if gains else peak == 0
    for before, after in pairs:
        assert not after[:zeros].any()
        assert after[zeros:] == pytest.approx(before * (gains[0] if gains else 1.0), rel=1e-5, abs=1e-9)
        assert np.abs(after).max() <= FULL_SCALE
    if 0 < peak <= FULL_SCALE:
        assert abs(20 * np.log10(gains[0])) <= MAX_GAIN_DB + 1e-4


@given(st.integers(0, 1000))
def test_the_same_number_gives_the_same_audio(number: int) -> None:
    audio = noise(0.5, 1)
    assert np.array_equal(disturb(audio, number).samples, disturb(audio, number).samples)


def test_run_0_is_the_audio_as_it_is() -> None:
    audio = noise(0.5, 2)
    assert disturb(audio, 0) is audio
    assert shift(0) == 0


def test_runs_differ_in_shift_and_in_gain_both_ways() -> None:
    audio = noise(0.5, 1)
    levels = [float(np.abs(disturb(audio, number).samples).max()) for number in range(1, 200)]
    assert min(levels) < 0.46 < 0.54 < max(levels)
    assert len({shift(number) for number in range(1, 200)}) > MAX_SHIFT / 2


@given(meetings(), st.integers(1, MAX_SHIFT))
def test_undoing_a_shift_gives_the_original_times(meeting: Transcript, samples: int) -> None:
    seconds = samples / RATE
    restored = undo_shift(shifted(meeting, seconds), seconds)
    assert restored.duration == pytest.approx(meeting.duration)
    for before, after in zip((*meeting.turns, *meeting.words), (*restored.turns, *restored.words), strict=True):
        assert (after.start, after.end) == pytest.approx((before.start, before.end), abs=1e-9)


def test_what_lies_in_the_added_silence_is_dropped() -> None:
    words = (Word(0.001, 0.004, "noise"), Word(0.005, 0.5, "word"))
    turns = (Turn(0.001, 0.9, "a"), Turn(0.002, 0.5, "b"), Turn(0.003, 0.009, "c"))
    utterances = (Utterance("c", words[:1]), Utterance("a", words))
    restored = undo_shift(Transcript(1.0, utterances, turns), 0.01)
    assert restored.turns == (Turn(0.0, 0.49, "b"), Turn(0.0, 0.89, "a"))
    assert restored.utterances == (Utterance("a", (Word(0.0, 0.49, "word"),)),)
