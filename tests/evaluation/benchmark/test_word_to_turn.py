from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import Transcript, Turn, Word
from pipeline.evaluation.benchmark.word_to_turn import FALLBACK_SPEAKER, assign
from tests.evaluation.factory import meetings

TURNS = (Turn(0, 2, "a"), Turn(1.5, 4, "b"), Turn(6, 7, "a"))


def speaker(start: float, end: float, turns: tuple[Turn, ...] = TURNS) -> str:
    (utterance,) = assign([Word(start, end, "w")], turns)
    return utterance.speaker


def test_a_word_goes_to_the_speaker_it_overlaps_longest() -> None:
    assert speaker(0.5, 1.0) == "a"
    assert speaker(1.4, 1.9) == "a"
    assert speaker(1.8, 2.6) == "b"


def test_short_turns_of_one_speaker_add_up() -> None:
    turns = (Turn(0, 0.4, "a"), Turn(0.4, 0.9, "b"), Turn(0.6, 1.0, "a"))
    assert speaker(0, 1, turns) == "a"


def test_a_word_between_turns_goes_to_the_nearest() -> None:
    assert speaker(4.2, 4.6) == "b"
    assert speaker(5.4, 5.8) == "a"
    assert speaker(9, 10) == "a"


def test_a_tie_goes_to_the_first_turn() -> None:
    assert speaker(1, 2, (Turn(0, 3, "b"), Turn(0.5, 3, "a"))) == "b"


def test_without_turns_there_is_one_speaker() -> None:
    assert speaker(0, 1, ()) == FALLBACK_SPEAKER
    assert assign([], TURNS) == ()


@given(meetings(), st.booleans())
def test_each_word_once_in_order_of_time(meeting: Transcript, diarized: bool) -> None:
    utterances = assign(meeting.words, meeting.turns if diarized else ())
    words = [word for utterance in utterances for word in utterance.words]
    assert words == sorted(meeting.words, key=lambda w: (w.start, w.end))
    assert all(one.speaker != two.speaker for one, two in pairwise(utterances))


@given(meetings(speakers=1))
def test_one_speaker_gets_all_words(meeting: Transcript) -> None:
    (utterance,) = assign(meeting.words, meeting.turns)
    assert {utterance.speaker} == set(meeting.speakers)
