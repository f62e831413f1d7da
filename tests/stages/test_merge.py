"""Merging two hypotheses: every word once, also at the edges of background spans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import Span, Word
from pipeline.stages.recognition.merge import is_inside, merge_hypotheses
from tests.strategies import rows_of_spans, times

BACKGROUND = {"A": (Span(2.0, 4.0),), "B": (Span(2.0, 4.0),)}


def word(text: str, middle: float) -> Word:
    return Word(middle - 0.1, middle + 0.1, text)


@given(st.lists(st.integers(5, 60), unique=True, max_size=12), st.floats(-0.12, 0.12))
def test_every_word_is_written_once_though_hypotheses_differ_in_times(places: list[int], slip: float) -> None:
    mixture_words = [word(f"w{place}", place / 10) for place in sorted(places)]
    stream_words = [word(w.text, w.middle + slip) for w in mixture_words if 1.5 < w.middle < 4.5]
    merged = merge_hypotheses({"A": mixture_words}, {"A": stream_words}, BACKGROUND)
    assert sorted(w.text for w in merged.get("A", [])) == sorted(w.text for w in mixture_words)


@given(st.lists(st.integers(2, 24), unique=True, max_size=12), st.floats(-0.12, 0.12))
def test_a_word_spoken_several_times_is_written_as_often(places: list[int], slip: float) -> None:
    mixture_words = [word("no", place / 4) for place in sorted(places)]
    stream_words = [word("no", w.middle + slip) for w in mixture_words]
    assert len(merge_hypotheses({"A": mixture_words}, {"A": stream_words}, BACKGROUND)["A"]) == len(mixture_words)


def test_inside_the_stream_counts_and_outside_the_mixture() -> None:
    mixture = {"A": [word("before", 1.0), word("muddled", 3.0), word("after", 5.0)]}
    streams = {"A": [word("before", 1.0), word("clear", 3.0)], "B": [word("too", 3.1), word("far", 6.0)]}
    merged = merge_hypotheses(mixture, streams, BACKGROUND)
    assert [w.text for w in merged["A"]] == ["before", "clear", "after"]
    assert [w.text for w in merged["B"]] == ["too"]


@given(rows_of_spans(8), times())
def test_a_word_lies_in_any_of_the_spans_that_holds_its_middle(spans: tuple[Span, ...], middle: float) -> None:
    mixture_words = word("here", middle + 0.1)
    assert is_inside(mixture_words, spans) == any(span.start <= mixture_words.middle < span.end for span in spans)


def test_the_foreground_speaker_keeps_the_words_of_the_mixture() -> None:
    mixture = {"A": [word("held", 3.0)], "B": [word("guess", 3.1)]}
    merged = merge_hypotheses(mixture, {"B": [word("clear", 3.1)]}, {"B": (Span(2.0, 4.0),)})
    assert {speaker: [w.text for w in words] for speaker, words in merged.items()} == {"A": ["held"], "B": ["clear"]}


def test_a_word_of_another_stream_is_not_restored() -> None:
    merged = merge_hypotheses({"A": [word("yes", 2.1)]}, {"B": [word("yes", 2.15)]}, BACKGROUND)
    assert merged == {"A": [], "B": [word("yes", 2.15)]}


def test_a_restored_word_does_not_overlap_the_words_inside() -> None:
    restored = Word(3.4, 4.2, "this")
    merged = merge_hypotheses({"A": [restored]}, {"A": [word("view", 3.5), word("on", 3.75)]}, BACKGROUND)
    assert [w.text for w in merged["A"]] == ["view", "on", "this"]
    assert (merged["A"][2].start, merged["A"][2].end) == (3.85, 4.2)
    first = merge_hypotheses({"A": [Word(1.8, 2.6, "so")]}, {"A": [word("we", 2.4), word("went", 2.7)]}, BACKGROUND)
    assert [w.text for w in first["A"]] == ["so", "we", "went"]
    assert first["A"][0].end == word("we", 2.4).start
