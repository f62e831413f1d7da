"""What the report reads of a call: agents and their names, the day, links, findings, figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.benchmarks.report_calls import analytics, finding, made, quoted, speaker
from pipeline.analytics.analytics_file import OLD_VERSIONS, with_current_keys
from pipeline.analytics.report.calls import MAX_QUOTE, MAX_QUOTES, read_call
from pipeline.analytics.report.data import report_data
from pipeline.analytics.report.figures import FIGURES, OF_AGENT, OF_CALL


def agents(*speakers: dict[str, Any], **changes: Any) -> list[tuple[str | None, str | None, str]]:
    call = read_call(made(analytics(*speakers, **changes)), "agent")
    return [(one.name, one.speaker, one.decision) for one in call.agents]


def day(columns: dict[str, str], recorded: str | None = None) -> tuple[str | None, str]:
    call = read_call(made(analytics(columns=columns, recorded=recorded)), "agent")
    return call.day, call.day_source


def test_an_agent_is_named_by_manifest_person_or_label() -> None:
    customer = speaker("customer", "customer")
    agent = speaker("agent", "agent")
    assert agents(agent, customer) == [(None, "agent", "channel")]
    assert agents({**agent, "person": "Ana"}, customer) == [("Ana", "agent", "channel")]
    assert agents({**agent, "person": "Ana"}, customer, columns={"Agent": " A 7 "}) == [("A 7", "agent", "channel")]
    assert agents(speaker("Ana", "agent"), customer) == [("Ana", "Ana", "channel")]


def test_labels_of_unnamed_speakers_are_no_names() -> None:
    assert agents(speaker("SPEAKER_00", "agent"), speaker("SPEAKER_01")) == [(None, "SPEAKER_00", "channel")]
    assert agents(speaker("CHANNEL_1", "agent"), speaker("customer")) == [(None, "CHANNEL_1", "channel")]


def test_without_roles_only_the_manifest_knows_the_agent() -> None:
    people = (speaker("SPEAKER_00"), speaker("SPEAKER_01"))
    assert agents(*people) == []
    assert agents(*people, columns={"agent": "Ana"}) == [("Ana", None, "manifest")]
    call = read_call(made(analytics(*people, columns={"agent": "Ana"})), "agent")
    assert set(call.agents[0].figures) == {None}
    assert call.role_reason == "no speaker has the role agent"


def test_two_agents_of_a_call_are_not_both_the_one_of_the_manifest() -> None:
    people = (speaker("Ana", "agent"), speaker("Ben", "agent", talk=10.0), speaker("customer", "customer"))
    assert agents(*people, columns={"agent": "Ana"}) == [("Ana", "Ana", "channel"), ("Ben", "Ben", "channel")]


def test_files_of_earlier_versions_have_agents_by_their_label() -> None:
    old = {key: value for key, value in speaker("agent").items() if key not in ("role", "person", "questions")}
    data = {key: value for key, value in analytics(old).items() if key not in ("roles", "recorded", "hold")}
    current = with_current_keys({**data, "version": OLD_VERSIONS[1]})
    assert current
    call = read_call(made(current), "agent")
    assert [(one.name, one.decision) for one in call.agents] == [(None, "label")]
    assert call.figures[[one.key for one in OF_CALL].index("hold")] is None


def test_another_role_can_be_that_of_the_agents() -> None:
    call = read_call(made(analytics(speaker("Ida", "advisor"), speaker("client", "client"))), "advisor")
    assert [one.name for one in call.agents] == ["Ida"]


def test_the_reason_of_an_unknown_role_is_that_of_the_ledger() -> None:
    ledger = [{"speaker": "A", "role": None, "decision": "unknown", "reason": "both greet", "evidence": []}]
    assert read_call(made(analytics(speaker("A"), roles=ledger)), "agent").role_reason == "both greet"


@pytest.mark.parametrize(
    ("columns", "recorded", "expected"),
    [
        ({}, None, (None, "recording")),
        ({}, "2024-11-02T23:59:00-05:00", ("2024-11-02", "recording")),
        ({"Date": "20241103"}, "2024-11-02T10:00:00", ("2024-11-03", "Date")),
        ({"day": "3 November"}, "2024-11-02T10:00:00", ("2024-11-02", "recording")),
        ({"day": "", "date": "2024-11-05T01:00:00Z"}, None, ("2024-11-05", "date")),
        ({"date": "2024-02-30"}, None, (None, "recording")),
        ({}, "2999-01-01", (None, "recording")),
    ],
)
def test_the_day_is_from_the_manifest_or_the_recording(
    columns: dict[str, str], recorded: str | None, expected: tuple[str | None, str]
) -> None:
    assert day(columns, recorded) == expected


@given(st.text(max_size=40))
def test_any_text_is_a_day_or_not(text: str) -> None:
    found, source = day({"day": text})
    assert (source == "day") == (found is not None)
    assert found is None or len(found) == 10


def test_the_link_is_that_of_the_page_where_there_is_one(tmp_path: Path) -> None:
    assert read_call(made(analytics(), "a b", tmp_path), "agent").link is None
    (tmp_path / "a b.txt").touch()
    call = read_call(made(analytics(), "a b", tmp_path), "agent")
    assert (call.link, call.has_page) == ("./a%20b.txt", False)
    (tmp_path / "a b.html").touch()
    call = read_call(made(analytics(), "a b", tmp_path), "agent")
    assert (call.link, call.has_page) == ("./a%20b.html", True)


def test_only_broken_rules_are_quoted_and_long_quotes_shortened() -> None:
    moments = [quoted(float(i), "x" * 1000) for i in range(5)]
    findings = [
        finding("a", False, *moments, measured={"measure": "talk_ratio", "value": 0.61, "limit": 0.7, "unit": None}),
        finding("b", True, *moments, measured={"value": 1}),
    ]
    broken, passed = read_call(made(analytics(findings=findings)), "agent").findings
    assert broken.measured == "talk_ratio 0.61, limit 0.7"
    assert (broken.moments, len(broken.quotes)) == (5, MAX_QUOTES)
    assert len(broken.quotes[0].text) == MAX_QUOTE
    assert (passed.measured, passed.moments, passed.quotes) == ("", 0, ())


def test_the_sentiment_of_the_others_is_weighted_by_their_words() -> None:
    people = (
        speaker("agent", "agent", sentiment=0.9),
        speaker("A", sentiment=0.5, words=100),
        speaker("B", sentiment=-1.0, words=300),
        speaker("C", sentiment=None, words=50),
    )
    call = read_call(made(analytics(*people)), "agent")
    place = [one.key for one in OF_AGENT].index("others_sentiment")
    assert call.agents[0].figures[place] == -0.625


def test_every_figure_has_a_definition_and_a_place() -> None:
    assert len({one.key for one in FIGURES}) == len(FIGURES) == len(OF_CALL) + len(OF_AGENT)
    assert all(one.definition.endswith(".") for one in FIGURES)
    assert FIGURES[0].key == "duration", "the page filters by it"


def test_a_rule_that_was_changed_between_calls_has_both_texts() -> None:
    calls = [
        read_call(made(analytics(findings=[finding("r", True, expected=text)])), "agent") for text in ("a", "b", "a")
    ]
    assert report_data(calls, "Calls", "agent")["rules"][0]["expected"] == ["a", "b"]


def test_texts_are_written_once() -> None:
    calls = [read_call(made(analytics(columns={"team": "north"})), "agent") for _ in range(50)]
    texts = report_data(calls, "Calls", "agent")["texts"]
    assert texts.count("north") == 1
    assert len(texts) == len(set(texts))
