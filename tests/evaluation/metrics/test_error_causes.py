from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import OverlapDecision, Provenance, SpeakerEvidence, Transcript, Turn, Utterance
from pipeline.evaluation.metrics.error_causes import SAME_TIME, CauseCount, ErrorCauses
from pipeline.evaluation.metrics.scoring import ScoreConfig, score
from tests.evaluation.factory import meetings, renamed, transcript, utterance

ANN = utterance("ann", 0, 4, "one two three four")
BOB = utterance("bob", 2, 4, "yes indeed")


def total(counts: dict[str, CauseCount]) -> int:
    return sum(count.total for count in counts.values())


def names(counts: dict[str, CauseCount]) -> dict[str, int]:
    return {cause: count.total for cause, count in counts.items() if count.total}


def causes(reference: Transcript, hypothesis: Transcript, collar: float = 5.0) -> ErrorCauses:
    return score(reference, hypothesis, ScoreConfig(collar=collar)).causes


def speakers_at(turns: tuple[Turn, ...], time: float) -> set[str]:
    return {turn.speaker for turn in turns if turn.start <= time < turn.end}


@given(meetings(), meetings(), st.sampled_from([0.0, 0.5, 5.0]))
def test_every_error_of_the_alignment_has_one_cause(one: Transcript, other: Transcript, collar: float) -> None:
    result = score(one, other, ScoreConfig(collar=collar))
    scores, missing = result.scores, result.causes.missing_by_cause
    assert total(missing) == scores.cpwer.substitutions + scores.cpwer.deletions
    assert total(result.causes.inserted_by_cause) == scores.cpwer.insertions
    assert sum(count.in_overlap for count in missing.values()) == scores.overlap.words - scores.overlap.right
    assert missing["other_speaker"].total == scores.attribution.misattributed
    assert missing["other_speaker"].in_overlap == scores.overlap.misattributed
    assert result.causes.inserted_by_cause["other_speaker"].total <= scores.attribution.misattributed


@given(meetings())
def test_a_perfect_hypothesis_has_no_causes(meeting: Transcript) -> None:
    assert causes(meeting, meeting) == ErrorCauses()


@given(meetings(), meetings())
def test_labels_of_the_hypothesis_change_nothing(one: Transcript, other: Transcript) -> None:
    reversed_labels = dict(zip(other.speakers, sorted(other.speakers, reverse=True), strict=True))
    before, after = causes(one, other), causes(one, renamed(other, reversed_labels))
    assert before.missing == after.missing
    assert before.inserted_by_cause == after.inserted_by_cause


@given(meetings(), meetings())
def test_causes_agree_with_the_turns(one: Transcript, other: Transcript) -> None:
    result = score(one, other)
    partner = dict(result.assignment)
    for error in result.causes.missing:
        active = speakers_at(other.turns, error.token.middle)
        if error.cause == "outside_all_turns":
            assert not active
        elif error.cause == "outside_speaker_turns":
            assert active
            assert partner[error.token.speaker] not in active
        elif error.cause != "other_speaker":
            assert partner[error.token.speaker] in active
        assert error.in_overlap == (len(speakers_at(one.turns, error.token.middle)) > 1)
    for error in result.causes.inserted:
        active = speakers_at(one.turns, error.token.middle)
        assert error.cause in ("other_speaker", "duplicate") or bool(active) == (error.cause == "other")
        assert error.in_overlap == (len(active) > 1)
        if error.cause == "duplicate":
            assert any(
                u.speaker != error.token.speaker
                and w.text == error.token.text
                and abs(w.middle - error.token.middle) <= SAME_TIME
                for u in other.utterances
                for w in u.words
            )


@given(meetings(), st.data())
def test_words_that_only_the_pipeline_removed_have_that_cause(meeting: Transcript, data: st.DataObject) -> None:
    removed = data.draw(st.lists(st.sampled_from(meeting.utterances), unique_by=id))
    remaining = tuple(u for u in meeting.utterances if u not in removed)
    hypothesis = replace(meeting, utterances=remaining, provenance=Provenance("meeting.wav", ""))
    count = sum(len(u.words) for u in removed)
    hallucinated = replace(hypothesis, removed=tuple(removed))
    assert names(causes(meeting, hallucinated, 1000).missing_by_cause) == (
        {"removed_as_hallucination": count} if count else {}
    )
    duplicated = replace(hypothesis, overlaps=(ledger_entry(meeting.duration, *removed),))
    assert names(causes(meeting, duplicated, 1000).missing_by_cause) == (
        {"removed_as_duplicate": count} if count else {}
    )


def ledger_entry(end: float, *leaked: Utterance) -> OverlapDecision:
    return OverlapDecision(0, end, (SpeakerEvidence("x"),), "nmf", "mixture", "test", leaked)


def test_a_word_without_turn_lies_outside_all_turns() -> None:
    hypothesis = transcript(utterance("x", 0, 2, "one two"))
    found = causes(transcript(ANN), hypothesis)
    assert names(found.missing_by_cause) == {"outside_all_turns": 2}
    assert names(causes(transcript(ANN), Transcript(4)).missing_by_cause) == {"outside_all_turns": 4}


def test_a_speaker_that_was_not_found_lies_outside_their_turns() -> None:
    found = causes(transcript(ANN, BOB), transcript(ANN))
    assert found.missing_by_cause["outside_speaker_turns"] == CauseCount(in_overlap=2)
    assert names(found.missing_by_cause) == {"outside_speaker_turns": 2}


def test_words_in_turns_of_the_speaker_are_misrecognized_or_without_word() -> None:
    hypothesis = transcript(utterance("x", 0, 4, "one too"))
    found = causes(transcript(ANN), hypothesis)
    assert names(found.missing_by_cause) == {"misrecognized": 1, "no_word": 2}
    assert found.missing_by_cause["no_word"] == CauseCount(no_overlap=2)


def test_a_word_of_another_speaker_counts_on_both_sides() -> None:
    hypothesis = transcript(utterance("x", 0, 4, "one two three four yes"), utterance("y", 2, 4, "indeed"))
    found = causes(transcript(ANN, BOB), hypothesis)
    assert names(found.missing_by_cause) == names(found.inserted_by_cause) == {"other_speaker": 1}


def test_another_speaker_comes_before_what_the_pipeline_removed() -> None:
    hypothesis = transcript(utterance("x", 0, 4, "one two three four yes"), utterance("y", 2, 4, "indeed"))
    removed = utterance("y", 2, 3, "yes")
    hypothesis = replace(hypothesis, removed=(removed,), overlaps=(ledger_entry(4, removed),))
    assert names(causes(transcript(ANN, BOB), hypothesis).missing_by_cause) == {"other_speaker": 1}


def test_a_removed_word_explains_one_missing_word_within_the_collar() -> None:
    reference = transcript(ANN, utterance("bob", 2, 4, "yes yes"))
    one_removed = replace(transcript(ANN), removed=(utterance("y", 2, 3, "Yes."),))
    found = names(causes(reference, one_removed).missing_by_cause)
    assert found == {"removed_as_hallucination": 1, "outside_speaker_turns": 1}
    late = replace(transcript(ANN), removed=(utterance("y", 20, 21, "yes"),))
    assert names(causes(reference, late).missing_by_cause) == {"outside_speaker_turns": 2}


def test_a_word_in_two_streams_is_a_duplicate_only_at_the_same_time() -> None:
    reference = transcript(ANN, BOB)
    same_time = transcript(ANN, BOB, utterance("z", 1, 2, "two"))
    assert names(causes(reference, same_time).inserted_by_cause) == {"duplicate": 1}
    later = transcript(ANN, BOB, utterance("z", 3, 4, "two"))
    assert names(causes(reference, later).inserted_by_cause) == {"other": 1}
    same_speaker = transcript(utterance("ann", 0, 4, "one two two three four"), BOB)
    assert names(causes(reference, same_speaker).inserted_by_cause) == {"other": 1}


def test_the_same_word_as_one_with_the_wrong_speaker_is_a_duplicate() -> None:
    reference = transcript(ANN, utterance("bob", 4, 8, "yes we do indeed"))
    right, wrong = utterance("y", 5, 8, "we do indeed"), utterance("x", 4, 5, "yes")
    hypothesis = transcript(ANN, right, wrong, utterance("z", 4.1, 5.1, "yes"))
    found = causes(reference, hypothesis)
    assert names(found.missing_by_cause) == {"other_speaker": 1}
    assert names(found.inserted_by_cause) == {"other_speaker": 1, "duplicate": 1}


def test_an_inserted_word_outside_the_reference() -> None:
    found = causes(transcript(ANN), transcript(ANN, utterance("x", 7, 9, "thank you")))
    assert names(found.inserted_by_cause) == {"outside_reference_turns": 2}


def test_frequent_missing_words_are_normalized_and_ordered() -> None:
    reference = transcript(utterance("ann", 0, 6, "Yeah, so yeah. I mm, YEAH"), BOB)
    found = causes(reference, transcript(utterance("x", 2, 4, "yes indeed"))).frequent_missing(3)
    assert found == (("yeah", 3), ("i", 1), ("mm", 1))
