"""Duplicates: only equal words at the same time in an overlap are one; the more probable stays, no word is lost."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import Overlap, Word
from pipeline.stages.assembly.duplicates import remove_cross_stream_duplicates

OVERLAP = Overlap(2.0, 6.0, ("A", "B"))


def start(row: tuple[int, str]) -> int:
    return row[0]


@st.composite
def lines(draw: st.DrawFn) -> dict[str, tuple[Word, ...]]:
    """Lines in which the same words come often, at all times and probabilities."""
    lines_of = {}
    for speaker in "ABC":
        words_of = draw(
            st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["yes", "no", "Yes,"])), max_size=6, unique_by=start)
        )
        probability = draw(st.sampled_from([None, 0.25, 0.75]))
        lines_of[speaker] = tuple(Word(time / 5, time / 5 + 0.2, text, probability) for time, text in sorted(words_of))
    return lines_of


@given(lines())
def test_no_word_is_lost(words_of: dict[str, tuple[Word, ...]]) -> None:
    overlaps = [OVERLAP, Overlap(6.0, 7.0, ("A", "B", "C"))]
    remaining, duplicates = remove_cross_stream_duplicates(words_of, overlaps)
    both = Counter((speaker, word) for speaker, words in remaining.items() for word in words)
    both += Counter((line.speaker, word) for _, line in duplicates for word in line.words)
    assert both == Counter((speaker, word) for speaker, words in words_of.items() for word in words)
    for speaker, words in remaining.items():
        assert list(words) == [word for word in words_of[speaker] if word in words]
    assert all(span.start == line.start and span.end == line.end for span, line in duplicates)


@given(lines())
def test_a_duplicate_has_an_equal_word_that_stays(words_of: dict[str, tuple[Word, ...]]) -> None:
    remaining, duplicates = remove_cross_stream_duplicates(words_of, [OVERLAP])
    for _, line in duplicates:
        (word,) = line.words
        other = "B" if line.speaker == "A" else "A"
        equal = [w for w in remaining[other] if abs(w.middle - word.middle) < 0.41]
        assert any(w.text.lower().strip(",") == word.text.lower().strip(",") for w in equal)
        assert max((w.probability or 0) for w in equal) >= (word.probability or 0)


@given(lines())
def test_without_overlaps_there_are_no_duplicates(words_of: dict[str, tuple[Word, ...]]) -> None:
    assert remove_cross_stream_duplicates(words_of, []) == (words_of, ())


@pytest.mark.parametrize(
    ("one", "other", "loser"),
    [
        (Word(3, 3.4, "yes", 0.9), Word(3.1, 3.5, "yes", 0.4), "B"),
        (Word(3, 3.4, "yes", 0.4), Word(3.1, 3.5, "yes", 0.9), "A"),
        (Word(3, 3.4, "yes", 0.5), Word(3.1, 3.5, "Yes.", 0.5), "B"),
        (Word(3, 3.4, "yes", 0.5), Word(3.1, 3.5, "no", 0.5), None),
        (Word(3, 3.4, "yes", 0.5), Word(3.8, 4.2, "yes", 0.5), None),
        (Word(0, 0.4, "yes", 0.5), Word(0.1, 0.5, "yes", 0.5), None),
    ],
)
def test_the_more_probable_word_stays(one: Word, other: Word, loser: str | None) -> None:
    _, duplicates = remove_cross_stream_duplicates({"A": (one,), "B": (other,)}, [OVERLAP])
    assert [line.speaker for _, line in duplicates] == ([loser] if loser else [])
