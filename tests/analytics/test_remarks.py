"""What the report says about the calls, one line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.analytics.analytics_file import VERSION
from pipeline.analytics.calls import Call
from pipeline.analytics.remarks import Remarks


def lines(*calls: Call) -> list[str]:
    remarks = Remarks()
    assert list(remarks.watch(calls)) == list(calls)
    return remarks.lines()


def call(name: str, duplicate_of: str | None = None, recorded: str | None = None, **columns: str) -> Call:
    data: dict[str, Any] = {"version": VERSION, "recorded": recorded, "columns": columns}
    return Call(Path("out"), name, data, duplicate_of=duplicate_of)


def test_ordinary_calls_need_no_remark() -> None:
    assert lines() == []
    days = ["2026-01-02", "2026-01-03"]
    assert lines(*(call(day, recorded=day, agent="Ana", team="north") for day in days)) == []
    assert lines(call("a"), call("b", agent="Ben")) == []


def test_calls_without_date_beside_calls_with_one_are_counted() -> None:
    (line,) = lines(call("a"), call("b", recorded="2026-01-02"), call("c"))
    assert line == "2 calls without a recording date, so without a day; the first: a"


def test_an_agent_in_two_teams_is_named_with_both() -> None:
    teams = [call(str(n), Agent=agent, TEAM=team) for n, (agent, team) in enumerate(["AN", "BS", "AS", "BN", "CN"])]
    (line,) = lines(*teams)
    assert line == (
        "2 agents in more than one team, each one agent in the report unless you group by agent and team; "
        "the first: A, in N, S"
    )


def test_a_clock_in_the_future_is_named() -> None:
    dates = ["2098-01-02T00:00:00Z", None, "2099-01-01"]
    (line,) = lines(*(call(name, recorded=date) for name, date in zip("abc", dates, strict=True)))
    assert line == "2 calls with a recording date in the future, so without a day; the first: a, 2098-01-02T00:00:00Z"


def test_the_same_recording_under_two_names_is_named_with_both() -> None:
    (line,) = lines(call("a"), call("b\x1b", duplicate_of="a"))
    assert line == r"1 call with the recording of another one (duplicate_of); the first: b\x1b, like a"


def test_a_role_that_is_in_no_call_is_named_with_those_that_are() -> None:
    data = {"version": VERSION, "recorded": None, "columns": {}, "roles": [{"role": "agent"}, {"role": None}]}
    for role, count in (("boss", 1), ("agent", 0)):
        remarks = Remarks(role)
        assert list(remarks.watch([Call(Path(), "a", data)]))
        assert remarks.lines() == ["no speaker of any call has the role boss; there are agent"] * count
