"""Splicing two hearings: every word once, also at the seams."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import Span, Word
from pipeline.stages.recognition.merge import is_inside, merge_hypotheses
from tests.strategies import rows_of_spans, times

APART = {"A": (Span(2.0, 4.0),), "B": (Span(2.0, 4.0),)}


def word(text: str, middle: float) -> Word:
    return Word(middle - 0.1, middle + 0.1, text)


@given(st.lists(st.integers(5, 60), unique=True, max_size=12), st.floats(-0.12, 0.12))
def test_every_word_is_written_once_though_hearings_disagree_on_times(places: list[int], slip: float) -> None:
    said = [word(f"w{place}", place / 10) for place in sorted(places)]
    again = [word(w.text, w.middle + slip) for w in said if 1.5 < w.middle < 4.5]
    spliced = merge_hypotheses({"A": said}, {"A": again}, APART)
    assert sorted(w.text for w in spliced.get("A", [])) == sorted(w.text for w in said)


@given(st.lists(st.integers(2, 24), unique=True, max_size=12), st.floats(-0.12, 0.12))
def test_a_word_said_again_and_again_is_written_as_often(places: list[int], slip: float) -> None:
    said = [word("no", place / 4) for place in sorted(places)]
    again = [word("no", w.middle + slip) for w in said]
    assert len(merge_hypotheses({"A": said}, {"A": again}, APART)["A"]) == len(said)


def test_inside_the_stream_counts_and_outside_the_mixture() -> None:
    mixture = {"A": [word("before", 1.0), word("muddled", 3.0), word("after", 5.0)]}
    streams = {"A": [word("before", 1.0), word("clear", 3.0)], "B": [word("too", 3.1), word("far", 6.0)]}
    spliced = merge_hypotheses(mixture, streams, APART)
    assert [w.text for w in spliced["A"]] == ["before", "clear", "after"]
    assert [w.text for w in spliced["B"]] == ["too"]


@given(rows_of_spans(8), times())
def test_a_word_lies_in_any_of_the_spans_that_holds_its_middle(spans: tuple[Span, ...], middle: float) -> None:
    said = word("here", middle + 0.1)
    assert is_inside(said, spans) == any(span.start <= said.middle < span.end for span in spans)


def test_who_is_not_aside_keeps_the_words_of_the_passage() -> None:
    mixture = {"A": [word("held", 3.0)], "B": [word("guess", 3.1)]}
    spliced = merge_hypotheses(mixture, {"B": [word("clear", 3.1)]}, {"B": (Span(2.0, 4.0),)})
    assert {speaker: [w.text for w in words] for speaker, words in spliced.items()} == {"A": ["held"], "B": ["clear"]}


def test_a_word_that_another_stream_says_is_not_brought_back() -> None:
    spliced = merge_hypotheses({"A": [word("yes", 2.1)]}, {"B": [word("yes", 2.15)]}, APART)
    assert spliced == {"A": [], "B": [word("yes", 2.15)]}


def test_a_word_brought_back_follows_what_was_heard_inside() -> None:
    back = Word(3.4, 4.2, "this")
    spliced = merge_hypotheses({"A": [back]}, {"A": [word("view", 3.5), word("on", 3.75)]}, APART)
    assert [w.text for w in spliced["A"]] == ["view", "on", "this"]
    assert (spliced["A"][2].start, spliced["A"][2].end) == (3.85, 4.2)
    first = merge_hypotheses({"A": [Word(1.8, 2.6, "so")]}, {"A": [word("we", 2.4), word("went", 2.7)]}, APART)
    assert [w.text for w in first["A"]] == ["so", "we", "went"]
    assert first["A"][0].end == word("we", 2.4).start
