"""Findings: what passes, fails or does not apply, with evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analytics.analytics_file import analyze
from pipeline.analytics.rules.evaluation import combined, evaluate_rules
from pipeline.analytics.rules.measure_names import MEASURES
from pipeline.analytics.rules.reading import read
from pipeline.analytics.rules.types import Combined, Finding, Outcome, Reference
from pipeline.core.identity import Identity
from pipeline.core.role import RoleDecision
from pipeline.core.types import Transcript
from pipeline.formats.naming import with_identities
from tests.analytics.calls import call, spoken

CALL = call(
    60.0,
    spoken("agent", 2.0, 6.0, "Good morning, thank you for calling Acme."),
    spoken("customer", 7.0, 9.0, "I promise I paid."),
    spoken("agent", 30.0, 33.0, "May I have your card number?"),
    spoken("agent", 38.0, 40.0, "This call is being recorded."),
    spoken("customer", 39.0, 42.0, "No wait, I do not want that."),
)
MONO = replace(
    call(60.0, spoken("SPEAKER_00", 2.0, 6.0, "thank you for calling"), spoken("SPEAKER_01", 8.0, 9.0, "hello")),
    roles=(
        RoleDecision("SPEAKER_00", "agent", "phrase", "says a greeting"),
        RoleDecision("SPEAKER_01", None, "unknown", "no evidence"),
    ),
)


def finding(rule: str, transcript: Transcript = CALL, others: str = "") -> Finding:
    """The finding of a rule that is written without its name."""
    rules = read(f"rules:\n- {{name: r, {rule}}}\n{others}").rules
    return evaluate_rules(transcript, rules, analyze(transcript))[0]


def test_a_phrase_in_time_has_its_words_and_times_as_evidence() -> None:
    found = finding("says: [thanks for calling, thank you for calling], speaker: agent, within: 20, severity: critical")
    assert (found.passed, found.severity, found.reason) == (True, "critical", None)
    assert found.expected == 'agent says "thanks for calling" or "thank you for calling" in the first 20 s'
    (evidence,) = found.evidence
    assert (evidence.text, evidence.phrase, evidence.similarity) == ("thank you for calling",) * 2 + (1.0,)
    assert (evidence.start, evidence.speaker) == (pytest.approx(2.0 + 4 * 2 / 7), "agent")


@pytest.mark.parametrize(
    ("rule", "passed", "texts"),
    [
        ("says: [card number], within: 20", False, []),
        ("says: [I promise], speaker: agent", False, []),
        ("says: [have a nice day]", False, []),
        ("says: {all: [card number, I promise]}", True, ["I promise", "card number?"]),
        ("says: {all: [card number, goodbye]}", False, ["card number?"]),
        ("says: {any: [card number, goodbye]}", True, ["card number?"]),
        ("never: [I promise, I guarantee]", False, ["I promise"]),
        ("never: [I promise], speaker: agent", True, []),
        ("says: [card number], range: first half", False, []),
        ("says: [card number], range: 30 s to 40 s", True, ["card number?"]),
        ("says: [card number], range: {to: 30}", False, []),
        ("says: [being recorded], range: last 40 %", True, ["being recorded."]),
        ("never: [being recorded], range: last 15 s", True, []),
        ("says: [this call is recorded], after: [card number], within: 10", True, ["This call is being recorded."]),
        ("says: [this call is recorded], after: [card number], within: 2", False, ["card number?"]),
        ("says: [this call is recorded], after: [card number]", True, ["This call is being recorded."]),
        ("never: [this call is recorded], after: [card number], within: 10", False, ["This call is being recorded."]),
        ("says: [this call is recorded], after: [cancel my contract], within: 10", None, []),
        ("says: [this call is recorded], before: [card number]", False, ["card number?"]),
        ("says: [thank you for calling], before: [card number]", True, ["thank you for calling"]),
        ("says: [thank you for calling], before: [card number], within: 5", False, ["card number?"]),
        ("says: [do not want], after: {says: [recorded], speaker: agent}", True, ["do not want"]),
        ("says: [do not want], after: {says: [recorded], speaker: customer}", None, []),
        ("says: [hello], speaker: supervisor", None, []),
        ("says: [hello], range: from 2 min", None, []),
        ("not: {never: [I promise]}", True, ["I promise"]),
        ("all: [{says: [I promise]}, {says: [goodbye]}]", False, []),
        ("any: [{says: [I promise]}, {says: [goodbye]}]", True, ["I promise"]),
        ("any: [{says: [hello], role: boss}, {says: [goodbye]}]", None, []),
    ],
)
def test_phrases_by_speaker_and_place(rule: str, passed: bool | None, texts: list[str]) -> None:
    found = finding(rule)
    assert (found.passed, [each.text for each in found.evidence]) == (passed, texts)
    assert (found.reason is not None) >= (passed is None)


@pytest.mark.parametrize(
    ("rule", "value", "passed"),
    [
        ("measure: duration, lte: 60", 60.0, True),
        ("measure: talk_ratio, speaker: agent, lte: 0.6", 9 / 14, False),
        ("measure: talk, gte: 14", 14.0, True),
        ("measure: talk, speaker: customer, range: last half, gte: 4", 3.0, False),
        ("measure: talk_ratio, speaker: agent, range: 0 s to 10 s, gte: 0.6", 4 / 6, True),
        ("measure: words, speaker: customer, gte: 11", 11, True),
        ("measure: words_per_minute, speaker: agent, range: 30 s to 33 s, lte: 110", 120.0, False),
        ("measure: silence, lte: 47", 47.0, True),
        ("measure: silence, range: last 20 s, lte: 18", 18.0, True),
        ("measure: silence_ratio, range: last 20 s, lte: 0.5", 0.9, False),
        ("measure: longest_silence, lte: 20", 21.0, False),
        ("measure: longest_silence, range: first 10 s, lte: 2", 2.0, True),
        ("measure: overlap, lte: 0.9", 1.0, False),
        ("measure: overlap, range: first half, lte: 0", 0.0, True),
        ("measure: interruptions, speaker: customer, lte: 0", 1, False),
        ("measure: interruptions, speaker: agent, lte: 0", 0, True),
        ("measure: interruptions, lte: 0, range: first half", 0, True),
        ("measure: interruption_time, speaker: customer, lte: 0.5", 1.0, False),
        ("measure: interrupted, speaker: agent, gte: 1", 1, True),
        ("measure: backchannels, gte: 1", 0, False),
        ("measure: questions, speaker: agent, gte: 1", 1, True),
        ("measure: longest_monologue, speaker: agent, lte: 30", 10.0, True),
        ("measure: loudness, speaker: agent, lte: -10", None, None),
        ("measure: loudness, speaker: agent, range: last half, lte: -10", None, None),
        ("measure: hold, lte: 30", None, None),
        ("measure: music, range: last half, lte: 30", None, None),
        ("measure: shouting, lte: 0", None, None),
        ("measure: ended_by, is: customer", None, None),
        ("measure: talk_ratio, role: boss, gte: 0", None, None),
        ("measure: talk_ratio, speaker: agent, range: last 10 s, gte: 0", None, None),
    ],
)
def test_measures(rule: str, value: float | None, passed: bool | None) -> None:
    found = finding(rule)
    assert found.passed is passed
    if value is None:
        assert found.measured is None
        assert found.reason
    else:
        assert found.measured is not None
        assert found.measured["value"] == pytest.approx(value, abs=0.001)


def test_every_measure_with_a_range_is_measured_in_the_whole_call() -> None:
    pytest.importorskip("vaderSentiment", reason="needs the extra [analytics]")
    for name, measure in MEASURES.items():
        speaker = "" if measure.speaker == "refused" else ", speaker: customer"
        if measure.has_range:
            part, whole = (finding(f"measure: {name}, gte: 0{speaker}{r}") for r in (", range: {from: 0}", ""))
            if part.measured is not None and name not in ("longest_silence", "sentiment"):
                assert part.measured["value"] == pytest.approx(whole.measured and whole.measured["value"], abs=0.001), (
                    name
                )


def test_measures_count_moments() -> None:
    (silence,) = finding("measure: longest_silence, lte: 20").evidence
    assert (silence.start, silence.end, silence.speaker) == (9.0, 30.0, "")
    (event,) = finding("measure: interruptions, speaker: customer, lte: 0").evidence
    assert (event.start, event.speaker) == (39.0, "customer")


def test_sentiment_of_a_part() -> None:
    pytest.importorskip("vaderSentiment", reason="needs the extra [analytics]")
    moods = call(
        40.0,
        spoken("customer", 0.0, 5.0, "This is terrible and awful."),
        spoken("customer", 30.0, 35.0, "Wonderful, thank you, that is great."),
    )
    assert finding("measure: sentiment, speaker: customer, range: first quarter, gte: 0", moods).passed is False
    assert finding("measure: sentiment, speaker: customer, range: last quarter, gte: 0.3", moods).passed is True
    assert finding("measure: sentiment, speaker: customer, range: 10 s to 20 s, gte: 0", moods).passed is None


def test_roles_are_those_of_the_ledger() -> None:
    for key in ("role", "speaker"):
        found = finding(f"says: [thank you for calling], {key}: agent", MONO)
        assert (found.passed, [each.role for each in found.evidence]) == (True, ["agent"])
        absent = finding(f"says: [hello], {key}: customer", MONO)
        assert absent.passed is None
        assert absent.reason is not None
        assert "no evidence" in absent.reason
    assert finding("says: [hello], speaker: SPEAKER_01", MONO).passed is True
    assert finding("says: [hello], role: SPEAKER_01", MONO).passed is None


def test_a_rule_for_a_role_applies_to_the_person_who_was_named() -> None:
    named = with_identities(CALL, (Identity("agent", "Ana", "named", "similarity 0.80, at least 0.50", 0.8),))
    for speaker in ("agent", "Ana"):
        found = finding(f"says: [thank you for calling], speaker: {speaker}", named)
        assert (found.passed, [each.speaker for each in found.evidence]) == (True, ["Ana"])


def test_rules_refer_to_each_other() -> None:
    others = "- {name: promised, says: [I promise]}\n- {name: sold, says: [it is yours]}"
    assert finding("all: [promised, {not: sold}]", others=others).passed is True
    assert finding("any: [sold]", others=others).passed is False


results = st.sampled_from([True, False, None])


@given(st.lists(results, min_size=1, max_size=4))
def test_all_is_the_contrary_of_any_contrary(parts: list[bool | None]) -> None:
    def together(mode: Any, values: list[bool | None]) -> bool | None:
        condition = Combined(mode, tuple(Reference(str(i)) for i in range(len(values))))
        return combined(condition, [Outcome(value, "") for value in values]).passed

    contrary = [together("not", [part]) for part in parts]
    assert together("all", parts) == together("not", [together("any", contrary)])


def test_old_files_have_the_same_findings() -> None:
    """The rules of version 0.1.0's page, on a call; each passes, fails and quotes as it did."""
    rules = read("""
rules:
  - name: greeting
    speaker: agent
    says: [thank you for calling, how can I help]
    within: 20
  - name: no promises
    speaker: agent
    never: [I promise, I guarantee]
  - name: recording notice
    says: [this call is recorded]
    after: [your card number]
    within: 10
""").rules
    found: Mapping[str, Finding] = {each.rule: each for each in evaluate_rules(CALL, rules, analyze(CALL))}
    assert {name: each.passed for name, each in found.items()} == dict.fromkeys(found, True)
    assert [e.text for e in found["recording notice"].evidence] == ["This call is being recorded."]
    assert [e.text for e in found["greeting"].evidence] == ["thank you for calling"]
