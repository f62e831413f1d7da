"""The measures of minutes on examples that are computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.benchmarks.minutes_baselines import MOMENTS, even, text_tiling
from examples.benchmarks.minutes_bench import as_tables, measure, summary
from examples.benchmarks.minutes_data import DECISIONS, Meeting, cited, interval, segmentation_errors
from pipeline.minutes.talk import Talk
from pipeline.minutes.weights import load
from tests.minutes.talks import TOPICS, transcript


def test_errors_of_segmentations_by_hand() -> None:
    """Ten units in two parts: the window is 2 or 3 (half of 5, rounded to even), so 2; eight pairs of units."""
    assert segmentation_errors([5], [5], 10) == (0.0, 0.0)
    assert segmentation_errors([5], [], 10) == (2 / 8, 2 / 8)  # the pairs (3, 5) and (4, 6)
    assert segmentation_errors([5], [6], 10) == (2 / 8, 2 / 8)  # (3, 5) and (5, 7)
    assert segmentation_errors([5], [4, 5], 10) == (1 / 8, 2 / 8)  # (2, 4); (3, 5) has two boundaries instead of one


@given(st.integers(2, 40), st.data())
def test_equal_segmentations_have_no_errors(count: int, data: st.DataObject) -> None:
    bounds = st.lists(st.integers(1, count - 1), unique=True, max_size=6).map(sorted)
    one, two = data.draw(bounds), data.draw(bounds)
    pk, difference = segmentation_errors(one, two, count)
    assert 0 <= pk <= difference <= 1
    assert segmentation_errors(one, one, count) == (0.0, 0.0)


def test_errors_need_two_units() -> None:
    with pytest.raises(ValueError, match="two or more units"):
        segmentation_errors([], [], 1)


def test_recall_and_precision_of_moments_by_hand() -> None:
    queries = (((3, 5), (10, 12)), ((20, 30),))
    assert cited([12, 40, 41, 42], queries) == (0.5, 0.25)
    assert cited([3, 11, 30], queries) == (1.0, 1.0)
    assert cited([], queries) == (0.0, 0.0)
    assert cited([1], ()) == (0.0, 0.0)


def test_queries_about_decisions() -> None:
    assert DECISIONS.search("What did the team decide on buttons?")
    assert DECISIONS.search("Summarize the conclusion of the discussion.")
    assert not DECISIONS.search("Why did they disagree about the interaction of data?")


def test_an_interval_holds_the_mean() -> None:
    low, high = interval([0.0, 1.0] * 20)
    assert 0.3 < low < 0.5 < high < 0.7


def test_simple_systems_on_a_talk_of_two_subjects() -> None:
    talk = Talk.of(transcript(TOPICS))
    half = len(TOPICS) // 2
    assert even(10, 2) == [5]
    assert any(abs(each - half) <= 3 for each in text_tiling(talk, load().rarity, 1))
    for choose in MOMENTS.values():
        chosen = choose(talk, load().rarity, np.random.default_rng(0))
        assert len(set(chosen)) == len(chosen) > 0
        assert chosen == choose(talk, load().rarity, np.random.default_rng(0))


def test_the_tables_have_a_line_per_system() -> None:
    spoken = transcript(TOPICS)
    count = len(spoken.utterances)
    spans = (((4, 9),),)
    meeting = Meeting("X1a", "product", spoken, tuple(range(count)), count, (count // 2,), spans, spans, spans)
    figures = summary(measure([meeting], load()))
    tables = as_tables(figures)
    assert set(figures["measures"]["pk"]) >= {"minutes", "one topic", "TextTiling"}
    assert all(f"| {system} | " in tables for system in MOMENTS)
