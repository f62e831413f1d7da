from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import formats
from pipeline.errors import FormatError, SettingsError
from pipeline.evaluation.diarization import DiarizationErrors
from pipeline.evaluation.scoring import ScoreConfig, Scores, SpeakerCounts, score, score_sessions
from pipeline.evaluation.words import WordErrors
from pipeline.values import Transcript
from tests.evaluation.factory import meetings, renamed, said, shifted, transcript


def word_scores(scores: Scores) -> list[WordErrors]:
    found = (scores.wer, scores.cpwer, scores.tcpwer, scores.orcwer, scores.dicpwer)
    return [errors for errors in found if errors is not None]


@settings(deadline=None)
@given(meetings())
def test_equal_transcripts_score_zero(meeting: Transcript) -> None:
    found = score(meeting, meeting).scores
    assert [errors.errors for errors in word_scores(found)] == [0] * len(word_scores(found))
    assert found.der.errors == pytest.approx(0, abs=1e-9)
    assert found.attribution.misattributed == 0
    assert found.overlap.right == found.overlap.words
    assert found.speakers.off == 0


@settings(deadline=None)
@given(meetings(), meetings())
def test_every_word_is_counted_once(one: Transcript, other: Transcript) -> None:
    found = score(one, other).scores
    for errors in word_scores(found):
        assert errors.hits + errors.substitutions + errors.deletions == len(one.words)
        assert errors.hits + errors.substitutions + errors.insertions == len(other.words)
    assert found.cpwer.errors >= abs(len(one.words) - len(other.words))


@settings(deadline=None)
@given(meetings(), meetings(), st.randoms(use_true_random=False))
def test_names_of_hypothesis_speakers_mean_nothing(one: Transcript, other: Transcript, rng: st.DataObject) -> None:
    labels = [f"name {i}" for i in range(len(other.speakers))]
    rng.shuffle(labels)
    names = dict(zip(other.speakers, labels, strict=True))
    before, after = score(one, other), score(one, renamed(other, names))
    streams = {"tcpwer": None, "orcwer": None, "dicpwer": None}
    assert replace(after.scores, **streams, der=before.scores.der, jer=before.scores.jer) == replace(
        before.scores, **streams
    )
    assert after.scores.der.error_rate == pytest.approx(before.scores.der.error_rate)
    assert after.assignment == tuple((theirs, names.get(ours)) for theirs, ours in before.assignment)


@settings(deadline=None)
@given(meetings(), meetings(), st.integers(1, 3600))
def test_a_later_recording_scores_the_same(one: Transcript, other: Transcript, offset: int) -> None:
    before, after = score(one, other).scores, score(shifted(one, offset), shifted(other, offset)).scores
    assert after.cpwer == before.cpwer
    assert after.wer == before.wer
    assert after.overlap == before.overlap
    assert after.attribution == before.attribution
    assert after.der.errors == pytest.approx(before.der.errors, abs=1e-6)


@settings(deadline=None)
@given(meetings(), meetings(), meetings(), meetings())
def test_sessions_add_up(a: Transcript, b: Transcript, x: Transcript, y: Transcript) -> None:
    report = score_sessions({"one": a, "two": b}, {"two": y, "one": x})
    assert report.total == score(a, x).scores + score(b, y).scores
    assert report.total.cpwer.words == len(a.words) + len(b.words)


ANN = transcript(said("ann", 0, 2, "good morning"), said("bob", 2, 3, "hello"))


def test_an_empty_hypothesis_is_all_deletions() -> None:
    for empty in ({}, {"m": Transcript(3.0)}):
        total = score_sessions({"m": ANN}, empty).total
        assert all(errors == WordErrors(deletions=3) for errors in word_scores(total))
        assert total.der == DiarizationErrors(total=3, missed=3)
        assert total.speakers == SpeakerCounts(2, 0, off=2)


def test_words_where_nobody_talks_are_insertions() -> None:
    found = score(Transcript(3.0), ANN).scores
    assert all(errors == WordErrors(insertions=3) for errors in word_scores(found))
    assert found.cpwer.error_rate is None


def test_a_reference_without_words_judges_turns_alone() -> None:
    turns = formats.loads("SPEAKER m 1 0.0 3.0 <NA> <NA> ann <NA> <NA>\n", "rttm")
    found = score(turns, ANN).scores
    assert all(errors == WordErrors() for errors in word_scores(found))
    assert found.der == DiarizationErrors(total=3, confusion=1)


def test_unknown_speakers_count_as_insertions() -> None:
    heard = transcript(*ANN.utterances, said("somebody", 5, 6, "boo"))
    found = score(ANN, heard)
    assert found.scores.cpwer == WordErrors(hits=3, insertions=1)
    assert (None, "somebody") in found.assignment


def test_overlapping_utterances_of_one_speaker_are_taken_in_order_of_start() -> None:
    doubled = transcript(said("ann", 0, 4, "a b"), said("ann", 1, 2, "c"))
    ordered = transcript(said("x", 0, 1, "a b c"))
    assert score(doubled, ordered).scores.cpwer == WordErrors(hits=3)


def test_sessions_on_one_side_only_are_refused_by_name() -> None:
    with pytest.raises(FormatError, match=r"lost \(reference\), spare \(hypothesis\)"):
        score_sessions({"m": ANN, "lost": ANN}, {"m": ANN, "spare": ANN})
    with pytest.raises(FormatError, match="no session"):
        score_sessions({}, {"m": ANN})


def test_one_session_on_either_side_needs_no_common_name() -> None:
    assert score_sessions({"meeting": ANN}, {"audio-01": ANN}).total.cpwer.errors == 0


def test_a_reference_without_end_times_is_refused() -> None:
    segments = '[{"session_id": "m", "speaker": "a", "start_time": 1, "words": "hi"}]'
    with pytest.raises(FormatError, match="end_time is missing"):
        formats.loads_sessions(segments, "seglst")


@pytest.mark.parametrize("bad", [{"collar": -1.0}, {"der_collar": float("nan")}])
def test_collars_are_seconds(bad: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="collars"):
        ScoreConfig(**bad)
