from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.core import timeline
from pipeline.core.types import Turn
from pipeline.evaluation.metrics.der import diarization_errors
from pipeline.models.diarizers.embedding_pooling import clip_grid
from pipeline.models.protocols import SpeakerBounds
from tests.diarizers.meetings import (
    CLIP,
    FRAME,
    FRAMES,
    HOP,
    STEP,
    Meeting,
    converse,
    diarize,
    embed,
    find_turns,
    segment,
)

meetings = st.builds(converse, st.integers(0, 10_000), st.integers(1, 5), st.just(1.5))
quickly = settings(max_examples=12, deadline=None)


def spans(turns: tuple[Turn, ...]) -> list[tuple[float, float, str]]:
    return [(round(t.start, 6), round(t.end, 6), t.speaker) for t in timeline.relabel(turns)]


def truth(meeting: Meeting) -> tuple[Turn, ...]:
    turns = []
    for speaker, talking in enumerate(meeting.talking.T):
        steps = np.diff(talking.astype(int), prepend=0, append=0)
        edges = zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)
        turns += [Turn(a * FRAME, b * FRAME, f"p{speaker}") for a, b in edges]
    return tuple(turns)


@quickly
@given(meetings)
def test_speakers_are_discriminated(meeting: Meeting) -> None:
    speakers = meeting.talking.shape[1]
    errors, _ = diarization_errors(
        truth(meeting), diarize(meeting, segment(meeting, 0), SpeakerBounds(speakers, speakers))
    )
    assert errors.error_rate is not None
    assert errors.error_rate < 0.1


@pytest.mark.slow
@quickly
@given(meetings, st.integers(1, 9))
@example(converse(2015, 2, 1.5), 1)  # two speakers have equal votes
def test_labels_within_windows_have_no_effect(meeting: Meeting, seed: int) -> None:
    count = SpeakerBounds(1, None)
    assert spans(diarize(meeting, segment(meeting, 0), count)) == spans(diarize(meeting, segment(meeting, seed), count))


@pytest.mark.slow
@quickly
@given(meetings, st.integers(1, 20))
def test_silence_before_shifts_and_silence_after_changes_nothing(meeting: Meeting, seconds: int) -> None:
    """With padding, every frame of the meeting is in the same number of windows."""
    count = SpeakerBounds(1, None)
    padding = np.zeros((FRAMES, meeting.talking.shape[1]), np.bool_)
    meeting = replace(meeting, talking=np.concatenate([padding, meeting.talking, padding]))
    quiet = np.zeros((seconds * STEP, meeting.talking.shape[1]), np.bool_)
    plain = diarize(meeting, segment(meeting, 0), count)
    late = replace(meeting, talking=np.concatenate([quiet, meeting.talking]))
    long = replace(meeting, talking=np.concatenate([meeting.talking, np.zeros_like(meeting.talking)]))
    assert spans(diarize(long, segment(long, 0), count)) == spans(plain)
    assert spans(diarize(late, segment(late, 0), count)) == spans(timeline.shifted(plain, float(seconds)))


@quickly
@given(meetings)
def test_pauses_twice_as_long_change_no_speakers_or_turns(meeting: Meeting) -> None:
    quiet = ~meeting.talking.any(axis=1)
    slow = replace(meeting, talking=np.repeat(meeting.talking, 1 + quiet, axis=0))
    speakers = meeting.talking.shape[1]
    turns = diarize(slow, segment(slow, 0), SpeakerBounds(speakers, speakers))
    errors, _ = diarization_errors(truth(slow), turns)
    assert errors.error_rate is not None
    assert errors.error_rate < 0.1
    assert len({t.speaker for t in turns}) == speakers


@quickly
@given(meetings, st.integers(1, 6))
def test_never_more_speakers_than_asked(meeting: Meeting, number: int) -> None:
    turns = diarize(meeting, segment(meeting, 0), SpeakerBounds(number, number))
    assert len({t.speaker for t in turns}) <= number


@quickly
@given(meetings)
def test_the_estimated_number_gives_the_same_turns_when_requested(meeting: Meeting) -> None:
    local = segment(meeting, 0)
    turns = diarize(meeting, local, SpeakerBounds())
    number = len({t.speaker for t in turns})
    assert diarize(meeting, local, SpeakerBounds(number, number)) == turns


def test_less_than_a_second_makes_no_speaker() -> None:
    meeting = converse(1, 2, 1.0)
    talking = np.concatenate([np.zeros((400, 2), np.bool_), meeting.talking])
    short = np.zeros((len(talking), 1), np.bool_)
    short[150:190] = True  # 0.8 s, alone in seven seconds of silence
    embeddings = np.concatenate([meeting.embeddings, np.roll(meeting.embeddings[:1], 1)])
    three = replace(meeting, talking=np.concatenate([talking, short], axis=1), embeddings=embeddings)
    assert len({t.speaker for t in diarize(three, segment(three, 0), SpeakerBounds())}) == 2


def test_margins_are_evidence() -> None:
    meeting = converse(3, 2, 1.0)
    distant = [t.margin or 0.0 for t in diarize(meeting, segment(meeting, 0), SpeakerBounds(2, 2))]
    near = meeting.embeddings.copy()
    near[1] = 0.9 * near[0] + 0.436 * near[1]
    alike = replace(meeting, embeddings=near, within_per_second=0.02)
    close = [t.margin or 0.0 for t in diarize(alike, segment(alike, 0), SpeakerBounds(2, 2))]
    assert np.median(distant) > np.median(close) > 0


@pytest.mark.slow
def test_memory_is_linear_in_length() -> None:
    peaks = {}
    for minutes in (10, 30, 90):
        meeting = converse(minutes, 4, minutes)
        local = segment(meeting, 0)
        clips = embed(meeting, clip_grid(local, meeting.duration, CLIP, HOP))
        tracemalloc.start()
        find_turns(meeting, local, clips, SpeakerBounds(4, 4))
        peaks[minutes] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[30] < 3.1 * peaks[10]
    assert peaks[90] < 3.1 * peaks[30]
