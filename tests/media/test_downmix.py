"""Every signal on every channel is audible in the mono mix, or a notice names it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.media.downmix import downmix
from tests.max_examples import at_most
from tests.media.factory import Array, speech

RATE = 16_000
SPEECH = speech(3, RATE)
OTHER = speech(3, RATE, seed=7)
SILENCE = np.zeros_like(SPEECH)


def stacked(*channels: Array) -> Array:
    return np.ascontiguousarray(np.stack(channels).T)


def level_in_mix(signal: Array, mix: Array) -> float:
    """The level of a signal in a mix, by regression."""
    return float(abs(mix @ signal) / (signal @ signal))


def codes(*channels: Array) -> list[str]:
    return [notice.code for notice in downmix(stacked(*channels)).notices]


def test_mono_is_itself() -> None:
    mix = downmix(stacked(SPEECH))
    assert np.array_equal(mix.samples, SPEECH)
    assert mix.channels is None


def test_equal_channels_are_mono() -> None:
    mix = downmix(stacked(SPEECH, SPEECH))
    assert np.array_equal(mix.samples, SPEECH)
    assert mix.channels is None
    assert mix.notices == ()


def test_two_signals_on_two_channels_are_both_audible_and_stored() -> None:
    mix = downmix(stacked(SPEECH, OTHER))
    assert mix.channels is not None
    assert np.array_equal(mix.channels, [SPEECH, OTHER])
    assert np.allclose(mix.samples, (SPEECH + OTHER) / 2, atol=1e-6)
    assert mix.notices == ()


@pytest.mark.promise(7)
def test_inverted_channels_do_not_vanish() -> None:
    mix = downmix(stacked(SPEECH, -SPEECH))
    assert level_in_mix(SPEECH, mix.samples) == pytest.approx(1, abs=0.01)
    assert codes(SPEECH, -SPEECH) == ["antiphase"]


@pytest.mark.promise(7)
def test_one_signal_inverted_and_one_not_are_both_audible() -> None:
    left, right = np.concatenate([SPEECH, OTHER]), np.concatenate([SPEECH, -OTHER])
    mix = downmix(stacked(left, right))
    assert level_in_mix(SPEECH, mix.samples[: len(SPEECH)]) > 0.25
    assert level_in_mix(OTHER, mix.samples[len(SPEECH) :]) > 0.25
    assert codes(left, right) == ["antiphase"]


@pytest.mark.promise(7)
@at_most(20)
@given(channels=st.integers(2, 12), place=st.integers(0, 11))
def test_speech_on_one_of_many_channels_has_its_full_level(channels: int, place: int) -> None:
    tracks = [SILENCE] * channels
    tracks[place % channels] = SPEECH
    mix = downmix(stacked(*tracks))
    assert np.allclose(mix.samples, SPEECH, atol=1e-6)
    [notice] = mix.notices
    assert notice.code == "silent_channels"
    assert str(place % channels + 1) not in notice.message.partition(": ")[2].split(", ")
    assert (mix.channels is None) == (channels > 8)


def test_a_short_word_on_a_quiet_channel_is_audible() -> None:
    word = SILENCE.copy()
    word[:4000] = 0.05 * OTHER[:4000]
    mix = downmix(stacked(SPEECH, word))
    assert mix.notices == ()
    assert np.allclose(mix.samples, (SPEECH + word) / 2, atol=1e-6)


def test_silence_is_silence() -> None:
    mix = downmix(stacked(SILENCE, SILENCE))
    assert not mix.samples.any()


@pytest.mark.promise(7)
@at_most(20)
@given(gains=st.lists(st.floats(-1, 1), min_size=2, max_size=6).filter(lambda gains: max(map(abs, gains)) > 0.1))
def test_no_gains_make_a_signal_vanish(gains: list[float]) -> None:
    mix = downmix(stacked(*[np.float32(gain) * SPEECH for gain in gains]))
    assert level_in_mix(SPEECH, mix.samples) > 0.1 * max(map(abs, gains)) / len(gains)
