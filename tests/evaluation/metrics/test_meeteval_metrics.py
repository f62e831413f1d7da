"""Comparison with meeteval as oracle, and the published scores of its example files."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.errors import SettingsError
from pipeline.core.types import Transcript
from pipeline.evaluation.metrics import meeteval_metrics
from pipeline.evaluation.metrics.scoring import ScoreConfig, score, score_sessions
from pipeline.evaluation.metrics.wer import WordErrors
from tests.evaluation.factory import meetings, transcript, utterance

needs_meeteval = pytest.mark.skipif(
    importlib.util.find_spec("meeteval") is None, reason="meeteval is not installed (it needs a C compiler)"
)

# The example files of meeteval (MIT licence): reference and hypothesis of two recordings, 92 words.
STANDUP = "Hop on the bandwagon let's schedule a standup during the sprint to review our kpis"
GROWTH = (
    "Organic growth what do you feel you would bring to the table if you were hired for this position "
    "it just needs more cowbell, yet groom the backlog, land the plane"
)
EFFORT = "Effort made was a lot i know {} busy we need {} make the new version clean"
SHIFT, HANDS = "Strategic staircase we need a paradigm shift", "Pipeline Bob called an all-hands this afternoon"
REFERENCE = {
    "recordingA": transcript(
        utterance("Alice", 0, 1, EFFORT.format("you're", "to")),
        utterance("Bob", 1, 2, SHIFT),
        utterance("Alice", 2, 3, HANDS),
        utterance("Alice", 5, 6, GROWTH),
    ),
    "recordingB": transcript(utterance("Alice", 3, 4, STANDUP), utterance("Alice", 4, 5, STANDUP)),
}
HYPOTHESIS = {
    "recordingA": transcript(
        utterance("Alice", 0, 1, EFFORT.format("your", "two")),
        utterance("Bob", 1, 2.5, SHIFT),
        utterance("Alice", 2.1, 3, HANDS),
        utterance("Alice", 5, 6, GROWTH),
    ),
    "recordingB": transcript(
        utterance("Bob", 3.2, 4.6, STANDUP), utterance("Alice", 4, 5, "Hop on the bandwagon let's review our kpis")
    ),
}


def segments(meeting: Transcript) -> Any:
    import meeteval

    return meeteval.io.SegLST(
        [
            {"session_id": "m", "speaker": u.speaker, "start_time": u.start, "end_time": u.end, "words": u.text}
            for u in meeting.utterances
        ]
    )


def test_the_published_cpwer_of_the_example_files() -> None:
    total = score_sessions(REFERENCE, HYPOTHESIS, ScoreConfig("none")).total
    assert (total.cpwer.errors, total.cpwer.words) == (25, 92)


@needs_meeteval
def test_the_published_stream_scores_of_the_example_files() -> None:
    total = score_sessions(REFERENCE, HYPOTHESIS, ScoreConfig("none", collar=5)).total
    scores = [(errors.errors, errors.words) for errors in (total.tcpwer, total.orcwer, total.dicpwer) if errors]
    assert scores == [(25, 92), (9, 92), (9, 92)]


@needs_meeteval
@given(meetings(), meetings())
def test_wer_and_cpwer_agree_with_meeteval(one: Transcript, other: Transcript) -> None:
    from meeteval.wer import wer

    scores = score(one, other, ScoreConfig("none")).scores
    assert scores.cpwer.errors == wer.cp_word_error_rate(segments(one), segments(other)).errors
    left, right = (" ".join(u.text for u in meeting.utterances) for meeting in (one, other))
    assert scores.wer.errors == wer.siso_word_error_rate(left, right).errors


@needs_meeteval
@given(meetings(), meetings())
def test_time_constraints_only_add_errors(one: Transcript, other: Transcript) -> None:
    wide = score(one, other, ScoreConfig("none", collar=1e4)).scores
    assert wide.tcpwer is not None
    assert wide.tcpwer.errors == wide.cpwer.errors
    narrow = score(one, other, ScoreConfig("none", collar=0.5)).scores.tcpwer
    assert narrow is not None
    assert narrow.errors >= wide.cpwer.errors
    assert narrow.words == wide.cpwer.words


@needs_meeteval
@given(meetings(), meetings(), st.sampled_from([0.25, 1.0, 5.0]))
def test_all_stream_scores_agree_with_meeteval_on_segments(one: Transcript, other: Transcript, collar: float) -> None:
    from meeteval.wer import wer

    one, other = (formats.loads(formats.dumps(meeting, "seglst", "m"), "seglst") for meeting in (one, other))
    left, right = segments(one), segments(other)
    scores = score(one, other, ScoreConfig("none", collar=collar)).scores
    assert (scores.tcpwer, scores.orcwer, scores.dicpwer) != (None, None, None)
    tcp = wer.time_constrained_minimum_permutation_word_error_rate(left, right, collar=collar)
    oracles = (tcp, wer.greedy_orc_word_error_rate(left, right), wer.greedy_di_cp_word_error_rate(left, right))
    for errors, oracle in zip((scores.tcpwer, scores.orcwer, scores.dicpwer), oracles, strict=True):
        assert errors is not None
        assert (errors.errors, errors.words) == (oracle.errors, oracle.length)


@needs_meeteval
def test_diarization_invariance() -> None:
    reference = transcript(utterance("ann", 0, 1, "a b"), utterance("bob", 1, 2, "c d"))
    merged = score(reference, transcript(utterance("x", 0, 1, "a b"), utterance("x", 1, 2, "c d"))).scores
    assert merged.cpwer == WordErrors(hits=2, deletions=2, insertions=2)
    assert merged.orcwer == merged.dicpwer == WordErrors(hits=4)


def test_without_meeteval_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeteval_metrics, "available", lambda: False)
    with pytest.raises(SettingsError, match=r"crosstalk-transcribe\[score\]"):
        meeteval_metrics.tcp_errors([], [], 5.0)
    scores = score(REFERENCE["recordingA"], HYPOTHESIS["recordingA"]).scores
    assert (scores.tcpwer, scores.orcwer, scores.dicpwer) == (None, None, None)
    assert (scores + scores).tcpwer is None
    assert scores.cpwer.errors == 2
