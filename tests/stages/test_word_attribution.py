"""Word attribution: every word once, single-speaker words to their speaker; labels and order have no effect."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import Turn, Word
from pipeline.stages.recognition.word_attribution import attribute_words
from tests import strategies

NAMES = {label: f"{9 - number} {label}" for number, label in enumerate(strategies.LABELS)}
"""Other names, in the opposite order."""


@st.composite
def words(draw: st.DrawFn, most: int = 12) -> list[Word]:
    """Words sorted by start, some overlapping, all different."""
    drawn, time = [], 0.0
    for number in range(draw(st.integers(0, most))):
        time += draw(strategies.times(0, 400))
        drawn.append(Word(time, time + draw(strategies.times(20, 400)), f"w{number}"))
    return drawn


TURNS = strategies.turns().filter(bool)


@given(words(), TURNS)
def test_every_word_has_one_speaker(all_words: list[Word], turns: tuple[Turn, ...]) -> None:
    attributed = attribute_words(all_words, turns)
    assert Counter(word for words_of_speaker in attributed.values() for word in words_of_speaker) == Counter(all_words)
    assert set(attributed) <= {turn.speaker for turn in turns}
    for words_of_speaker in attributed.values():
        assert words_of_speaker == [word for word in all_words if word in words_of_speaker]


@given(words(), TURNS)
def test_the_order_of_turns_changes_nothing(all_words: list[Word], turns: tuple[Turn, ...]) -> None:
    assert attribute_words(all_words, turns[::-1]) == attribute_words(all_words, turns)


@given(words(), TURNS)
def test_one_speaker_has_all_words(all_words: list[Word], turns: tuple[Turn, ...]) -> None:
    turns_of_one = [turn for turn in turns if turn.speaker == turns[0].speaker]
    assert attribute_words(all_words, turns_of_one) == ({turns_of_one[0].speaker: all_words} if all_words else {})


@given(st.permutations(strategies.LABELS), st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=8))
def test_renaming_speakers_commutes(labels: list[str], segments: list[tuple[int, int]]) -> None:
    all_words, turns = spoken(segments, labels)
    renamed = [replace(turn, speaker=NAMES[turn.speaker]) for turn in turns]
    if turns:
        assert attribute_words(all_words, renamed) == {
            NAMES[speaker]: words_of_speaker for speaker, words_of_speaker in attribute_words(all_words, turns).items()
        }


@given(st.permutations(strategies.LABELS), st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=8))
def test_a_word_in_single_speaker_speech_is_the_speakers(labels: list[str], segments: list[tuple[int, int]]) -> None:
    all_words, turns = spoken(segments, labels)
    if turns:
        attributed = attribute_words(all_words, turns)
        assert all(
            word.text.startswith(speaker)
            for speaker, words_of_speaker in attributed.items()
            for word in words_of_speaker
        )


def spoken(segments: list[tuple[int, int]], labels: list[str]) -> tuple[list[Word], list[Turn]]:
    """Speakers one after another with half a second between; each word begins with its speaker's label."""
    all_words: list[Word] = []
    turns: list[Turn] = []
    time = 0.5
    for count, index in segments:
        words_of_speaker = [Word(time + n * 0.4, time + n * 0.4 + 0.35, f"{labels[index]} {n}") for n in range(count)]
        all_words += words_of_speaker
        turns.append(Turn(time - 0.05, words_of_speaker[-1].end + 0.05, labels[index]))
        time = words_of_speaker[-1].end + 0.6
    return all_words, turns


def test_a_word_outside_all_turns_goes_to_the_nearest() -> None:
    turns = [Turn(0, 1, "A"), Turn(3, 4, "B")]
    assert attribute_words([Word(1.2, 1.4, "x")], turns) == {"A": [Word(1.2, 1.4, "x")]}
    assert attribute_words([Word(2.5, 2.8, "x")], turns) == {"B": [Word(2.5, 2.8, "x")]}


def test_a_word_on_an_edge_stays_with_its_sentence() -> None:
    all_words = [Word(n * 0.3, n * 0.3 + 0.29, f"w{n}") for n in range(4)]
    turns = [Turn(0, 1.0, "A"), Turn(1.0, 4.0, "B")]
    assert attribute_words(all_words, turns) == {"A": all_words}


@pytest.mark.parametrize("offset", [0.0, 0.02, 0.1, 7.34])
def test_a_tie_is_decided_the_same_wherever_it_is_on_the_clock(offset: float) -> None:
    spans = [(0.88, 1.0, "a"), (1.2, 1.98, "a"), (1.98, 2.1, "b")]
    all_words = [Word(start + offset, end + offset, text) for start, end, text in spans]
    turns = [Turn(0.88 + offset, 1.98 + offset, "A"), Turn(1.98 + offset, 2.1 + offset, "B")]
    expected = attribute_words(
        [Word(start, end, text) for start, end, text in spans], [Turn(0.88, 1.98, "A"), Turn(1.98, 2.1, "B")]
    )
    assert {s: len(words_of_speaker) for s, words_of_speaker in attribute_words(all_words, turns).items()} == {
        s: len(words_of_speaker) for s, words_of_speaker in expected.items()
    }


@given(st.integers(0, 180_000))
def test_a_pause_of_exactly_the_limit_counts_wherever_it_is(frames: int) -> None:
    offset = frames * 0.02
    all_words = [Word(offset + 1.0, offset + 1.4, "so"), Word(offset + 1.7, offset + 2.1, "yes")]
    turns = (Turn(offset + 0.5, offset + 1.86, "A"), Turn(offset + 1.78, offset + 3.0, "B"))
    assert attribute_words(all_words, turns) == {"A": all_words[:1], "B": all_words[1:]}
