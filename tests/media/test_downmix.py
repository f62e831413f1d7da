"""Every voice on every channel is heard in the mono mix, or a notice says which is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.media.downmix import downmix
from tests.effort import at_most
from tests.media.factory import Array, speech

RATE = 16_000
VOICE = speech(3, RATE)
OTHER = speech(3, RATE, seed=7)
NOTHING = np.zeros_like(VOICE)


def tape(*channels: Array) -> Array:
    return np.ascontiguousarray(np.stack(channels).T)


def heard(voice: Array, mix: Array) -> float:
    """How much of a voice's level is in a mix, by regression."""
    return float(abs(mix @ voice) / (voice @ voice))


def codes(*channels: Array) -> list[str]:
    return [notice.code for notice in downmix(tape(*channels)).notices]


def test_mono_is_itself() -> None:
    mix = downmix(tape(VOICE))
    assert np.array_equal(mix.samples, VOICE)
    assert mix.channels is None


def test_equal_channels_are_mono() -> None:
    mix = downmix(tape(VOICE, VOICE))
    assert np.array_equal(mix.samples, VOICE)
    assert mix.channels is None
    assert mix.notices == ()


def test_two_voices_on_two_channels_are_both_heard_and_kept() -> None:
    mix = downmix(tape(VOICE, OTHER))
    assert mix.channels is not None
    assert np.array_equal(mix.channels, [VOICE, OTHER])
    assert np.allclose(mix.samples, (VOICE + OTHER) / 2, atol=1e-6)
    assert mix.notices == ()


@pytest.mark.promise(7)
def test_inverted_channels_do_not_vanish() -> None:
    mix = downmix(tape(VOICE, -VOICE))
    assert heard(VOICE, mix.samples) == pytest.approx(1, abs=0.01)
    assert codes(VOICE, -VOICE) == ["antiphase"]


@pytest.mark.promise(7)
def test_one_voice_inverted_and_one_not_are_both_heard() -> None:
    left, right = np.concatenate([VOICE, OTHER]), np.concatenate([VOICE, -OTHER])
    mix = downmix(tape(left, right))
    assert heard(VOICE, mix.samples[: len(VOICE)]) > 0.25
    assert heard(OTHER, mix.samples[len(VOICE) :]) > 0.25
    assert codes(left, right) == ["antiphase"]


@pytest.mark.promise(7)
@at_most(20)
@given(channels=st.integers(2, 12), place=st.integers(0, 11))
def test_speech_on_one_of_many_channels_is_heard_in_full(channels: int, place: int) -> None:
    tracks = [NOTHING] * channels
    tracks[place % channels] = VOICE
    mix = downmix(tape(*tracks))
    assert np.allclose(mix.samples, VOICE, atol=1e-6)
    [notice] = mix.notices
    assert notice.code == "silent_channels"
    assert str(place % channels + 1) not in notice.message.partition(": ")[2].split(", ")
    assert (mix.channels is None) == (channels > 8)


def test_a_short_word_on_a_quiet_channel_is_heard() -> None:
    word = NOTHING.copy()
    word[:4000] = 0.05 * OTHER[:4000]
    mix = downmix(tape(VOICE, word))
    assert mix.notices == ()
    assert np.allclose(mix.samples, (VOICE + word) / 2, atol=1e-6)


def test_silence_is_silence() -> None:
    mix = downmix(tape(NOTHING, NOTHING))
    assert not mix.samples.any()


@pytest.mark.promise(7)
@at_most(20)
@given(gains=st.lists(st.floats(-1, 1), min_size=2, max_size=6).filter(lambda gains: max(map(abs, gains)) > 0.1))
def test_no_gains_make_a_voice_vanish(gains: list[float]) -> None:
    mix = downmix(tape(*[np.float32(gain) * VOICE for gain in gains]))
    assert heard(VOICE, mix.samples) > 0.1 * max(map(abs, gains)) / len(gains)
