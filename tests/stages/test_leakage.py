"""Leakage: nothing is lost, only the same word at the same time in an overlap is one, the surer keeps it."""

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
    found = {}
    for speaker in "ABC":
        said = draw(
            st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["yes", "no", "Yes,"])), max_size=6, unique_by=start)
        )
        sure = draw(st.sampled_from([None, 0.25, 0.75]))
        found[speaker] = tuple(Word(time / 5, time / 5 + 0.2, text, sure) for time, text in sorted(said))
    return found


@given(lines())
def test_no_word_is_lost(said: dict[str, tuple[Word, ...]]) -> None:
    overlaps = [OVERLAP, Overlap(6.0, 7.0, ("A", "B", "C"))]
    kept, leaked = remove_cross_stream_duplicates(said, overlaps)
    both = Counter((speaker, word) for speaker, words in kept.items() for word in words)
    both += Counter((line.speaker, word) for _, line in leaked for word in line.words)
    assert both == Counter((speaker, word) for speaker, words in said.items() for word in words)
    for speaker, words in kept.items():
        assert list(words) == [word for word in said[speaker] if word in words]
    assert all(span.start == line.start and span.end == line.end for span, line in leaked)


@given(lines())
def test_a_leaked_word_has_a_twin_that_stays(said: dict[str, tuple[Word, ...]]) -> None:
    kept, leaked = remove_cross_stream_duplicates(said, [OVERLAP])
    for _, line in leaked:
        (word,) = line.words
        other = "B" if line.speaker == "A" else "A"
        twins = [w for w in kept[other] if abs(w.middle - word.middle) < 0.41]
        assert any(w.text.lower().strip(",") == word.text.lower().strip(",") for w in twins)
        assert max((w.probability or 0) for w in twins) >= (word.probability or 0)


@given(lines())
def test_without_overlaps_nothing_leaks(said: dict[str, tuple[Word, ...]]) -> None:
    assert remove_cross_stream_duplicates(said, []) == (said, ())


@pytest.mark.parametrize(
    ("mine", "theirs", "loser"),
    [
        (Word(3, 3.4, "yes", 0.9), Word(3.1, 3.5, "yes", 0.4), "B"),
        (Word(3, 3.4, "yes", 0.4), Word(3.1, 3.5, "yes", 0.9), "A"),
        (Word(3, 3.4, "yes", 0.5), Word(3.1, 3.5, "Yes.", 0.5), "B"),
        (Word(3, 3.4, "yes", 0.5), Word(3.1, 3.5, "no", 0.5), None),
        (Word(3, 3.4, "yes", 0.5), Word(3.8, 4.2, "yes", 0.5), None),
        (Word(0, 0.4, "yes", 0.5), Word(0.1, 0.5, "yes", 0.5), None),
    ],
)
def test_who_keeps_a_word(mine: Word, theirs: Word, loser: str | None) -> None:
    _, leaked = remove_cross_stream_duplicates({"A": (mine,), "B": (theirs,)}, [OVERLAP])
    assert [line.speaker for _, line in leaked] == ([loser] if loser else [])
