from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.core.types import Transcript, Turn
from pipeline.evaluation.metrics.der import DiarizationErrors, JaccardErrors, diarization_errors
from tests.evaluation.factory import meetings


@given(meetings())
def test_equal_turns_have_no_errors(meeting: Transcript) -> None:
    der, jer = diarization_errors(meeting.turns, meeting.turns)
    assert der.errors == pytest.approx(0, abs=1e-9)
    assert jer.errors == pytest.approx(0, abs=1e-9)
    assert der.total == pytest.approx(sum(turn.duration for turn in meeting.turns))


@given(meetings(), meetings())
def test_swapping_sides_swaps_missed_speech_and_false_alarm(one: Transcript, other: Transcript) -> None:
    der, _ = diarization_errors(one.turns, other.turns)
    back, _ = diarization_errors(other.turns, one.turns)
    assert der.missed == pytest.approx(back.false_alarm)
    assert der.confusion == pytest.approx(back.confusion)
    assert der.total - der.missed + der.false_alarm == pytest.approx(back.total)


def test_empty_sides() -> None:
    turns = [Turn(0, 2, "a")]
    assert diarization_errors(turns, []) == (DiarizationErrors(2, missed=2), JaccardErrors(1, 1))
    assert diarization_errors([], turns) == (DiarizationErrors(false_alarm=2), JaccardErrors())
    assert diarization_errors([], []) == (DiarizationErrors(), JaccardErrors())
    assert DiarizationErrors().error_rate is None
    assert JaccardErrors().error_rate is None


def test_overlapping_turns_of_one_speaker_count_once() -> None:
    der, _ = diarization_errors([Turn(0, 2, "a"), Turn(1, 3, "a")], [Turn(0, 3, "x")])
    assert der == DiarizationErrors(total=3)


def test_a_collar_is_excluded_on_each_side() -> None:
    der, _ = diarization_errors([Turn(1, 3, "a")], [Turn(1.2, 4, "x")], collar=0.25)
    assert der.total == pytest.approx(1.5)
    assert der.missed == pytest.approx(0)
    assert der.false_alarm == pytest.approx(0.75)


def test_the_documented_example_of_pyannote_metrics() -> None:
    reference = [Turn(0, 10, "A"), Turn(12, 20, "B"), Turn(24, 27, "A"), Turn(30, 40, "C")]
    hypothesis = [Turn(2, 13, "a"), Turn(13, 14, "d"), Turn(14, 20, "b"), Turn(22, 38, "c"), Turn(38, 40, "d")]
    der, _ = diarization_errors(reference, hypothesis)
    assert der.error_rate == pytest.approx(0.516129, abs=5e-7)


def has_unique_mapping(shared: NDArray[np.float64]) -> bool:
    """Whether only one speaker mapping has the maximum shared time; JER depends on the mapping."""
    small, large = sorted((shared, shared.T), key=len)[0], max(shared.shape)
    times = sorted(
        {
            frozenset((i, j) for i, j in enumerate(mapping) if small[i, j] > 0): sum(
                small[i, j] for i, j in enumerate(mapping)
            )
            for mapping in permutations(range(large), len(small))
        }.values()
    )
    return len(times) < 2 or times[-1] - times[-2] > 1e-6


@given(meetings(), meetings(), st.sampled_from([0.0, 0.1, 0.25]))
def test_der_and_jer_agree_with_pyannote_metrics(one: Transcript, other: Transcript, collar: float) -> None:
    core = pytest.importorskip("pyannote.core", reason="pyannote.metrics is the oracle")
    metrics = pytest.importorskip("pyannote.metrics.diarization", reason="pyannote.metrics is the oracle")

    def annotation(transcript: Transcript) -> Any:
        labels = core.Annotation()
        for i, turn in enumerate(transcript.turns):
            labels[core.Segment(turn.start, turn.end), i] = turn.speaker
        return labels

    extent = core.Timeline([core.Segment(0, max(one.duration, other.duration))])
    der, jer = diarization_errors(one.turns, other.turns, collar)
    metric = metrics.DiarizationErrorRate(collar=2 * collar)
    oracle = metric(annotation(one), annotation(other), uem=extent, detailed=True)
    assert der.total == pytest.approx(oracle["total"])
    assert der.missed == pytest.approx(oracle["missed detection"], abs=1e-6)
    assert der.false_alarm == pytest.approx(oracle["false alarm"], abs=1e-6)
    assert der.confusion == pytest.approx(oracle["confusion"], abs=1e-6)
    left, right = metric.uemify(annotation(one), annotation(other), uem=extent, collar=2 * collar)
    if der.total and has_unique_mapping(left * right):
        jaccard = metrics.JaccardErrorRate(collar=2 * collar)(annotation(one), annotation(other), uem=extent)
        assert jer.error_rate == pytest.approx(jaccard, abs=1e-6)
