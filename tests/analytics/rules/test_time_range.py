"""Parts of a call in seconds and shares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analytics.rules.time_range import between, parse

amounts = st.one_of(
    st.integers(1, 99).map(lambda n: f"{n} %"),
    st.integers(1, 600).map(lambda n: f"{n} s"),
    st.sampled_from(["half", "third", "quarter", "a tenth".removeprefix("a ")]),
)
durations = st.floats(0.1, 7200)


@given(amounts, durations)
def test_the_first_part_and_the_rest_are_the_call(amount: str, duration: float) -> None:
    start, middle = parse(f"first {amount}").bounds(duration)
    again, end = parse(f"from {amount}").bounds(duration)
    assert (start, end) == (0, duration)
    assert middle == again
    assert parse(f"to {amount}").bounds(duration) == (start, middle)


@given(amounts, durations)
def test_the_last_part_is_as_long_as_the_first(amount: str, duration: float) -> None:
    start, end = parse(f"last {amount}").bounds(duration)
    assert end == duration
    assert end - start == pytest.approx(parse(f"first {amount}").bounds(duration)[1])


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("first 20 s", (0, 20)),
        ("last 15s", (185, 200)),
        ("first tenth", (0, 20)),
        ("last 10%", (180, 200)),
        ("30 s to 2 min", (30, 120)),
        ("from 10 % to 50 percent", (20, 100)),
        ("from 50 %", (100, 200)),
        ("First 500 s", (0, 200)),
        ("300 s to 400 s", (200, 200)),
    ],
)
def test_ranges_of_a_call_of_200_seconds(text: str, bounds: tuple[float, float]) -> None:
    assert parse(text).bounds(200.0) == bounds
    assert (parse(text).span(200.0) is None) == (bounds[0] == bounds[1])


@pytest.mark.parametrize(
    "text", ["", "10", "first", "first 0 s", "last 0 %", "50 % to 50 %", "9 s to 1 s", "120 % to 9 s", "from 100 %"]
)
def test_empty_and_unknown_ranges_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="range"):
        parse(text)


def test_seconds_without_a_unit() -> None:
    assert between(5, 10).bounds(200.0) == (5, 10)
    assert between(5, None).bounds(200.0) == (5, 200)
    assert between(None, 10).contains(10.0, 200.0)
    assert not between(None, 10).contains(10.1, 200.0)
