"""Loudness of turns by the standard, and pauses of known kinds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.core import timeline
from pipeline.core.audio import RATE, Audio
from pipeline.core.pause import Pause
from pipeline.core.types import Span, Turn
from pipeline.models.protocols import Diarization
from pipeline.stages.assembly.acoustics import MIN_PAUSE, find_pauses, loudness, with_loudness
from pipeline.stages.channels.tracks import Track
from tests.max_examples import at_most
from tests.strategies import LABELS, turns

Sound = NDArray[np.float32]
RNG = np.random.default_rng(4)


def time(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * RATE)) / RATE


def sine(seconds: float, amplitude: float, frequency: float = 997.0) -> Sound:
    return np.asarray(amplitude * np.sin(2 * np.pi * frequency * time(seconds)), np.float32)


def noise(seconds: float, level: float) -> Sound:
    return np.asarray(level * RNG.standard_normal(round(seconds * RATE)), np.float32)


def music(seconds: float) -> Sound:
    """A melody with harmonics, two notes a second."""
    since, notes = time(seconds) % 0.5, np.array([0, 5, 7, 3, 8, 12])
    root = 262 * 2 ** (notes[(time(seconds) // 0.5).astype(int) % len(notes)] / 12)
    partials = (np.sin(2 * np.pi * root * number * since) / number for number in range(1, 5))
    return np.asarray(0.1 * sum(partials) * np.exp(-since), np.float32)


def ringing(seconds: float) -> Sound:
    return np.asarray(sine(seconds, 0.2, 440) * (time(seconds) % 5 < 1), np.float32)


def busy(seconds: float) -> Sound:
    return np.asarray((sine(seconds, 0.1, 480) + sine(seconds, 0.1, 620)) * (time(seconds) % 1 < 0.5), np.float32)


def hum(seconds: float) -> Sound:
    return np.asarray(np.sign(sine(seconds, 0.1, 50)) * np.float32(0.1), np.float32)


def typing(seconds: float) -> Sound:
    samples = noise(seconds, 0.0005)
    for start in RNG.integers(0, len(samples) - 400, round(6 * seconds)):
        samples[start : start + 400] += noise(400 / RATE, 0.3) * np.exp(-np.arange(400) / 60).astype(np.float32)
    return samples


def track(*parts: Sound) -> Track:
    return Track(Audio(np.concatenate(parts)))


def test_loudness_is_that_of_the_standard() -> None:
    # BS.1770: a sine of 997 Hz at 0 dB full scale in one channel reads -3.01 LUFS
    assert loudness(sine(5, 1.0)) == pytest.approx(-3.01, abs=0.1)
    assert loudness(sine(5, 0.1)) == pytest.approx(-23.01, abs=0.1)
    assert loudness(sine(0.4, 0.1)) == pytest.approx(-23.01, abs=0.2)


def test_silence_inside_a_turn_is_gated() -> None:
    assert loudness(np.concatenate([sine(4, 0.1), np.zeros(4 * RATE, np.float32)])) == pytest.approx(-23.0, abs=0.3)


def test_short_and_silent_turns_have_no_loudness() -> None:
    assert loudness(sine(0.39, 0.1)) is None
    assert loudness(np.zeros(RATE, np.float32)) is None


@given(st.floats(-40, -1))
def test_a_gain_moves_loudness_by_its_decibels(decibels: float) -> None:
    samples = noise(1.0, 0.1)
    before, after = loudness(samples), loudness(samples * np.float32(10 ** (decibels / 20)))
    assert before is not None
    assert after == pytest.approx(before + decibels, abs=0.11)


def test_overlapping_speech_is_left_out_of_one_track_and_not_of_two() -> None:
    low, high = sine(4, 0.05), sine(4, 0.5)
    mixed = np.concatenate([low[: 2 * RATE], low[2 * RATE :] + high[: 2 * RATE], high[: 2 * RATE]])
    spoken = (Turn(0, 4, "a"), Turn(2, 6, "b"))
    one = with_loudness(spoken, Diarization(spoken), [track(mixed)])
    assert [turn.loudness for turn in one] == [pytest.approx(-29.0, abs=0.2), pytest.approx(-9.0, abs=0.2)]
    silence = np.zeros(2 * RATE, np.float32)
    apart = with_loudness(spoken, Diarization(spoken, (), {"b": 1}), [track(low, silence), track(silence, high)])
    assert [turn.loudness for turn in apart] == [pytest.approx(-29.0, abs=0.2), pytest.approx(-9.0, abs=0.2)]
    within = (Turn(0, 4, "a"), Turn(1, 2, "b"))
    assert with_loudness(within, Diarization(within), [track(sine(4, 0.1))])[1].loudness is None


SPEECH = sine(3, 0.1, 300)
KINDS = {
    "silence": (noise(12, 0.0005), "silence"),
    "line noise": (noise(12, 0.003), "silence"),
    "hiss": (noise(12, 0.03), "sound"),
    "hum": (hum(12), "sound"),
    "typing": (typing(12), "sound"),
    "tone": (sine(12, 0.2), "sound"),
    "ringing": (ringing(12), "sound"),
    "busy": (busy(12), "sound"),
    "music": (music(12), "music"),
    "soft music": (music(12) * np.float32(0.2), "music"),
    "music in noise": (music(12) + noise(12, 0.01), "music"),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("channels", [1, 2])
def test_each_sound_has_its_kind(name: str, channels: int) -> None:
    sound, kind = KINDS[name]
    tracks = [track(SPEECH, sound, SPEECH), track(np.zeros(18 * RATE, np.float32))][:channels]
    turns = (Turn(0, 3, "a", None, -23.0), Turn(15, 18, "a", None, -23.0))
    (pause,) = find_pauses(turns, tracks[::-1], 18.0)
    assert (pause.start, pause.end, pause.kind) == (3.0, 15.0, kind)


def test_a_gap_with_several_sounds_is_divided() -> None:
    gap = (np.zeros(4 * RATE, np.float32), music(20), np.zeros(5 * RATE, np.float32), noise(6, 0.03))
    turns = (Turn(0, 3, "a", None, -23.0), Turn(38, 41, "a", None, -23.0))
    pauses = find_pauses(turns, [track(SPEECH, *gap, SPEECH)], 41.0)
    assert [pause.kind for pause in pauses] == ["silence", "music", "silence", "sound"]
    assert [pause.end for pause in pauses] == [pytest.approx(end, abs=1.01) for end in (7.0, 27.0, 32.0, 38.0)]
    assert pauses[0].level is None
    assert pauses[1].level == pytest.approx(loudness(gap[1]), abs=0.5)


def test_short_gaps_are_no_pauses() -> None:
    turns = (Turn(1, 3, "a"), Turn(5.9, 9, "a"))
    assert find_pauses(turns, [track(noise(10, 0.1))], 10.0) == ()
    assert find_pauses((), [track(noise(2, 0.1))], 2.0) == ()


@at_most(30)
@given(turns(LABELS[:2]), st.lists(st.sampled_from(["silence", "music", "hiss"]), min_size=1, max_size=6))
def test_pauses_are_the_gaps(spoken: tuple[Turn, ...], sounds: list[str]) -> None:
    samples = np.concatenate([KINDS[name][0][: 4 * RATE] for name in sounds])
    duration = len(samples) / RATE
    spoken = timeline.normalize(spoken, duration)
    pauses = find_pauses(spoken, [track(samples)], duration)
    gaps = timeline.gaps((turn.span for turn in spoken), Span(0, duration))
    assert timeline.union(Span(p.start, p.end) for p in pauses) == tuple(g for g in gaps if g.duration >= MIN_PAUSE)
    assert all(pause.duration >= MIN_PAUSE - 1e-9 for pause in pauses)
    assert all(one.end <= other.start for one, other in pairwise(pauses))
    assert all(is_divided(one, other) for one, other in pairwise(pauses) if one.end == other.start)


def is_divided(one: Pause, other: Pause) -> bool:
    return one.kind != other.kind
