"""Ownership: every word once, words said alone to him who says them, names and order of no importance."""

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
    found, time = [], 0.0
    for number in range(draw(st.integers(0, most))):
        time += draw(strategies.times(0, 400))
        found.append(Word(time, time + draw(strategies.times(20, 400)), f"w{number}"))
    return found


TURNS = strategies.turns().filter(bool)


@given(words(), TURNS)
def test_every_word_has_one_owner(said: list[Word], turns: tuple[Turn, ...]) -> None:
    owned = attribute_words(said, turns)
    assert Counter(word for own_words in owned.values() for word in own_words) == Counter(said)
    assert set(owned) <= {turn.speaker for turn in turns}
    for own_words in owned.values():
        assert own_words == [word for word in said if word in own_words]


@given(words(), TURNS)
def test_the_order_of_turns_changes_nothing(said: list[Word], turns: tuple[Turn, ...]) -> None:
    assert attribute_words(said, turns[::-1]) == attribute_words(said, turns)


@given(words(), TURNS)
def test_one_speaker_says_everything(said: list[Word], turns: tuple[Turn, ...]) -> None:
    alone = [turn for turn in turns if turn.speaker == turns[0].speaker]
    assert attribute_words(said, alone) == ({alone[0].speaker: said} if said else {})


@given(st.permutations(strategies.LABELS), st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=8))
def test_renaming_speakers_commutes(labels: list[str], passages: list[tuple[int, int]]) -> None:
    said, turns = spoken(passages, labels)
    renamed = [replace(turn, speaker=NAMES[turn.speaker]) for turn in turns]
    if turns:
        assert attribute_words(said, renamed) == {
            NAMES[speaker]: mine for speaker, mine in attribute_words(said, turns).items()
        }


@given(st.permutations(strategies.LABELS), st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=8))
def test_a_word_in_a_solo_turn_is_the_speakers(labels: list[str], passages: list[tuple[int, int]]) -> None:
    said, turns = spoken(passages, labels)
    if turns:
        owned = attribute_words(said, turns)
        assert all(word.text.startswith(speaker) for speaker, mine in owned.items() for word in mine)


def spoken(passages: list[tuple[int, int]], labels: list[str]) -> tuple[list[Word], list[Turn]]:
    """People talking one after another with half a second between; each word begins with its speaker's name."""
    said: list[Word] = []
    turns: list[Turn] = []
    time = 0.5
    for count, who in passages:
        mine = [Word(time + n * 0.4, time + n * 0.4 + 0.35, f"{labels[who]} {n}") for n in range(count)]
        said += mine
        turns.append(Turn(time - 0.05, mine[-1].end + 0.05, labels[who]))
        time = mine[-1].end + 0.6
    return said, turns


def test_a_word_that_nobody_covers_goes_to_the_nearest() -> None:
    turns = [Turn(0, 1, "A"), Turn(3, 4, "B")]
    assert attribute_words([Word(1.2, 1.4, "x")], turns) == {"A": [Word(1.2, 1.4, "x")]}
    assert attribute_words([Word(2.5, 2.8, "x")], turns) == {"B": [Word(2.5, 2.8, "x")]}


def test_a_word_on_an_edge_stays_with_its_sentence() -> None:
    said = [Word(n * 0.3, n * 0.3 + 0.29, f"w{n}") for n in range(4)]
    turns = [Turn(0, 1.0, "A"), Turn(1.0, 4.0, "B")]
    assert attribute_words(said, turns) == {"A": said}


@pytest.mark.parametrize("offset", [0.0, 0.02, 0.1, 7.34])
def test_a_tie_is_decided_the_same_wherever_it_is_on_the_clock(offset: float) -> None:
    spans = [(0.88, 1.0, "a"), (1.2, 1.98, "a"), (1.98, 2.1, "b")]
    said = [Word(start + offset, end + offset, text) for start, end, text in spans]
    turns = [Turn(0.88 + offset, 1.98 + offset, "A"), Turn(1.98 + offset, 2.1 + offset, "B")]
    still = attribute_words(
        [Word(start, end, text) for start, end, text in spans], [Turn(0.88, 1.98, "A"), Turn(1.98, 2.1, "B")]
    )
    assert {s: len(mine) for s, mine in attribute_words(said, turns).items()} == {
        s: len(mine) for s, mine in still.items()
    }


@given(st.integers(0, 180_000))
def test_a_pause_of_exactly_the_limit_counts_wherever_it_is(frames: int) -> None:
    offset = frames * 0.02
    said = [Word(offset + 1.0, offset + 1.4, "so"), Word(offset + 1.7, offset + 2.1, "yes")]
    turns = (Turn(offset + 0.5, offset + 1.86, "A"), Turn(offset + 1.78, offset + 3.0, "B"))
    assert attribute_words(said, turns) == {"A": said[:1], "B": said[1:]}
