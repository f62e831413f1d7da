"""Corrections: the same as a person made them, once only, and found again in a later transcript."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.correction import Correction
from pipeline.core.doubts import find_doubts
from pipeline.core.errors import FormatError, InputError
from pipeline.core.types import Provenance, Transcript, Turn, Utterance, Word
from pipeline.corrections import CorrectionsFile, apply_corrections, dumps, loads
from pipeline.corrections.corrections_file import CorrectedRecording, of_transcript
from pipeline.corrections.counting import count_changes
from tests.corrections.reference import conversation, lines_of, made
from tests.max_examples import at_most

SHA = "0" * 64
TEXTS = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.sampled_from(["yes", "no", "the"]), min_size=1, max_size=6)),
    min_size=1,
    max_size=6,
)


def talk(utterances: tuple[Utterance, ...]) -> Transcript:
    turns = tuple(sorted(Turn(u.start, u.end, u.speaker) for u in utterances))
    return Transcript(utterances[-1].end + 5, utterances, turns, provenance=Provenance("talk.wav", SHA))


def file_of(transcript: Transcript, *corrections: Correction) -> CorrectionsFile:
    return replace(of_transcript(transcript), corrections=corrections)


TALK = talk(conversation([(0, ["so", "we", "meet", "on"]), (1, ["friday", "then"]), (0, ["good"])]))
EDIT = Correction("text", "SPEAKER_00", 0.5, 1.4, "we2 meet3", "they met", left="so1", right="on4")
MOVE = Correction("assign", "SPEAKER_00", 1.5, 1.9, "on4", "SPEAKER_01", left="so1 they met")
NAME = Correction("name", "SPEAKER_00", after="Ana")


def shown(transcript: Transcript) -> list[tuple[str, str]]:
    return [(each.speaker, each.text) for each in transcript.utterances]


@at_most(150)
@given(st.data())
def test_corrections_give_what_the_person_saw(data: st.DataObject) -> None:
    transcript = talk(conversation(data.draw(TEXTS)))
    corrections, lines = data.draw(made(lines_of(transcript), data.draw(st.integers(1, 6))))
    result = apply_corrections(transcript, file_of(transcript, *corrections))
    assert [each.problem for each in result.corrections] == [None] * len(corrections)
    assert shown(result) == lines.texts


@at_most(60)
@given(st.data())
def test_corrections_are_applied_once_and_survive_their_files(data: st.DataObject) -> None:
    transcript = talk(conversation(data.draw(TEXTS)))
    corrections, _ = data.draw(made(lines_of(transcript), data.draw(st.integers(1, 5))))
    file = file_of(transcript, *corrections, NAME)
    assert loads(dumps(file)) == file
    once = apply_corrections(transcript, file)
    assert apply_corrections(once, file) == once
    stored = formats.loads(formats.dumps(once, "json"), "json")
    assert stored == formats.loads(formats.dumps(stored, "json"), "json")
    assert stored.corrections == once.corrections
    assert not any(notice.code == "recomputed" for notice in stored.notices)
    assert shown(apply_corrections(stored, file)) == shown(once)


@at_most(60)
@given(st.data())
def test_a_later_transcript_with_other_labels_and_times_keeps_them(data: st.DataObject) -> None:
    shift = data.draw(st.floats(-0.15, 0.15))
    labels = {"SPEAKER_00": "SPEAKER_02", "SPEAKER_02": "SPEAKER_00"}

    def moved(word: Word, by: float) -> Word:
        return replace(word, start=word.start + by, end=word.end + by)

    before, later = (
        talk(tuple(replace(u, speaker=names.get(u.speaker, u.speaker), words=tuple(moved(w, by) for w in u.words))
                   for u in TALK.utterances))
        for names, by in (({}, 1.0), (labels, 1.0 + shift))
    )  # fmt: skip
    corrections = [replace(c, start=c.start + 1, end=c.end + 1) if c.end else c for c in (EDIT, MOVE, NAME)]
    one, two = (apply_corrections(t, file_of(before, *corrections)) for t in (before, later))
    assert shown(one) == shown(two) == [("Ana", "so1 they met"), ("SPEAKER_01", "on4"),
                                        ("SPEAKER_01", "friday5 then6"), ("Ana", "good7")]  # fmt: skip


def test_corrected_words_are_marked_and_turns_follow_words() -> None:
    result = apply_corrections(TALK, file_of(TALK, EDIT, MOVE))
    assert [w.text for w in result.words if w.origin == "corrected"] == ["they", "met"]
    assert [w.probability for w in result.words if w.origin == "corrected"] == [None, None]
    assert Turn(1.5, 1.9, "SPEAKER_01") in result.turns
    changes = count_changes(result)
    assert changes.line == "2 of 7 words changed, 1 given to another speaker"


@pytest.mark.promise(30)
def test_other_words_between_the_same_times_are_replaced_and_hand_written_ones_are_not() -> None:
    words = (Word(0, 0.4, "so"), Word(0.55, 0.9, "he"), Word(1.0, 1.35, "mead"), Word(1.5, 1.9, "on"))
    later = talk((Utterance("SPEAKER_00", words), *TALK.utterances[1:]))
    assert shown(apply_corrections(later, file_of(TALK, EDIT)))[0] == ("SPEAKER_00", "so they met on")
    by_hand = tuple(replace(word, origin="corrected") for word in words)
    result = apply_corrections(talk((Utterance("SPEAKER_00", by_hand),)), file_of(TALK, EDIT))
    assert shown(result)[0] == ("SPEAKER_00", "so he mead on")
    assert result.corrections[0].problem


def test_a_text_that_is_right_already_and_words_of_another_speaker() -> None:
    right = apply_corrections(TALK, file_of(TALK, EDIT)).utterances
    fresh = talk(tuple(replace(u, words=tuple(replace(w, origin="mixture") for w in u.words)) for u in right))
    assert shown(apply_corrections(fresh, file_of(TALK, EDIT))) == shown(fresh)
    swapped = talk((replace(TALK.utterances[0], speaker="SPEAKER_01"), *TALK.utterances[1:]))
    result = apply_corrections(swapped, file_of(TALK, EDIT))
    assert shown(result)[0] == ("SPEAKER_01", "so1 they met on4")
    assert [each.problem for each in result.corrections] == [None]


@pytest.mark.promise(30)
def test_what_does_not_fit_is_listed_and_changes_nothing() -> None:
    misfits = (
        replace(EDIT, start=200.0, end=201.0),
        replace(EDIT, before="never said", start=2.6, end=2.9),
        replace(MOVE, speaker="SPEAKER_09"),
        Correction("join", "SPEAKER_00", 0.0, 0.4, "so1"),
        Correction("check", "SPEAKER_01", 3.0, 3.9, "friday5 than"),
        Correction("text", "SPEAKER_01", 90.0, 91.0, after="far away"),
    )
    result = apply_corrections(TALK, file_of(TALK, *misfits))
    assert shown(result) == shown(TALK)
    assert all(each.problem for each in result.corrections)
    assert [replace(each, problem=None, id="") for each in result.corrections] == list(misfits)
    later = apply_corrections(result, file_of(TALK, EDIT))
    assert [each.problem is None for each in later.corrections] == [False] * 6 + [True], "they stay listed"
    assert count_changes(later).misfits == result.corrections


def test_overlapping_edits_are_listed() -> None:
    other = replace(EDIT, before="meet3 on4", after="meat in", start=1.0, end=1.9, left="so1 we2", right="")
    result = apply_corrections(TALK, file_of(TALK, EDIT, other))
    assert shown(result)[0] == ("SPEAKER_00", "so1 they met on4")
    assert [each.problem is None for each in result.corrections] == [True, False]


def test_words_are_added_to_speech_without_words() -> None:
    added = Correction("text", "SPEAKER_02", 7.0, 8.0, after="hello there")
    result = apply_corrections(TALK, file_of(TALK, added))
    assert shown(result)[-1] == ("SPEAKER_02", "hello there")
    assert result.utterances[-1].span.start == pytest.approx(7.0)


def test_one_person_with_two_labels_later_gets_the_name_on_both() -> None:
    line, *others = TALK.utterances
    later = talk((line, *others[:1], replace(others[1], speaker="SPEAKER_02")))
    assert {each.speaker for each in apply_corrections(later, file_of(TALK, NAME)).utterances} == {"Ana", "SPEAKER_01"}


def test_a_new_speaker_does_not_take_the_label_of_another() -> None:
    later = talk((*TALK.utterances, Utterance("SPEAKER_02", (Word(9, 9.4, "late"),))))
    new = replace(MOVE, after="SPEAKER_02", left="so1 we2 meet3")
    result = apply_corrections(later, file_of(TALK, new))
    assert ("SPEAKER_03", "on4") in shown(result)


LATER = talk(conversation([(1, ["so", "we", "meet", "on"]), (0, ["friday", "then"]), (1, ["good"])]))
"""The same conversation by another diarizer: the labels are swapped."""


def rerun(corrected: Transcript, later: Transcript) -> list[tuple[str, str]]:
    """What a later run shows that takes over the corrections of the corrected transcript."""
    return shown(apply_corrections(later, of_transcript(corrected)))


def test_a_speaker_made_by_corrections_is_that_person_in_a_later_run_too() -> None:
    moved = replace(MOVE, start=5.5, end=5.9, before="good7", after="SPEAKER_02", left="")
    cleo = Correction("name", "SPEAKER_02", after="Cleo")
    result = apply_corrections(TALK, file_of(TALK, moved, NAME, cleo))
    expected = [("Ana", "so1 we2 meet3 on4"), ("SPEAKER_01", "friday5 then6"), ("Cleo", "good7")]
    assert shown(result) == expected
    assert rerun(result, TALK) == expected
    assert rerun(result, LATER) == [expected[0], ("SPEAKER_00", "friday5 then6"), expected[2]]
    twice = apply_corrections(LATER, of_transcript(result))
    assert rerun(twice, TALK) == expected


def test_a_ledger_without_hashes_is_not_applied_again() -> None:
    first = apply_corrections(TALK, file_of(TALK, EDIT, NAME))
    old = replace(first, corrections=tuple(replace(each, id="") for each in first.corrections))
    check = Correction("check", "SPEAKER_01", 2.5, 3.9, "friday5 then6")
    result = apply_corrections(old, file_of(old, *old.corrections, check))
    assert [each.operation for each in result.corrections] == ["text", "name", "check"]
    assert shown(result) == shown(first)


def test_names_are_given_once_and_the_last_one_stays() -> None:
    bob = Correction("name", "SPEAKER_01", after="Bob")
    first = apply_corrections(TALK, file_of(TALK, NAME, bob))
    page = of_transcript(first)
    swap = (Correction("name", "Ana", after="Bob"), Correction("name", "Bob", after="Ana"))
    file = replace(page, corrections=(*page.corrections, *swap))
    second = apply_corrections(first, file)
    expected = [("Bob", "so1 we2 meet3 on4"), ("Ana", "friday5 then6"), ("Bob", "good7")]
    assert shown(second) == expected
    assert apply_corrections(second, file) == second
    assert rerun(second, LATER) == shown(apply_corrections(LATER, file)) == expected


def test_other_corrections_of_the_same_words_are_not_taken_for_applied_ones() -> None:
    one = replace(MOVE, start=5.5, end=5.9, before="good7", left="")
    first = apply_corrections(TALK, file_of(TALK, one))
    other = apply_corrections(first, file_of(TALK, replace(one, after="SPEAKER_02")))
    assert other.corrections[-1].problem or shown(other)[-1] == ("SPEAKER_02", "good7")


def test_without_turns_and_speakers_labels_are_what_they_are() -> None:
    bare = replace(TALK, turns=())
    for file in (CorrectionsFile(corrections=(EDIT, NAME)), file_of(bare, EDIT, NAME)):
        assert shown(apply_corrections(bare, file))[0] == ("Ana", "so1 they met on4")
        assert shown(apply_corrections(TALK, file))[0] == ("Ana", "so1 they met on4")


@pytest.mark.parametrize(
    "name", [NAME, replace(NAME, after="a=b"), replace(NAME, after="x" * 81), replace(NAME, after="\u200b")]
)
def test_a_name_without_a_speaker_or_that_is_no_name_is_listed(name: Correction) -> None:
    absent = replace(name, speaker="SPEAKER_07") if name == NAME else name
    result = apply_corrections(TALK, file_of(TALK, absent))
    assert shown(result) == shown(TALK)
    assert result.corrections[0].problem
    assert count_changes(result).names == 0


def test_a_checked_line_stays_checked_when_times_move() -> None:
    check = Correction("check", "SPEAKER_00", 0.0, 1.9, "so1 we2 meet3 on4")
    words = tuple(replace(w, start=w.start + 0.02, end=w.end + 0.02, probability=0.1) for w in TALK.utterances[0].words)
    later = talk((Utterance("SPEAKER_00", words), *TALK.utterances[1:]))
    assert find_doubts(later)
    assert not find_doubts(apply_corrections(later, file_of(TALK, check)))


def test_words_of_a_person_with_two_labels_are_found_under_both() -> None:
    line, *others = TALK.utterances
    later = talk((line, *others[:1], replace(others[1], speaker="SPEAKER_02")))
    edit = Correction("check", "SPEAKER_00", 5.5, 5.9, "good7")
    assert [each.problem for each in apply_corrections(later, file_of(TALK, EDIT, edit)).corrections] == [None, None]


def test_corrections_of_another_recording_are_refused() -> None:
    other = CorrectionsFile(CorrectedRecording("other.wav", "1" * 64), corrections=(EDIT,))
    with pytest.raises(InputError, match="another recording"):
        apply_corrections(TALK, other)
    unknown = CorrectionsFile(CorrectedRecording("other.wav"), corrections=(EDIT,))
    assert shown(apply_corrections(TALK, unknown))[0] == ("SPEAKER_00", "so1 they met on4")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "JSON"),
        ("[]", "version"),
        ('{"version": "crosstalk/1"}', "version"),
        ('{"version": "crosstalk-corrections/1", "corrections": [{"operation": "sing"}]}', "operation"),
        ('{"version": "crosstalk-corrections/1", "corrections": [{"operation": "name", "speaker": "A"}]}', "after"),
        ('{"version": "crosstalk-corrections/1", "speakers": {"A": [[2, 1]]}}', "speakers.A[0]"),
        ('{"version": "crosstalk-corrections/1", "speakers": {"A": [[2]]}}', "speakers.A[0]"),
        ('{"version": "crosstalk-corrections/1", "corrections": [{"operation": "text", "speaker": "A", "start": -1}]}',
         "corrections[0]"),
        ('{"version": "crosstalk-corrections/1", "corrections": [{"operation": "text", "speaker": "A", "end": NaN}]}',
         "end"),
        ('{"version": "crosstalk-corrections/1", "corrections": [{"operation": "include", "speaker": "A",'
         ' "before": "a"}]}', "corrections[0].after"),
        ('{"version": "crosstalk-corrections/1", "corrections": [{"operation": "exclude", "speaker": "A",'
         ' "before": "a", "after": "secrets"}]}', "corrections[0].after"),
        ('{"version": "crosstalk-corrections/1", "corrections": [{"operation": "exclude", "speaker": "A",'
         ' "after": "points"}]}', "corrections[0].before"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(FormatError) as caught:
        loads(text)
    assert place in caught.value.line
