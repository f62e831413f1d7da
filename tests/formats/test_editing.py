"""The edited JSON: accepted, derived values computed again, and a notice of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import FormatError
from pipeline.core.types import OverlapDecision, Span, SpeakerEvidence, Transcript, Turn, Utterance, Word, join_words
from pipeline.formats.crosstalk_json import dumps, loads
from pipeline.formats.retexting import retexted
from tests.strategies import texts, transcripts, utterances

A, B = "SPEAKER_00", "SPEAKER_01"


def spoken(speaker: str, start: float, text: str) -> Utterance:
    """A word every half second."""
    words = text.split()
    times = [round(start + i / 2, 3) for i in range(len(words))]
    return Utterance(speaker, tuple(Word(t, round(t + 0.4, 3), w, 0.9) for t, w in zip(times, words, strict=True)))


TALK = Transcript(
    duration=20.0,
    utterances=(spoken(A, 1.0, "good morning"), spoken(B, 3.0, "hello to you"), spoken(A, 6.0, "now the budget")),
    turns=(Turn(0.9, 2.1, A, 0.3), Turn(2.8, 4.5, B, 0.2), Turn(5.9, 7.6, A, 0.3)),
    overlaps=(
        OverlapDecision(3.0, 3.5, (SpeakerEvidence(A), SpeakerEvidence(B, "hello")), "nmf", "mixture", "no gain"),
    ),
)


def edited(change: Callable[[dict[str, Any]], object]) -> Transcript:
    """TALK's JSON after an edit; it is stable afterwards."""
    data = json.loads(dumps(TALK))
    change(data)
    read = loads(json.dumps(data))
    again = loads(dumps(read))
    assert again == read
    return read


def talk_time(transcript: Transcript) -> dict[str, float]:
    times: dict[str, float] = {}
    for turn in transcript.turns:
        times[turn.speaker] = round(times.get(turn.speaker, 0.0) + turn.duration, 3)
    return times


def codes(transcript: Transcript) -> list[str]:
    return [notice.code for notice in transcript.notices]


def test_an_unchanged_file_has_no_notices() -> None:
    assert edited(lambda data: None) == TALK


def test_an_utterance_moved_to_another_speaker_moves_its_time() -> None:
    read = edited(lambda data: data["utterances"][2].update(speaker=B))
    assert talk_time(read) == {A: 1.2, B: 3.4}
    assert codes(read) == ["recomputed"]
    assert "utterances[2]" in read.notices[0].message


def test_an_utterance_given_to_a_new_speaker_moves_its_time() -> None:
    read = edited(lambda data: data["utterances"][2].update(speaker="Carol"))
    assert read.speakers == (A, B, "Carol")
    assert talk_time(read) == {A: 1.2, B: 1.7, "Carol": 1.7}
    assert set(codes(read)) == {"recomputed"}


def test_only_a_part_of_a_turn_in_which_both_talk_now_is_moved() -> None:
    talk = Transcript(9.0, (spoken(A, 1.0, "one two"), spoken(A, 4.0, "three four")), (Turn(0.5, 8.0, A),))
    data = json.loads(dumps(talk))
    data["utterances"][1]["speaker"] = B
    read = loads(json.dumps(data))
    assert talk_time(read) == {A: 6.6, B: 0.9}
    assert read.speakers == (A, B)


def test_a_speaker_renamed_in_all_utterances_is_renamed_everywhere() -> None:
    def rename(data: dict[str, Any]) -> None:
        for utterance in data["utterances"]:
            utterance["speaker"] = {A: "Anna"}.get(utterance["speaker"], utterance["speaker"])

    read = edited(rename)
    assert read.speakers == ("Anna", B)
    assert talk_time(read) == {"Anna": 2.9, B: 1.7}
    assert read.overlaps[0].speakers == ("Anna", B)
    assert [turn.margin for turn in read.turns] == [0.3, 0.2, 0.3]


def test_a_name_replaced_in_the_whole_text_is_fine() -> None:
    read = loads(dumps(TALK).replace(A, "Anna"))
    assert (read.speakers, codes(read)) == (("Anna", B), [])


@pytest.mark.parametrize("names", [["Anna", B], [A, "Bob"], ["Anna", "Bob"], [B, A]])
def test_names_changed_in_the_list_of_speakers_are_changed_everywhere(names: list[str]) -> None:
    read = edited(lambda data: data.update(speakers=names))
    assert read.speakers == tuple(names)
    assert [u.speaker for u in read.utterances] == [names[0], names[1], names[0]]
    assert [t.speaker for t in read.turns] == [names[0], names[1], names[0]]
    assert codes(read) == ["recomputed"]


def test_two_speakers_given_one_name_are_one() -> None:
    read = edited(lambda data: data.update(speakers=["Anna", "Anna"]))
    assert read.speakers == ("Anna",)
    assert talk_time(read) == {"Anna": 4.6}


def test_a_corrected_text_keeps_the_times_of_the_other_words() -> None:
    read = edited(lambda data: data["utterances"][1].update(text="hello dear to Yuri"))
    words = read.utterances[1].words
    assert [word.text for word in words] == ["hello", "dear", "to", "Yuri"]
    assert [word.probability for word in words] == [0.9, None, 0.9, None]
    assert (words[0].start, words[2].start, words[3].end) == (3.0, 3.5, 4.4)
    assert set(codes(read)) == {"recomputed"}
    assert "utterances[1].words" in read.notices[0].message


def test_the_ledger_has_the_text_of_the_words() -> None:
    read = edited(lambda data: data["utterances"][1].update(text="goodbye to you"))
    assert [entry.text for entry in read.overlaps[0].evidence] == ["", "goodbye"]
    read = edited(lambda data: data["utterances"].pop(1))
    assert [entry.text for entry in read.overlaps[0].evidence] == ["", ""]


def test_deleted_utterances_and_texts_are_gone() -> None:
    for change in (lambda data: data["utterances"].pop(1), lambda data: data["utterances"][1].update(text=" ")):
        read = edited(change)
        assert [u.speaker for u in read.utterances] == [A, A]
        assert "hello" not in dumps(read)
    read = edited(lambda data: data["utterances"].clear())
    assert (read.status, read.speakers) == ("no_speech", (A, B))


def test_a_deleted_text_that_changes_the_order_of_speakers_renames_no_speaker() -> None:
    talk = Transcript(
        9.0, (spoken(B, 1.0, "one"), spoken(B, 5.0, "two"), spoken(A, 7.0, "three")), (Turn(3.0, 8.0, A),)
    )
    data = json.loads(dumps(talk))
    assert data["speakers"] == [B, A]
    data["utterances"][0]["text"] = ""
    read = loads(json.dumps(data))
    assert [(u.speaker, u.text) for u in read.utterances] == [(B, "two"), (A, "three")]


def test_an_utterance_may_be_added_without_words_and_anywhere() -> None:
    new = {"speaker": "Carol", "start": 10.0, "end": 12.0, "text": "and one more thing"}
    read = edited(lambda data: data["utterances"].insert(0, new))
    assert [u.text for u in read.utterances][-1] == "and one more thing"
    assert read.utterances[-1].span == Span(10.0, 12.0)
    assert "recomputed" in codes(read)


def test_the_error_of_an_invalid_edit_names_place_and_reason() -> None:
    with pytest.raises(FormatError, match=r"utterances\[1\]\.end"):
        edited(lambda data: data["utterances"][1].update(end=19.0))
    with pytest.raises(FormatError, match=r"utterances\[0\]"):
        edited(lambda data: data["utterances"][0].update(words=[], start=None))


def start_of(utterance: Utterance, text: str) -> float:
    """The start with the text: later than before if the first words are left out, which changes the order."""
    words = utterance.words if text == utterance.text else retexted(utterance.words, text, utterance.span)
    return words[0].start if words else utterance.start


@given(transcripts(hostile=True), st.data())
def test_any_utterance_may_get_any_name_or_text(transcript: Transcript, data: st.DataObject) -> None:
    plain = json.loads(dumps(transcript))
    for utterance in plain["utterances"]:
        if data.draw(st.booleans()):
            utterance["speaker"] = data.draw(st.sampled_from([A, B, "Anna"]))
        if data.draw(st.booleans()):
            utterance["text"] = data.draw(st.lists(texts(hostile=True), min_size=1, max_size=4).map(" ".join))
    written = loads(dumps(transcript)).utterances
    in_order = sorted(
        zip(written, plain["utterances"], strict=True), key=lambda pair: start_of(pair[0], pair[1]["text"])
    )
    expected = [(u["speaker"], "".join(u["text"].split())) for _, u in in_order if u["text"].split()]
    read = loads(json.dumps(plain))
    actual = [(u.speaker, "".join(u.text.split())) for u in read.utterances if u.text.split()]
    assert actual == expected
    assert loads(dumps(read)).utterances == read.utterances
    for speaker in read.speakers:
        speaker_turns = sorted(turn for turn in read.turns if turn.speaker == speaker)
        assert all(one.end <= two.start for one, two in pairwise(speaker_turns))


@given(utterances(most=6), st.lists(texts(), min_size=1, max_size=8))
def test_new_words_lie_within_the_time_of_the_old_words_in_order(
    several: tuple[Utterance, ...], words: list[str]
) -> None:
    for utterance in several:
        new_words = retexted(utterance.words, " ".join(words), utterance.span)
        assert join_words(new_words) == " ".join(words)
        assert utterance.start <= new_words[0].start
        assert new_words[-1].end <= utterance.end + 1e-9
        assert all(one.end <= two.start + 1e-9 for one, two in pairwise(new_words))


@given(utterances(hostile=True, most=6))
def test_the_same_text_gives_the_same_words(several: tuple[Utterance, ...]) -> None:
    for utterance in several:
        if all(word.text and not any(map(str.isspace, word.text)) for word in utterance.words):
            new_words = retexted(utterance.words, utterance.text, utterance.span)
            assert [(w.start, w.end, w.text) for w in new_words] == [(w.start, w.end, w.text) for w in utterance.words]


def test_a_corrected_chinese_character_keeps_the_times_of_the_others() -> None:
    words = tuple(Word(i * 0.2, i * 0.2 + 0.2, c, 0.9, no_space=i > 0) for i, c in enumerate("今天天气很好"))
    new_words = retexted(words, "今天天汽很好", Span(0.0, 1.2))
    assert join_words(new_words) == "今天天汽很好"
    assert [word.probability for word in new_words] == [0.9, 0.9, 0.9, None, 0.9, 0.9]
