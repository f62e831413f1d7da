"""The comparison of systems: laws of the bootstrap, and what it makes of measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import Transcript
from pipeline.evaluation.benchmark.bench import Measurement
from pipeline.evaluation.benchmark.comparison import ALL, MIN_BLOCKS, Comparison, bootstrap, compare
from pipeline.evaluation.benchmark.dataset import Recording
from pipeline.evaluation.metrics.blocks import BlockErrors
from pipeline.evaluation.metrics.der import DiarizationErrors
from pipeline.evaluation.metrics.scoring import score
from pipeline.evaluation.metrics.wer import WordErrors
from tests.max_examples import at_most

COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=30)
OPPOSITE = {"better": "worse", "worse": "better", "cannot tell": "cannot tell"}


def inverse(ratio: float) -> float:
    return math.inf if ratio == 0 else 1 / ratio


@at_most(30)
@given(st.lists(st.floats(0, 50), min_size=1, max_size=40))
def test_identical_systems_have_the_ratio_one(errors: list[float]) -> None:
    ratio = bootstrap(errors, errors)
    assert (ratio.value, ratio.lower, ratio.upper, ratio.verdict) == (1, 1, 1, "cannot tell")


@at_most(30)
@given(COUNTS)
def test_exchanging_the_systems_inverts_the_ratio(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    ratio, back = bootstrap(first, second), bootstrap(second, first)
    expected = [inverse(value) for value in (ratio.value, ratio.upper, ratio.lower)]
    assert [back.value, back.lower, back.upper] == pytest.approx(expected, rel=1e-6)
    assert back.verdict == OPPOSITE[ratio.verdict]


@at_most(30)
@given(COUNTS)
def test_the_ratio_is_that_of_the_sums_and_repeats_with_the_seed(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    ratio = bootstrap(first, second, seed=3)
    assert bootstrap(first, second, seed=3) == ratio
    assert 0 <= ratio.lower <= ratio.upper
    assert ratio.value == pytest.approx(1 if not sum(first + second) else inverse(sum(first) / max(sum(second), 1e-12)))


@at_most(30)
@given(st.lists(st.integers(4, 50), min_size=MIN_BLOCKS, max_size=40), st.integers(1, 3))
def test_fewer_errors_in_every_block_are_better(errors: list[int], fewer: int) -> None:
    assert bootstrap(errors, [count - fewer for count in errors]).verdict == "better"
    assert bootstrap(errors, [count + fewer for count in errors]).verdict == "worse"


@pytest.mark.parametrize("blocks", range(1, MIN_BLOCKS))
def test_few_blocks_give_no_verdict(blocks: int) -> None:
    assert bootstrap([20] * blocks, [1] * blocks).verdict == "cannot tell"


def test_the_interval_is_that_of_the_normal_approximation() -> None:
    """For many blocks with independent errors, the logarithm of the ratio is nearly normal."""
    rng = np.random.default_rng(1)
    first, second = rng.poisson(20, 400), rng.poisson(18, 400)
    ratio = bootstrap(first, second)
    deviation = np.std(second / second.mean() - first / first.mean()) / np.sqrt(400)
    assert math.log(ratio.upper / ratio.value) == pytest.approx(1.96 * deviation, rel=0.1)
    assert math.log(ratio.value / ratio.lower) == pytest.approx(1.96 * deviation, rel=0.1)
    assert ratio.verdict == "better"


def test_no_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one block"):
        bootstrap([], [])


def measurement(system: str, group: str, name: str, run: int, errors: Sequence[int], words: int = 100) -> Measurement:
    """A run with ``errors`` in its blocks, and as many seconds of missed speech, of 50 s of speech in each block."""
    blocks = tuple(
        BlockErrors(60.0 * i, WordErrors(hits=words, insertions=count), DiarizationErrors(50.0, missed=count))
        for i, count in enumerate(errors)
    )
    scores = score(Transcript(1.0), Transcript(1.0)).scores
    return Measurement(system, Recording(name, Path(name), (), group=group), 60.0, scores, {}, 1.0, blocks, run)


def by_metric(comparisons: Sequence[Comparison], metric: str) -> list[Comparison]:
    return [comparison for comparison in comparisons if comparison.metric == metric]


def test_runs_are_averaged_in_each_block() -> None:
    runs = [[10, 20, 30] * 2, [12, 18, 36] * 2]
    measured = [measurement("a", "g", "one", run, errors) for run, errors in enumerate(runs)]
    measured += [measurement("b", "g", "one", run, [5] * 6) for run in range(2)]
    words, speech = compare(measured)
    assert (words.metric, speech.metric) == ("cpWER", "DER")
    assert (words.first_errors.lowest, words.first_errors.mean, words.first_errors.highest) == (120, 126, 132)
    assert (words.second_errors.lowest, words.second_errors.highest) == (30, 30)
    assert (words.runs, words.recordings, words.total, speech.total) == (2, 1, 600, 300)
    assert words.ratio == bootstrap([11, 19, 33] * 2, [5] * 6)
    assert words.ratio.verdict == "better"


def test_every_later_system_is_compared_with_the_first_in_each_group_and_in_all() -> None:
    measured = [
        measurement(system, group, name, 0, [number + 3] * 2)
        for group, name in (("g", "one"), ("h", "two"), ("h", "three"))
        for number, system in enumerate("abc")
    ]
    words = by_metric(compare(measured), "cpWER")
    assert [(c.group, c.first, c.second, c.recordings, c.ratio.blocks) for c in words] == [
        ("g", "a", "b", 1, 2),
        ("g", "a", "c", 1, 2),
        ("h", "a", "b", 2, 4),
        ("h", "a", "c", 2, 4),
        (ALL, "a", "b", 3, 6),
        (ALL, "a", "c", 3, 6),
    ]
    assert [c.ratio.verdict for c in words] == [*["cannot tell"] * 4, "worse", "worse"]


def test_recordings_without_words_have_no_word_figures() -> None:
    measured = [measurement(system, "turns", "one", 0, [0, 0], words=0) for system in "ab"]
    measured += [measurement(system, "words", "two", 0, [4, 5]) for system in "ab"]
    words = by_metric(compare(measured), "cpWER")
    assert [(c.group, c.recordings, c.ratio.blocks) for c in words] == [("words", 1, 2), (ALL, 1, 2)]
    assert [c.recordings for c in by_metric(compare(measured), "DER")] == [1, 1, 2]


def test_one_system_is_not_compared() -> None:
    assert compare([measurement("a", "g", "one", 0, [1])]) == ()
    assert compare([]) == ()
