from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core import timeline
from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.types import Provenance, Span, Transcript, Turn, Unscored
from pipeline.evaluation.metrics.der import DiarizationErrors
from pipeline.evaluation.metrics.scoring import ScoreConfig, Scores, Session, SpeakerCounts, score, score_sessions
from pipeline.evaluation.metrics.wer import WordErrors
from tests.evaluation.factory import meetings, renamed, shifted, transcript, utterance


def word_scores(scores: Scores) -> list[WordErrors]:
    result = (scores.wer, scores.cpwer, scores.tcpwer, scores.orcwer, scores.dicpwer)
    return [errors for errors in result if errors is not None]


@given(meetings())
def test_equal_transcripts_score_zero(meeting: Transcript) -> None:
    result = score(meeting, meeting).scores
    assert [errors.errors for errors in word_scores(result)] == [0] * len(word_scores(result))
    assert result.der.errors == pytest.approx(0, abs=1e-9)
    assert result.attribution.misattributed == 0
    assert result.overlap.right == result.overlap.words
    assert result.speakers.off == 0


@given(meetings(), meetings())
def test_every_word_is_counted_once(one: Transcript, other: Transcript) -> None:
    result = score(one, other).scores
    for errors in word_scores(result):
        assert errors.hits + errors.substitutions + errors.deletions == len(one.words)
        assert errors.hits + errors.substitutions + errors.insertions == len(other.words)
    assert result.cpwer.errors >= abs(len(one.words) - len(other.words))


@given(meetings(), meetings(), st.randoms(use_true_random=False))
def test_speaker_names_do_not_matter(one: Transcript, other: Transcript, rng: st.DataObject) -> None:
    labels = [f"name {i}" for i in range(len(other.speakers))]
    rng.shuffle(labels)
    names = dict(zip(other.speakers, labels, strict=True))
    before, after = score(one, other), score(one, renamed(other, names))
    streams = {"tcpwer": None, "orcwer": None, "dicpwer": None}
    assert replace(after.scores, **streams, der=before.scores.der, jer=before.scores.jer) == replace(
        before.scores, **streams
    )
    assert after.scores.der.error_rate == pytest.approx(before.scores.der.error_rate)
    assert after.assignment == tuple((truth, names.get(estimate)) for truth, estimate in before.assignment)


@given(meetings(), meetings(), st.integers(1, 3600))
def test_a_time_offset_does_not_matter(one: Transcript, other: Transcript, offset: int) -> None:
    before, after = score(one, other).scores, score(shifted(one, offset), shifted(other, offset)).scores
    assert after.cpwer == before.cpwer
    assert after.wer == before.wer
    assert after.overlap == before.overlap
    assert after.attribution == before.attribution
    assert after.der.errors == pytest.approx(before.der.errors, abs=1e-6)


@given(meetings(), meetings(), meetings(), meetings())
def test_sessions_add_up(a: Transcript, b: Transcript, x: Transcript, y: Transcript) -> None:
    report = score_sessions({"one": a, "two": b}, {"two": y, "one": x})
    assert report.total == score(a, x).scores + score(b, y).scores
    assert report.total.cpwer.words == len(a.words) + len(b.words)


ANN = transcript(utterance("ann", 0, 2, "good morning"), utterance("bob", 2, 3, "hello"))


def test_an_empty_hypothesis_is_all_deletions() -> None:
    for empty in ({}, {"m": Transcript(3.0)}):
        total = score_sessions({"m": ANN}, empty).total
        assert all(errors == WordErrors(deletions=3) for errors in word_scores(total))
        assert total.der == DiarizationErrors(total=3, missed=3)
        assert total.speakers == SpeakerCounts(2, 0, off=2)


def test_words_without_reference_speech_are_insertions() -> None:
    result = score(Transcript(3.0), ANN).scores
    assert all(errors == WordErrors(insertions=3) for errors in word_scores(result))
    assert result.cpwer.error_rate is None


def test_a_reference_without_words_scores_turns_only() -> None:
    turns = formats.loads("SPEAKER m 1 0.0 3.0 <NA> <NA> ann <NA> <NA>\n", "rttm")
    result = score(turns, ANN).scores
    assert all(errors == WordErrors() for errors in word_scores(result))
    assert result.der == DiarizationErrors(total=3, confusion=1)


def test_unknown_speakers_count_as_insertions() -> None:
    hypothesis = transcript(*ANN.utterances, utterance("somebody", 5, 6, "boo"))
    result = score(ANN, hypothesis)
    assert result.scores.cpwer == WordErrors(hits=3, insertions=1)
    assert (None, "somebody") in result.assignment


def test_overlapping_utterances_of_one_speaker_are_ordered_by_start() -> None:
    doubled = transcript(utterance("ann", 0, 4, "a b"), utterance("ann", 1, 2, "c"))
    ordered = transcript(utterance("x", 0, 1, "a b c"))
    assert score(doubled, ordered).scores.cpwer == WordErrors(hits=3)


def test_sessions_on_one_side_only_are_compared_with_silence() -> None:
    report = score_sessions({"m": ANN, "missing": ANN}, {"m": ANN, "extra": ANN})
    assert report.sessions["missing"].scores.cpwer == WordErrors(deletions=3)
    assert report.sessions["missing"].scores.der == DiarizationErrors(total=3, missed=3)
    assert report.sessions["extra"].scores.cpwer == WordErrors(insertions=3)
    assert report.sessions["extra"].scores.der == DiarizationErrors(false_alarm=3)
    assert report.total.cpwer == WordErrors(hits=3, deletions=3, insertions=3)
    assert {notice.code: ("missing" in notice.message, "extra" in notice.message) for notice in report.notices} == {
        "no_hypothesis": (True, False),
        "no_reference": (False, True),
    }
    with pytest.raises(FormatError):
        score_sessions({}, {"m": ANN})


def test_an_extra_session_adds_no_words_to_a_format_without_words() -> None:
    turns = formats.loads("SPEAKER m 1 0.0 3.0 <NA> <NA> ann <NA> <NA>\n", "rttm")
    report = score_sessions({"m": turns}, {"m": ANN, "extra": ANN})
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


def test_more_errors_than_words_give_a_notice() -> None:
    other = transcript(utterance("x", 0, 3, "this is another recording altogether"))
    assert [n.code for n in score_sessions({"m": ANN}, {"m": other}).notices] == ["unrelated"]
    assert [n.code for n in score_sessions({"m": ANN}, {"n": other}).notices] == ["names_differ", "unrelated"]
    assert score_sessions({"m": ANN}, {}).notices == ()


@given(meetings(), meetings(), meetings(), st.floats(0, 20), st.floats(0.1, 10))
def test_nothing_in_an_unscored_span_counts(
    one: Transcript, other: Transcript, noise: Transcript, start: float, length: float
) -> None:
    span = Span(start, start + length)
    slots = [(start + i / 100, start + (i + 1) / 100) for i in range(5)]  # maximum number of words in an utterance
    inside = [
        replace(u, words=tuple(replace(w, start=a, end=b) for w, (a, b) in zip(u.words, slots, strict=False)))
        for u in noise.utterances
    ]

    def with_noise(meeting: Transcript) -> Transcript:
        turns = (*meeting.turns, *(Turn(u.start, min(u.end, span.end), u.speaker) for u in inside))
        utterances = sorted([*meeting.utterances, *inside], key=lambda u: u.start)
        duration = max(meeting.duration, span.end)
        return Transcript(duration, tuple(utterances), timeline.normalize(turns, duration))

    before = score(Session(one, unscored=(Unscored(span.start, span.end),)), other)
    for left, right in ((with_noise(one), other), (one, with_noise(other))):
        after = score(Session(left, unscored=(Unscored(span.start, span.end),)), right)
        assert after.scores.cpwer.errors == before.scores.cpwer.errors
        assert after.scores.wer.words == before.scores.wer.words
        assert after.scores.der.total == pytest.approx(before.scores.der.total)
        assert after.scores.der.errors == pytest.approx(before.scores.der.errors)
        assert after.scores.speakers == before.scores.speakers
        assert after.unscored == pytest.approx(length)


def test_a_perfect_hypothesis_scores_zero_with_anything_in_unscored_spans() -> None:
    text = "m 1 A 1 3 good morning\nm 1 B 3 9 <o,f0,male> IGNORE_TIME_SEGMENT_IN_SCORING\nm 1 A 9 11 let us begin\n"
    reference = Session(formats.loads(text, "stm"), unscored=formats.unscored(text, "stm")["m"])
    hypothesis = transcript(
        utterance("x", 1, 3, "good morning"),
        utterance("y", 3.2, 8.8, "somebody whispers"),
        utterance("x", 9, 11, "let us begin"),
    )
    result = score(reference, hypothesis)
    assert [errors.errors for errors in word_scores(result.scores)] == [0] * len(word_scores(result.scores))
    assert (result.scores.der.errors, result.scores.der.total) == (0, 4)
    assert (result.scores.speakers, result.unscored) == (SpeakerCounts(1, 1, 0), 6)
    for collar in (0.0, 0.25):
        assert score(reference, hypothesis, ScoreConfig(der_collar=collar)).scores.der.errors == 0


CHINESE = transcript(utterance("甲", 0, 6, "今天天气很好我们一起去公园散步"), utterance("乙", 6, 9, "好的"))


def test_scripts_without_spaces_are_scored_by_character() -> None:
    hypothesis = transcript(utterance("1", 0, 6, "今天天汽很好我们一起去公园散步"), utterance("2", 6, 9, "好的"))
    result = score(CHINESE, hypothesis)
    assert result.scores.cpwer == WordErrors(hits=1, substitutions=1)
    assert result.scores.cer == result.scores.cpcer == WordErrors(hits=16, substitutions=1)
    assert result.scores.attribution.right == 16
    assert dict(result.assignment) == {"甲": "1", "乙": "2"}
    swapped = transcript(utterance("1", 0, 6, "今天天气很好我们一起去公园散步好的"))
    assert score(CHINESE, swapped).scores.cer == WordErrors(hits=17)
    assert score(CHINESE, swapped).scores.cpcer == WordErrors(hits=15, deletions=2, insertions=2)


def test_other_scripts_have_no_character_errors_and_both_add_up() -> None:
    english, chinese = score(ANN, ANN).scores, score(CHINESE, CHINESE).scores
    assert english.cer is None
    assert english.cpcer is None
    for total in (english + chinese, chinese + english):
        assert total.cer == total.cpcer == WordErrors(hits=3 + 17)
    assert (english + english).cer is None


def test_single_sessions_need_no_common_name() -> None:
    assert score_sessions({"meeting": ANN}, {"audio-01": ANN}).total.cpwer.errors == 0


def test_a_reference_without_end_times_is_refused() -> None:
    segments = '[{"session_id": "m", "speaker": "a", "start_time": 1, "words": "hi"}]'
    with pytest.raises(FormatError, match="end_time"):
        formats.loads_sessions(segments, "seglst")


@pytest.mark.parametrize("bad", [{"collar": -1.0}, {"der_collar": float("nan")}])
def test_collars_are_seconds(bad: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="collars"):
        ScoreConfig(**bad)
