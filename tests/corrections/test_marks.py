"""Corrections of the minutes: they change no words, and follow them through other corrections and to other models."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.correction import Correction
from pipeline.core.types import Transcript
from pipeline.corrections import apply_corrections, dumps, loads
from pipeline.corrections.corrections_file import of_transcript
from pipeline.corrections.counting import count_changes
from pipeline.formats.naming import with_given_names
from tests.corrections.reference import conversation, lines_of, made
from tests.corrections.test_applying import EDIT, LATER, MOVE, NAME, TALK, TEXTS, file_of, shown, talk
from tests.max_examples import at_most

ADD = Correction("include", "SPEAKER_00", 0.5, 1.9, "we2 meet3 on4", "decisions", left="so1")
"""The last words of the first line as a decision."""


def marks(transcript: Transcript) -> list[tuple[str, str, str, str]]:
    """Operation, kind, speaker and words of the corrections of the minutes that are applied."""
    entries = (each for each in transcript.corrections if each.operation in ("include", "exclude"))
    return [(each.operation, each.after, each.speaker, each.before) for each in entries if each.problem is None]


@at_most(100)
@given(st.data())
def test_they_follow_their_words_and_change_no_word(data: st.DataObject) -> None:
    """Whatever is corrected before and after, the words are those between the times, and are found again."""
    transcript = talk(conversation(data.draw(TEXTS)))
    before, lines = data.draw(made(lines_of(transcript), data.draw(st.integers(0, 3))))
    if not lines.items:
        return
    label, words = data.draw(st.sampled_from(lines.items))
    operation = data.draw(st.sampled_from(["include", "exclude"]))
    text = " ".join(word.text for word in words)
    mark = Correction(operation, label, words[0].start, words[-1].end, text, "actions")
    after, lines = data.draw(made(lines, data.draw(st.integers(0, 3))))
    file = file_of(transcript, *before, mark, *after)
    result = apply_corrections(transcript, loads(dumps(file)))
    assert shown(result) == lines.texts
    assert apply_corrections(result, file).utterances == result.utterances
    (first, *_) = entries = [each for each in result.corrections if each.operation == operation]
    if first.problem is None:
        assert apply_corrections(result, file) == result
    for entry in entries if first.problem is None else ():
        inside = [w for line in result.utterances if line.speaker == entry.speaker for w in line.words
                  if entry.start <= w.middle <= entry.end]  # fmt: skip
        assert " ".join(word.text for word in inside) == entry.before
        assert words[0].start - 0.5 <= entry.start < entry.end <= words[-1].end + 0.5, "inserted words shift by less"
    if not after:
        assert [each.before for each in entries] == [text]


def test_words_that_are_changed_or_given_to_others_later_stay_the_item() -> None:
    result = apply_corrections(TALK, file_of(TALK, ADD, EDIT, MOVE, NAME))
    assert marks(result) == [("include", "decisions", "Ana", "they met"), ("include", "decisions", "SPEAKER_01", "on4")]
    times = [(each.start, each.end) for each in result.corrections if each.operation == "include"]
    assert times == [(0.5, 1.4), (1.5, 1.9)]
    assert apply_corrections(result, file_of(TALK, ADD, EDIT, MOVE, NAME)) == result
    renamed = with_given_names(result, {"SPEAKER_01": "Ben"})
    assert marks(renamed)[1] == ("include", "decisions", "Ben", "on4")


def test_a_later_run_with_other_labels_has_them() -> None:
    result = apply_corrections(TALK, file_of(TALK, ADD, EDIT, MOVE, NAME))
    again = apply_corrections(LATER, of_transcript(result))
    assert [each.problem for each in again.corrections] == [None] * len(again.corrections)
    assert marks(again) == [("include", "decisions", "Ana", "they met"), ("include", "decisions", "SPEAKER_00", "on4")]
    assert marks(apply_corrections(TALK, of_transcript(again))) == marks(result)


def test_words_of_several_lines_and_of_another_speaker_are_found() -> None:
    both = Correction("exclude", "SPEAKER_00", 1.5, 5.9, "on4 good7", "points", left="so1 we2 meet3")
    assert marks(apply_corrections(TALK, file_of(TALK, both))) == [("exclude", "points", "SPEAKER_00", "on4 good7")]
    moved = talk((replace(TALK.utterances[0], speaker="SPEAKER_01"), *TALK.utterances[1:]))
    assert marks(apply_corrections(moved, file_of(TALK, ADD)))[0][2:] == ("SPEAKER_01", "we2 meet3 on4")


def test_other_words_at_the_same_time_are_the_item_of_a_later_run() -> None:
    words = tuple(replace(w, text=w.text + "x", start=w.start + 0.1, end=w.end + 0.1) for w in TALK.utterances[0].words)
    result = apply_corrections(talk((replace(TALK.utterances[0], words=words),)), file_of(TALK, ADD))
    assert marks(result) == [("include", "decisions", "SPEAKER_00", "we2x meet3x on4x")]
    (entry,) = result.corrections
    assert (entry.start, entry.end) == (pytest.approx(0.6), pytest.approx(2.0))


def test_what_cannot_be_marked_is_listed_with_the_reason() -> None:
    absent = replace(ADD, start=60.0, end=61.0)
    unknown = replace(ADD, after="secrets")
    deleted = Correction("text", "SPEAKER_00", 0.5, 1.9, "we2 meet3 on4", "", left="so1")
    result = apply_corrections(TALK, file_of(TALK, absent, unknown, ADD, deleted))
    problems = [(each.operation, each.problem) for each in result.corrections]
    assert problems == [
        ("include", "the recording ends at 10.4 s, before the place"),
        ("include", "minutes have no items of the kind secrets"),
        ("text", None),
        ("include", "the speaker has other words or none at this place"),
    ]
    assert shown(apply_corrections(TALK, file_of(TALK, absent, unknown))) == shown(TALK)


def test_they_are_counted() -> None:
    remove = replace(ADD, operation="exclude", after="questions")
    result = apply_corrections(TALK, file_of(TALK, ADD, remove, replace(ADD, after="points")))
    line = "0 of 7 words changed, 2 items added to the minutes, 1 item taken out of the minutes"
    assert count_changes(result).line == line
