"""meeteval as the oracle, and its published example files."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.errors import SettingsError
from pipeline.core.types import Transcript
from pipeline.evaluation.metrics import meeteval_metrics
from pipeline.evaluation.metrics.scoring import ScoreConfig, score, score_sessions
from pipeline.evaluation.metrics.wer import WordErrors
from tests.evaluation.factory import meetings, said, transcript

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
        said("Alice", 0, 1, EFFORT.format("you're", "to")),
        said("Bob", 1, 2, SHIFT),
        said("Alice", 2, 3, HANDS),
        said("Alice", 5, 6, GROWTH),
    ),
    "recordingB": transcript(said("Alice", 3, 4, STANDUP), said("Alice", 4, 5, STANDUP)),
}
HYPOTHESIS = {
    "recordingA": transcript(
        said("Alice", 0, 1, EFFORT.format("your", "two")),
        said("Bob", 1, 2.5, SHIFT),
        said("Alice", 2.1, 3, HANDS),
        said("Alice", 5, 6, GROWTH),
    ),
    "recordingB": transcript(
        said("Bob", 3.2, 4.6, STANDUP), said("Alice", 4, 5, "Hop on the bandwagon let's review our kpis")
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
    found = [(errors.errors, errors.words) for errors in (total.tcpwer, total.orcwer, total.dicpwer) if errors]
    assert found == [(25, 92), (9, 92), (9, 92)]


@needs_meeteval
@settings(deadline=None)
@given(meetings(), meetings())
def test_wer_and_cpwer_agree_with_meeteval(one: Transcript, other: Transcript) -> None:
    from meeteval.wer import wer

    found = score(one, other, ScoreConfig("none")).scores
    assert found.cpwer.errors == wer.cp_word_error_rate(segments(one), segments(other)).errors
    left, right = (" ".join(u.text for u in meeting.utterances) for meeting in (one, other))
    assert found.wer.errors == wer.siso_word_error_rate(left, right).errors


@needs_meeteval
@settings(deadline=None)
@given(meetings(), meetings())
def test_time_only_adds_errors_and_a_wide_collar_none(one: Transcript, other: Transcript) -> None:
    wide = score(one, other, ScoreConfig("none", collar=1e4)).scores
    assert wide.tcpwer is not None
    assert wide.tcpwer.errors == wide.cpwer.errors
    narrow = score(one, other, ScoreConfig("none", collar=0.5)).scores.tcpwer
    assert narrow is not None
    assert narrow.errors >= wide.cpwer.errors
    assert narrow.words == wide.cpwer.words


@needs_meeteval
@settings(deadline=None)
@given(meetings(), meetings(), st.sampled_from([0.25, 1.0, 5.0]))
def test_all_stream_scores_agree_with_meeteval_on_segments(one: Transcript, other: Transcript, collar: float) -> None:
    from meeteval.wer import wer

    one, other = (formats.loads(formats.dumps(meeting, "seglst", "m"), "seglst") for meeting in (one, other))
    left, right = segments(one), segments(other)
    found = score(one, other, ScoreConfig("none", collar=collar)).scores
    assert (found.tcpwer, found.orcwer, found.dicpwer) != (None, None, None)
    tcp = wer.time_constrained_minimum_permutation_word_error_rate(left, right, collar=collar)
    theirs = (tcp, wer.greedy_orc_word_error_rate(left, right), wer.greedy_di_cp_word_error_rate(left, right))
    for ours, oracle in zip((found.tcpwer, found.orcwer, found.dicpwer), theirs, strict=True):
        assert ours is not None
        assert (ours.errors, ours.words) == (oracle.errors, oracle.length)


@needs_meeteval
def test_diarization_invariance() -> None:
    reference = transcript(said("ann", 0, 1, "a b"), said("bob", 1, 2, "c d"))
    merged = score(reference, transcript(said("x", 0, 1, "a b"), said("x", 1, 2, "c d"))).scores
    assert merged.cpwer == WordErrors(hits=2, deletions=2, insertions=2)
    assert merged.orcwer == merged.dicpwer == WordErrors(hits=4)


def test_without_meeteval_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeteval_metrics, "available", lambda: False)
    with pytest.raises(SettingsError, match=r"crosstalk-transcribe\[score\]"):
        meeteval_metrics.tcp_errors([], [], 5.0)
    found = score(REFERENCE["recordingA"], HYPOTHESIS["recordingA"]).scores
    assert (found.tcpwer, found.orcwer, found.dicpwer) == (None, None, None)
    assert (found + found).tcpwer is None
    assert found.cpwer.errors == 2
