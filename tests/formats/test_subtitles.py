"""Subtitles: lines that fit, cues short enough to read, a speaker never in two at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats.subtitles import COLUMNS, LINES, LONGEST, Cue, cues
from pipeline.formats.wording import columns
from pipeline.values import Transcript, Utterance, Word
from tests.strategies import LABELS, transcripts, utterances


def monologue(text: str, pace: float = 0.3, speaker: str = "A") -> Transcript:
    """One speaker saying a word every ``pace`` seconds; ``~`` before a word joins it to the last."""
    words = [
        Word(i * pace, (i + 1) * pace, word.removeprefix("~"), joined=word.startswith("~"))
        for i, word in enumerate(text.split())
    ]
    return Transcript(len(words) * pace, (Utterance(speaker, tuple(words)),))


def meet(one: Cue, two: Cue) -> bool:
    return one.start < two.end and two.start < one.end


@given(transcripts(hostile=True), st.booleans())
def test_cues_are_readable_and_a_speaker_has_one_at_a_time(transcript: Transcript, labelled: bool) -> None:
    found = cues(transcript, labelled)
    assert list(found) == sorted(found, key=lambda cue: cue.start)
    for speaker in transcript.speakers:
        own = [cue for cue in found if cue.speaker == speaker]
        assert all(one.end <= two.start for one, two in pairwise(own))
    for cue in found:
        assert 0 <= cue.start < cue.end <= cue.start + LONGEST
        assert all(columns(line) <= COLUMNS or " " not in line.strip() for line in cue.lines if not labelled)
    if not labelled:
        assert all(len(cue.lines) <= LINES for cue in found)


@given(st.lists(utterances(), min_size=1, max_size=3))
def test_lawless_overlaps_of_one_speaker_are_put_in_order(several: list[tuple[Utterance, ...]]) -> None:
    said = (replace(utterance, speaker="A") for group in several for utterance in group)
    found = cues(Transcript(100.0, tuple(sorted(said, key=lambda utterance: utterance.start))), labelled=True)
    assert all(one.end <= two.start for one, two in pairwise(found))
    assert all(cue.start < cue.end for cue in found)


@given(transcripts())
def test_cues_meet_only_where_voices_do(transcript: Transcript) -> None:
    found = cues(transcript, labelled=False)
    for one, two in combinations(found, 2):
        if one.speaker != two.speaker and min(one.end, two.end) - max(one.start, two.start) > 2:
            assert any(
                u.start < v.end and v.start < u.end
                for u in transcript.utterances
                for v in transcript.utterances
                if (u.speaker, v.speaker) == (one.speaker, two.speaker)
            )


def test_a_long_passage_is_cut_at_words_and_sentences() -> None:
    text = "It was late in the evening when they came back. " * 3
    found = cues(monologue(text), labelled=False)
    assert [" ".join(cue.lines) for cue in found] == ["It was late in the evening when they came back."] * 3
    assert found[0].lines == ("It was late in the evening when they came", "back.")
    assert [(cue.start, cue.end) for cue in found] == [(0, 3000), (3000, 6000), (6000, 9000)]


def test_slow_speech_is_cut_after_seven_seconds() -> None:
    found = cues(monologue("one two three four five six seven eight", pace=1.5), labelled=False)
    assert [cue.lines for cue in found] == [("one two three four",), ("five six seven eight",)]


def test_wide_characters_count_twice_and_break_without_spaces() -> None:
    found = cues(monologue(" ".join("~好" for _ in range(50)), pace=0.1), labelled=False)
    assert [columns(line) for line in found[0].lines] == [40, 40]
    assert "".join("".join(cue.lines) for cue in found) == "好" * 50


def test_joined_words_stay_on_one_line() -> None:
    (cue,) = cues(monologue("this sentence counts exactly up to twenty ~-five"), labelled=False)
    assert cue.lines == ("this sentence counts exactly up to", "twenty-five")


def test_a_short_answer_stays_up_for_a_second_unless_somebody_speaks() -> None:
    yes = Utterance("A", (Word(1.0, 1.1, "Yes."),))
    assert [(c.start, c.end) for c in cues(Transcript(9.0, (yes,)), False)] == [(1000, 2000)]
    well = Utterance("B", (Word(1.5, 4.0, "Well."),))
    assert [(c.start, c.end) for c in cues(Transcript(9.0, (yes, well)), False)] == [(1000, 1500), (1500, 4000)]


def test_both_voices_of_an_overlap_are_on_the_screen_at_once() -> None:
    one = Utterance(LABELS[0], (Word(1.0, 3.0, "Listen"),))
    two = Utterance(LABELS[1], (Word(2.0, 4.0, "No"),))
    first, second = cues(Transcript(9.0, (one, two)), labelled=True)
    assert meet(first, second)
    assert (first.lines, second.lines) == (("SPEAKER_00: Listen",), ("SPEAKER_01: No",))


@pytest.mark.parametrize("milliseconds", [0.0, 0.4, 0.6])
def test_rounding_never_makes_an_empty_cue(milliseconds: float) -> None:
    start = 1 + milliseconds / 1000
    words = tuple(Word(start + i * 1e-5, start + (i + 1) * 1e-5, "word" * 9) for i in range(9))
    found = cues(Transcript(2.0, (Utterance("A", words),)), labelled=False)
    assert len(found) == 5
    assert all(cue.start < cue.end for cue in found)
