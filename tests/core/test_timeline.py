"""Properties of the interval algebra: counting, shifting, renaming, normalizing."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import timeline
from pipeline.core.types import Span, Turn
from tests import strategies


@st.composite
def untidy(draw: st.DrawFn, parts: int = 10) -> list[Turn]:
    """Turns in any order; turns of one speaker may overlap. Eighths add up exactly, tenths approximately."""
    starts = st.integers(0, 100).map(lambda n: n / parts)
    lengths = st.integers(1, 40).map(lambda n: n / parts)
    many = draw(st.lists(st.tuples(starts, lengths, st.sampled_from("ABC")), max_size=12))
    return [Turn(start, start + length, speaker) for start, length, speaker in many]


def active(turns: list[Turn] | tuple[Turn, ...], time: float) -> set[str]:
    return {turn.speaker for turn in turns if turn.start <= time < turn.end}


@given(untidy())
def test_segments_agree_with_counting_active_speakers(turns: list[Turn]) -> None:
    cut = list(timeline.active_segments(turns))
    for span, speakers in cut:
        assert active(turns, span.start) == active(turns, math.nextafter(span.end, 0.0)) == speakers
    assert timeline.covered(span for span, _ in cut) == pytest.approx(timeline.covered(t.span for t in turns))


@given(untidy())
def test_overlaps_are_where_two_or_more_speak(turns: list[Turn]) -> None:
    overlaps = timeline.overlaps(turns)
    for overlap in overlaps:
        for time in (
            overlap.start,
            math.nextafter(overlap.end, 0.0),
        ):  # the middle of a span of one float step is its end
            assert active(turns, time) == set(overlap.speakers)
        assert len(overlap.speakers) >= 2
    crowded = sum(span.duration for span, speakers in timeline.active_segments(turns) if len(speakers) > 1)
    assert sum(overlap.duration for overlap in overlaps) == pytest.approx(crowded)


@given(untidy())
def test_single_speaker_speech_and_overlaps_add_up_to_the_speech(turns: list[Turn]) -> None:
    alone = sum(span.duration for spans in timeline.single_speaker(turns).values() for span in spans)
    together = sum(overlap.duration for overlap in timeline.overlaps(turns))
    assert alone + together == pytest.approx(timeline.covered(turn.span for turn in turns))


@given(untidy(parts=8), st.integers(0, 50))
def test_shifting_commutes(turns: list[Turn], offset: int) -> None:
    moved = timeline.overlaps(timeline.shifted(turns, float(offset)))
    for was, now in zip(timeline.overlaps(turns), moved, strict=True):
        assert now.start == pytest.approx(was.start + offset)
        assert now.speakers == was.speakers


@given(strategies.turns())
def test_renaming_commutes(turns: tuple[Turn, ...]) -> None:
    named = timeline.relabel(turns)
    assert [o.span for o in timeline.overlaps(named)] == [o.span for o in timeline.overlaps(turns)]
    assert list(dict.fromkeys(t.speaker for t in named)) == sorted({t.speaker for t in named})


@pytest.mark.promise(13)
@given(untidy(), st.integers(5, 140).map(lambda n: n / 10))
def test_tidy_turns_obey_promise_13(turns: list[Turn], duration: float) -> None:
    tidied = timeline.normalize(turns, duration)
    assert list(tidied) == sorted(tidied)
    for speaker_turns in timeline.by_speaker(tidied).values():
        assert all(0 <= t.start < t.end <= duration for t in speaker_turns)
        assert all(one.end < other.start for one, other in pairwise(speaker_turns))
    for time in [n / 20 + 0.01 for n in range(int(duration * 20) - 1)]:
        assert active(tidied, time) == active(turns, time)


@given(untidy(), untidy())
def test_gaps_and_intersection_add_up_to_the_whole(one: list[Turn], other: list[Turn]) -> None:
    whole = Span(0, 20)
    spans = [turn.span for turn in one]
    assert timeline.covered(spans) + timeline.covered(timeline.gaps(spans, whole)) == pytest.approx(20)
    both = timeline.intersection(spans, (turn.span for turn in other))
    either = timeline.covered([*spans, *(turn.span for turn in other)])
    assert timeline.covered(both) + either == pytest.approx(
        timeline.covered(spans) + timeline.covered(turn.span for turn in other)
    )


def test_margins_are_averaged_by_duration() -> None:
    turns = [Turn(0, 1, "A", 0.4), Turn(1, 4, "A", 0.8)]
    (turn,) = timeline.normalize(turns, 10)
    assert turn.margin == pytest.approx(0.7)


@given(strategies.rows_of_spans(8), strategies.times(), strategies.times())
def test_within_are_those_that_meet(items: tuple[Span, ...], start: float, length: float) -> None:
    whole = Span(start, start + length)
    assert tuple(timeline.crop(items, whole)) == tuple(i for i in items if i.start < whole.end and whole.start < i.end)


@given(st.integers(0, 10_000), st.integers(1, 100))
def test_a_gap_of_the_maximum_length_is_closed_despite_rounding(start: int, frames: int) -> None:
    one, other = Span(start * 0.02, (start + 1) * 0.02), Span((start + 1 + frames) * 0.02, (start + 2 + frames) * 0.02)
    assert len(timeline.union([one, other], frames * 0.02)) == 1
    assert len(timeline.union([one, other], frames * 0.02 - 0.001)) == 2


def test_words_share_a_span_by_their_letters() -> None:
    words = timeline.spread(["a", "bcd"], 1.0, 3.0)
    assert [(w.start, w.end, w.text) for w in words] == [(1.0, 1.5, "a"), (1.5, 3.0, "bcd")]


@given(untidy(8), untidy(8))
def test_turns_without_spans_cover_what_the_spans_do_not(turns: list[Turn], others: list[Turn]) -> None:
    spans = [turn.span for turn in others]
    remaining = timeline.without(turns, spans)
    for time in {turn.start + 1 / 16 for turn in [*turns, *others]}:
        assert active(remaining, time) == (set() if active(others, time) else active(turns, time))
