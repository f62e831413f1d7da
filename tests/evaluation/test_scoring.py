from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.timeline import joined
from pipeline.core.types import Provenance, Span, Transcript, Turn, Unscored
from pipeline.evaluation.metrics.der import DiarizationErrors
from pipeline.evaluation.metrics.scoring import ScoreConfig, Scores, Session, SpeakerCounts, score, score_sessions
from pipeline.evaluation.metrics.wer import WordErrors
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


def test_sessions_on_one_side_only_are_compared_with_silence() -> None:
    report = score_sessions({"m": ANN, "lost": ANN}, {"m": ANN, "spare": ANN})
    assert report.sessions["lost"].scores.cpwer == WordErrors(deletions=3)
    assert report.sessions["lost"].scores.der == DiarizationErrors(total=3, missed=3)
    assert report.sessions["spare"].scores.cpwer == WordErrors(insertions=3)
    assert report.sessions["spare"].scores.der == DiarizationErrors(false_alarm=3)
    assert report.total.cpwer == WordErrors(hits=3, deletions=3, insertions=3)
    assert {notice.code: ("lost" in notice.message, "spare" in notice.message) for notice in report.notices} == {
        "no_hypothesis": (True, False),
        "no_reference": (False, True),
    }
    with pytest.raises(FormatError):
        score_sessions({}, {"m": ANN})


def test_a_session_of_the_other_side_does_not_give_words_to_a_format_without() -> None:
    turns = formats.loads("SPEAKER m 1 0.0 3.0 <NA> <NA> ann <NA> <NA>\n", "rttm")
    report = score_sessions({"m": turns}, {"m": ANN, "spare": ANN})
    assert report.total.cpwer == WordErrors()
    assert report.total.der.false_alarm == 3


def test_formats_without_words_leave_word_errors_unmeasured() -> None:
    turns = formats.loads("SPEAKER m 1 0.0 3.0 <NA> <NA> ann <NA> <NA>\n", "rttm")
    for one, other in ((turns, ANN), (ANN, turns)):
        report = score_sessions({"m": one}, {"m": other})
        assert [errors.error_rate for errors in word_scores(report.total)] == [None] * len(word_scores(report.total))
        assert [notice.code for notice in report.notices] == ["no_words"]
    assert score_sessions({"m": turns}, {"m": turns}).notices == ()
    recognized = replace(turns, provenance=Provenance("m.wav", ""))
    assert score(ANN, recognized).scores.cpwer == WordErrors(deletions=3)


def test_more_errors_than_words_are_doubted() -> None:
    other = transcript(said("x", 0, 3, "this is another recording altogether"))
    assert [n.code for n in score_sessions({"m": ANN}, {"m": other}).notices] == ["unrelated"]
    assert [n.code for n in score_sessions({"m": ANN}, {"n": other}).notices] == ["names_differ", "unrelated"]
    assert score_sessions({"m": ANN}, {}).notices == ()


@settings(deadline=None)
@given(meetings(), meetings(), meetings(), st.floats(0, 20), st.floats(0.1, 10))
def test_nothing_in_an_unscored_span_counts(
    one: Transcript, other: Transcript, noise: Transcript, start: float, length: float
) -> None:
    span = Span(start, start + length)
    places = [(start + i / 100, start + (i + 1) / 100) for i in range(5)]  # as many words as an utterance has at most
    inside = [
        replace(u, words=tuple(replace(w, start=a, end=b) for w, (a, b) in zip(u.words, places, strict=False)))
        for u in noise.utterances
    ]

    def disturbed(meeting: Transcript) -> Transcript:
        turns = (*meeting.turns, *(Turn(u.start, min(u.end, span.end), u.speaker) for u in inside))
        utterances = sorted([*meeting.utterances, *inside], key=lambda u: u.start)
        duration = max(meeting.duration, span.end)
        return replace(meeting, duration=duration, utterances=tuple(utterances), turns=joined(turns))

    before = score(Session(one, unscored=(Unscored(span.start, span.end),)), other)
    for left, right in ((disturbed(one), other), (one, disturbed(other))):
        after = score(Session(left, unscored=(Unscored(span.start, span.end),)), right)
        assert after.scores.cpwer.errors == before.scores.cpwer.errors
        assert after.scores.wer.words == before.scores.wer.words
        assert after.scores.der.total == pytest.approx(before.scores.der.total)
        assert after.scores.der.errors == pytest.approx(before.scores.der.errors)
        assert after.scores.speakers == before.scores.speakers
        assert after.unscored == pytest.approx(length)


def test_a_perfect_hypothesis_scores_zero_whatever_it_has_in_unscored_spans() -> None:
    text = "m 1 A 1 3 good morning\nm 1 B 3 9 <o,f0,male> IGNORE_TIME_SEGMENT_IN_SCORING\nm 1 A 9 11 let us begin\n"
    reference = Session(formats.loads(text, "stm"), unscored=formats.unscored(text, "stm")["m"])
    hypothesis = transcript(
        said("x", 1, 3, "good morning"), said("y", 3.2, 8.8, "somebody whispers"), said("x", 9, 11, "let us begin")
    )
    found = score(reference, hypothesis)
    assert [errors.errors for errors in word_scores(found.scores)] == [0] * len(word_scores(found.scores))
    assert (found.scores.der.errors, found.scores.der.total) == (0, 4)
    assert (found.scores.speakers, found.unscored) == (SpeakerCounts(1, 1, 0), 6)
    for collar in (0.0, 0.25):
        assert score(reference, hypothesis, ScoreConfig(der_collar=collar)).scores.der.errors == 0


CHINESE = transcript(said("甲", 0, 6, "今天天气很好我们一起去公园散步"), said("乙", 6, 9, "好的"))


def test_scripts_without_spaces_are_scored_by_character() -> None:
    heard = transcript(said("1", 0, 6, "今天天汽很好我们一起去公园散步"), said("2", 6, 9, "好的"))
    found = score(CHINESE, heard)
    assert found.scores.cpwer == WordErrors(hits=1, substitutions=1)
    assert found.scores.cer == found.scores.cpcer == WordErrors(hits=16, substitutions=1)
    assert found.scores.attribution.right == 16
    assert dict(found.assignment) == {"甲": "1", "乙": "2"}
    swapped = transcript(said("1", 0, 6, "今天天气很好我们一起去公园散步好的"))
    assert score(CHINESE, swapped).scores.cer == WordErrors(hits=17)
    assert score(CHINESE, swapped).scores.cpcer == WordErrors(hits=15, deletions=2, insertions=2)


def test_other_scripts_have_no_character_errors_and_both_add_up() -> None:
    english, chinese = score(ANN, ANN).scores, score(CHINESE, CHINESE).scores
    assert english.cer is None
    assert english.cpcer is None
    for total in (english + chinese, chinese + english):
        assert total.cer == total.cpcer == WordErrors(hits=3 + 17)
    assert (english + english).cer is None


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
