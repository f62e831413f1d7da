"""Hallucination flags: loops and stock phrases are marked, no word is changed, other speech stays unmarked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import Utterance, Word
from pipeline.stages.assembly.hallucinations import flag_hallucinations

UNIT = st.lists(st.sampled_from(["oh", "Well,", "so", "then", "no"]), min_size=1, max_size=4)


def utterance_of(texts: list[str]) -> Utterance:
    return Utterance("A", tuple(Word(n, n + 0.5, text) for n, text in enumerate(texts)))


def reasons(texts: list[str]) -> list[str | None]:
    return [word.suspect for word in flag_hallucinations(utterance_of(texts)).words]


@pytest.mark.promise(15)
@given(st.lists(st.sampled_from(["oh", "so", "Well,", "thanks", "for", "watching"]), min_size=1, max_size=40))
def test_marks_are_all_that_changes(texts: list[str]) -> None:
    marked = flag_hallucinations(utterance_of(texts))
    assert tuple(replace(word, suspect=None) for word in marked.words) == utterance_of(texts).words


@pytest.mark.promise(15)
@given(UNIT, st.integers(8, 12))
def test_a_loop_is_marked_after_its_first_round(unit: list[str], rounds: int) -> None:
    flags = reasons(unit * rounds)
    assert all(reason is None for reason in flags[:1])
    assert all(reason and reason.startswith("loop: ") for reason in flags[len(unit) :])


@given(st.lists(st.integers(0, 10_000).map(str), min_size=1, max_size=60, unique=True))
def test_words_that_differ_are_no_loop(texts: list[str]) -> None:
    assert reasons(texts) == [None] * len(texts)


@pytest.mark.promise(15)
@pytest.mark.parametrize(
    "phrase", ["Thanks for watching!", "Thank you for watching.", "Subtitles by the Amara.org community"]
)
def test_a_stock_phrase_alone_is_marked(phrase: str) -> None:
    assert set(reasons(phrase.split())) == {"stock phrase"}
    assert set(reasons(["he", "said", *phrase.split()])) == {None}


def test_a_few_repeats_are_no_loop() -> None:
    assert set(reasons(["no", "no", "no", "no", "yes", "yes", "I", "mean", "it", "I", "mean", "it"])) == {None}
