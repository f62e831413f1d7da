"""Marks of turns are placed in the time of another transcript by its words."""

from __future__ import annotations

import pytest

from examples.benchmarks.minutes_data import Meeting
from examples.benchmarks.minutes_recognized import EXCERPTS, as_table, one_recording, timed_queries, turn_times
from tests.minutes.talks import BUDGET, ENDING, PARKING, transcript

LINES = (*BUDGET * 3, *PARKING * 3, *ENDING)


def meeting() -> Meeting:
    count, marks = len(LINES), (((0, 2),), ((15, 20),), ((70, 80),))
    return Meeting("X1", "product", transcript(LINES), tuple(range(count)), count, (15,), (), marks, ())


def test_turns_are_placed_by_their_words() -> None:
    reference = transcript(LINES)
    times = turn_times(meeting(), reference)
    assert times == {number: pytest.approx((line.start, line.end)) for number, line in enumerate(reference.utterances)}


def test_queries_outside_the_recording_are_left_out() -> None:
    reference = transcript(LINES)
    lines = reference.utterances
    queries = timed_queries(meeting().queries, turn_times(meeting(), reference))
    expected = [(lines[0].start, lines[2].end), (lines[15].start, lines[20].end)]
    assert queries == [((round(100 * start), round(100 * end)),) for start, end in expected]


def test_the_excerpts_follow_each_other() -> None:
    part = transcript(BUDGET)
    whole = one_recording([part, part])
    assert len(whole.utterances) == 2 * len(part.utterances)
    assert whole.utterances[len(BUDGET)].start == EXCERPTS[1][1]


def test_a_transcript_agrees_with_itself() -> None:
    table = as_table(transcript(LINES), transcript(LINES), meeting())
    cells = table.splitlines()[-4].split(" | ")[1:]
    assert table.splitlines()[-4].startswith("| points of our transcript")
    assert all(cell.split()[0] == cell.split()[2] for cell in cells)
