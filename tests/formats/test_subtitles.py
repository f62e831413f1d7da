"""Subtitles: lines that fit, cues that can be read, never two cues of a speaker at once, in linear time."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.types import Transcript, Utterance, Word
from pipeline.formats.line_breaking import columns, graphemes, may_divide, shortened
from pipeline.formats.sanitize import clean
from pipeline.formats.subtitles import COLUMNS, LINES, LONGEST, NAMED_AGAIN, READABLE, Cue, cues, label_of
from tests.strategies import LABELS, transcripts, utterances


def monologue(text: str, pace: float = 0.3, speaker: str = "A") -> Transcript:
    """One speaker saying a word every ``pace`` seconds; ``~`` before a word joins it to the last."""
    words = [
        Word(i * pace, (i + 1) * pace, word.removeprefix("~"), no_space=word.startswith("~"))
        for i, word in enumerate(text.split())
    ]
    return Transcript(len(words) * pace, (Utterance(speaker, tuple(words)),))


def meet(one: Cue, two: Cue) -> bool:
    return one.start < two.end and two.start < one.end


@given(transcripts(hostile=True), st.booleans())
def test_cues_are_readable_and_a_speaker_has_one_at_a_time(transcript: Transcript, labelled: bool) -> None:
    result = cues(transcript, labelled)
    assert list(result) == sorted(result, key=lambda cue: cue.start)
    for speaker in transcript.speakers:
        spoken = [cue for cue in result if cue.speaker == speaker]
        assert all(one.end <= two.start for one, two in pairwise(spoken))
    for cue in result:
        assert 0 <= cue.start < cue.end <= cue.start + LONGEST
        assert all(columns(line) <= COLUMNS for line in cue.lines)
    if not labelled:
        assert all(len(cue.lines) <= LINES for cue in result)


@given(st.lists(utterances(), min_size=1, max_size=3))
def test_overlaps_of_one_speaker_with_themselves_are_put_in_order(several: list[tuple[Utterance, ...]]) -> None:
    overlapping = tuple(replace(utterance, speaker="A") for group in several for utterance in group)
    result = cues(Transcript(100.0, tuple(sorted(overlapping, key=lambda utterance: utterance.start))), labelled=False)
    assert all(one.end <= two.start for one, two in pairwise(result))
    assert all(cue.end - cue.start >= READABLE for cue in result)
    assert shown(result, "A") == written(overlapping, "A")


def shown(result: Sequence[Cue], speaker: str) -> str:
    """A speaker's cues as one text without spaces."""
    return "".join(re.sub(r"\s", "", "".join(cue.lines)) for cue in result if cue.speaker == speaker)


def written(utterances: Sequence[Utterance], speaker: str) -> str:
    """A speaker's words as one text without spaces."""
    ordered = sorted(utterances, key=lambda utterance: utterance.start)
    return re.sub(r"\s", "", "".join(clean(word.text) for u in ordered if u.speaker == speaker for word in u.words))


@given(transcripts(hostile=True))
def test_every_word_is_in_one_cue_and_in_order(transcript: Transcript) -> None:
    result = cues(transcript, labelled=False)
    for speaker in transcript.speakers:
        assert shown(result, speaker) == written(transcript.utterances, speaker)


@given(transcripts(hostile=True), st.booleans())
def test_every_cue_can_be_read_if_the_recording_is_long_enough(transcript: Transcript, labelled: bool) -> None:
    result = cues(transcript, labelled)
    for speaker in transcript.speakers:
        spoken = [cue for cue in result if cue.speaker == speaker]
        room = 1000 * transcript.duration / max(1, len(spoken))
        assert all(cue.end - cue.start >= min(READABLE, int(room)) for cue in spoken)
        if room >= READABLE:
            assert all(cue.end <= 1000 * transcript.duration + 1 for cue in spoken)


@given(transcripts())
def test_cues_overlap_only_where_utterances_do(transcript: Transcript) -> None:
    result = cues(transcript, labelled=False)
    for one, two in combinations(result, 2):
        if one.speaker != two.speaker and min(one.end, two.end) - max(one.start, two.start) > READABLE:
            assert any(
                u.start < v.end and v.start < u.end
                for u in transcript.utterances
                for v in transcript.utterances
                if (u.speaker, v.speaker) == (one.speaker, two.speaker)
            )


def test_a_long_passage_is_cut_at_words_and_sentences() -> None:
    text = "It was late in the evening when they came back. " * 3
    result = cues(monologue(text), labelled=False)
    assert [" ".join(cue.lines) for cue in result] == ["It was late in the evening when they came back."] * 3
    assert result[0].lines == ("It was late in the evening when they came", "back.")
    assert [(cue.start, cue.end) for cue in result] == [(0, 3000), (3000, 6000), (6000, 9000)]


def test_slow_speech_is_cut_after_seven_seconds() -> None:
    result = cues(monologue("one two three four five six seven eight", pace=1.5), labelled=False)
    assert [cue.lines for cue in result] == [("one two three four",), ("five six seven eight",)]


def test_wide_characters_count_twice_and_break_without_spaces() -> None:
    result = cues(monologue(" ".join("~好" for _ in range(50)), pace=0.1), labelled=False)
    assert [columns(line) for line in result[0].lines] == [42, 42]
    assert "".join("".join(cue.lines) for cue in result) == "好" * 50


def test_joined_words_stay_on_one_line() -> None:
    (cue,) = cues(monologue("this sentence counts exactly up to twenty ~-five"), labelled=False)
    assert cue.lines == ("this sentence counts exactly up to", "twenty-five")


def test_a_short_answer_is_shown_for_a_second_unless_another_cue_begins() -> None:
    yes = Utterance("A", (Word(1.0, 1.1, "Yes."),))
    assert [(c.start, c.end) for c in cues(Transcript(9.0, (yes,)), False)] == [(1000, 2000)]
    well = Utterance("B", (Word(1.5, 4.0, "Well."),))
    assert [(c.start, c.end) for c in cues(Transcript(9.0, (yes, well)), False)] == [
        (1000, 1000 + READABLE),
        (1500, 4000),
    ]


def test_both_cues_of_an_overlap_are_shown_at_once() -> None:
    one = Utterance(LABELS[0], (Word(1.0, 3.0, "Listen"),))
    two = Utterance(LABELS[1], (Word(2.0, 4.0, "No"),))
    first, second = cues(Transcript(9.0, (one, two)), labelled=True)
    assert meet(first, second)
    assert (first.lines, second.lines) == (("SPEAKER_00: Listen",), ("SPEAKER_01: No",))


@pytest.mark.parametrize(
    "text",
    [
        "今天天气很好我们一起去公园散步然后去超市买水果和蔬菜晚上回家做饭看电视剧再睡觉，明天再见。",
        "「今日はとても天気がいいですね」と彼女が言った。「そうですね、ゲームセンターにちょっと行きましょう」",
        "สวัสดีครับวันนี้เราจะมาประชุมกันเรื่องงบประมาณของปีหน้าและแผนงานใหม่ทั้งหมดครับ",
        "https://example.org/" + "a" * 100,
        "한국어는띄어쓰기가있지만가끔아주긴낱말이나오기도합니다그래서나누어야합니다",
        "👩‍👧" * 40,
        "ก็" * 80,
        "क्षत्रिय" * 20,
        "🇩🇪" * 40,
        "x" + "\u0301" * 300,
        "（" * 30 + "中" + "）" * 60,
    ],
)
@pytest.mark.parametrize("joined", [False, True])
def test_text_without_spaces_fits_on_lines_and_keeps_its_graphemes(text: str, joined: bool) -> None:
    letters = list(graphemes(text)) if joined else [text]
    words = tuple(Word(i * 0.2, (i + 1) * 0.2, letter, no_space=joined and i > 0) for i, letter in enumerate(letters))
    if not joined:
        words = (Word(0.0, 8.0, text),)
    lines = [line for cue in cues(Transcript(60.0, (Utterance("A", words),)), labelled=True) for line in cue.lines]
    assert all(columns(line) <= COLUMNS for line in lines)
    lines[0] = lines[0].removeprefix("A: ").removeprefix("A:")
    assert "".join(lines) == text
    assert [g for line in lines for g in graphemes(line)] == list(graphemes(text))
    if text[0] in "今「":
        assert all(may_divide(one, two) for one, two in pairwise(filter(None, lines)))
        assert not any(line[0] in "，。、」っょー" for line in lines if line)


def test_rows_of_one_speaker_at_the_same_time_follow_each_other(shared_data: Path) -> None:
    transcript = formats.loads((shared_data / "odd" / "self.stm").read_text(), "stm")
    result = [cue for cue in cues(transcript, labelled=False) if cue.speaker == "A"]
    assert [" ".join(cue.lines).split()[0] for cue in result] == ["this", "and", "uh"]
    assert all(cue.end - cue.start >= READABLE for cue in result)
    assert result[0].end - result[0].start >= 1500, "a long row has more time than a short one"


def test_a_word_a_row_makes_cues_that_can_be_read() -> None:
    utterances = tuple(Utterance("A", (Word(i * 0.3, i * 0.3 + 0.2, f"word{i}"),)) for i in range(30))
    result = cues(Transcript(10.0, utterances), labelled=False)
    assert 5 <= len(result) < 15
    assert all(abs(cue.start - 1000 * cue.tokens[0].start) < 500 for cue in result), "cues keep up with the speech"


def test_the_name_is_shown_when_the_speaker_changes_or_was_silent() -> None:
    words = tuple(Word(i * 0.5, i * 0.5 + 0.4, f"evening{i}") for i in range(30))
    later = NAMED_AGAIN / 1000
    answer = Utterance("B", (Word(15.0, 15.9, "No."),))
    again = Utterance("B", (Word(16.8, 17.9, "Well."),))
    end = Utterance("B", (Word(18.0 + later, 19.0 + later, "Goodbye."),))
    result = cues(Transcript(30.0, (Utterance("A", words), answer, again, end)), labelled=True)
    named = [cue.lines[0].startswith(f"{cue.speaker}:") for cue in result]
    count = len(result) - 3
    assert count > 2
    assert named == [True] + [False] * (count - 1) + [True, False, True]


@pytest.mark.parametrize("milliseconds", [0.0, 0.4, 0.6])
def test_rounding_never_makes_an_empty_cue(milliseconds: float) -> None:
    start = 1 + milliseconds / 1000
    words = tuple(Word(start + i * 1e-5, start + (i + 1) * 1e-5, "word" * 9) for i in range(9))
    result = cues(Transcript(2.0, (Utterance("A", words),)), labelled=False)
    assert len(result) == 5
    assert all(cue.start < cue.end for cue in result)


@given(st.text() | st.text(st.sampled_from("a日é\u0301\u200d👩🇩🇪 ")), st.integers(3, 50))
def test_a_text_is_as_wide_as_its_graphemes_and_can_be_shortened(text: str, limit: int) -> None:
    assert columns(text) == sum(columns(grapheme) for grapheme in graphemes(text))
    assert columns(shortened(text, limit)) <= limit or "\u200d" in text
    assert (shortened(text, limit) == text) == (columns(text) <= limit)


@pytest.mark.parametrize("name", ["N" * 41, "N" * 42, "The first speaker " * 5, "日本" * 30])
def test_a_long_name_never_makes_a_wide_line(name: str) -> None:
    (first, *_) = cues(monologue("this is what they said", speaker=name), labelled=True)
    assert max(map(columns, first.lines)) <= COLUMNS
    assert first.lines[0].startswith(label_of(name))
    assert (label_of(name) == f"{name}:") == (columns(name) < COLUMNS)


def calls_to_render(name: str, count: int, words: Sequence[str]) -> int:
    """The number of Python functions called to render one long passage of ``count`` words."""
    spoken = tuple(Word(i * 0.3, i * 0.3 + 0.2, words[i % len(words)]) for i in range(count))
    transcript = Transcript(count * 0.3, (Utterance("Anna", spoken),))
    calls = 0

    def count_call(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    formats.dumps(transcript, name)  # fills the caches
    sys.setprofile(count_call)
    try:
        formats.dumps(transcript, name)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("name", ["srt", "vtt"])
@pytest.mark.parametrize(
    "words", [["budget", "and", "time."], ["für", "größere", "Änderungen."], ["今天天气", "很好，"]]
)
def test_the_work_grows_with_the_number_of_words_alone(name: str, words: list[str]) -> None:
    one, two = (calls_to_render(name, count, words) for count in (1000, 2000))
    assert two <= 2.1 * one
    assert two <= 80 * 2000
