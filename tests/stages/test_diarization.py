"""Diarization: any output of a model becomes sorted turns, labelled by appearance, of the speakers asked for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.schema import DiarizationConfig
from pipeline.core import timeline
from pipeline.core.audio import RATE, Audio
from pipeline.core.events import Progress
from pipeline.core.types import Notice, Turn
from pipeline.models.protocols import Diarization, SpeakerBounds
from pipeline.stages.diarization.stage import diarize, speaker_count

AUDIO = Audio(np.zeros(10 * RATE, np.float32))


class Fixed:
    """Returns the same turns for any recording."""

    def __init__(self, turns: list[Turn], notices: tuple[Notice, ...] = ()) -> None:
        self.output = Diarization(tuple(turns), notices)
        self.asked: SpeakerBounds | None = None

    def diarize(self, audio: Audio, count: SpeakerBounds, progress: Progress) -> Diarization:
        self.asked = count
        return self.output


@st.composite
def any_turns(draw: st.DrawFn) -> list[Turn]:
    """Turns of up to five speakers, overlapping themselves, beyond the end, in any order."""
    rows = st.tuples(st.integers(0, 140), st.integers(1, 60), st.sampled_from("zyxwv"))
    return [
        Turn(start / 10, (start + length) / 10, label) for start, length, label in draw(st.lists(rows, max_size=10))
    ]


@pytest.mark.promise(12)
@given(any_turns(), st.none() | st.integers(1, 6))
def test_turns_are_normalized_and_of_at_most_the_speakers_asked_for(turns: list[Turn], asked: int | None) -> None:
    diarization = diarize(AUDIO, Fixed(turns), DiarizationConfig(speakers=asked))
    audible = {turn.speaker for turn in turns if turn.start < AUDIO.duration}
    labels = list(dict.fromkeys(turn.speaker for turn in diarization.turns))
    assert labels == [f"SPEAKER_{n:02d}" for n in range(min(len(audible), asked or 99))]
    assert list(diarization.turns) == sorted(diarization.turns)
    for turns_of_speaker in timeline.by_speaker(diarization.turns).values():
        assert all(0 <= turn.start < turn.end <= AUDIO.duration for turn in turns_of_speaker)
        assert all(one.end < other.start for one, other in itertools.pairwise(turns_of_speaker))
    assert [notice.code for notice in diarization.notices] == ["fewer_speakers"] * (0 < len(audible) < (asked or 1))


@given(any_turns())
def test_the_labels_of_a_model_have_no_effect(turns: list[Turn]) -> None:
    starts = [turn.start for turn in timeline.normalize(turns, AUDIO.duration)]
    if len(set(starts)) == len(starts):
        other = [Turn(turn.start, turn.end, f"voice {ord(turn.speaker) * 7 % 10}") for turn in turns]
        config = DiarizationConfig()
        assert diarize(AUDIO, Fixed(other), config).turns == diarize(AUDIO, Fixed(turns), config).turns


def test_the_speakers_with_the_most_speech_stay() -> None:
    turns = [Turn(0, 1, "brief"), Turn(1, 5, "long"), Turn(5, 8, "middle")]
    diarization = diarize(AUDIO, Fixed(turns), DiarizationConfig(max_speakers=2))
    assert [(turn.start, turn.speaker) for turn in diarization.turns] == [(1, "SPEAKER_00"), (5, "SPEAKER_01")]


def test_silence_needs_no_notice_and_the_notice_of_a_model_stays() -> None:
    assert diarize(AUDIO, Fixed([]), DiarizationConfig(speakers=3)) == Diarization(())
    notice_of_model = Notice("fewer_speakers", "too short")
    diarization = diarize(AUDIO, Fixed([Turn(0, 1, "A")], (notice_of_model,)), DiarizationConfig(speakers=3))
    assert diarization.notices == (notice_of_model,)


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (DiarizationConfig(), SpeakerBounds(1, None)),
        (DiarizationConfig(speakers=3), SpeakerBounds(3, 3)),
        (DiarizationConfig(min_speakers=2), SpeakerBounds(2, None)),
        (DiarizationConfig(max_speakers=4), SpeakerBounds(1, 4)),
    ],
)
def test_the_model_gets_the_bounds(config: DiarizationConfig, count: SpeakerBounds) -> None:
    model = Fixed([])
    diarize(AUDIO, model, config)
    assert model.asked == speaker_count(config) == count
    assert count.exact == config.speakers
