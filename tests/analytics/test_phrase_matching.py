"""Fuzzy matching of phrases, and findings of rules with their evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.analytics.phrase_matching import Finding, evaluate_rules, find
from pipeline.analytics.phrase_rules import Rule
from pipeline.core.identity import Identity
from pipeline.formats.naming import with_identities
from tests.analytics.calls import call, spoken

CALL = call(
    60.0,
    spoken("agent", 2.0, 6.0, "Good morning, thank you for calling Acme."),
    spoken("customer", 7.0, 9.0, "I promise I paid."),
    spoken("agent", 30.0, 33.0, "May I have your card number?"),
    spoken("agent", 38.0, 40.0, "This call is being recorded."),
)


def evaluated(**rule: object) -> Finding:
    (finding,) = evaluate_rules(CALL, [Rule("r", **rule)])  # type: ignore[arg-type]
    return finding


def test_a_phrase_in_time_has_its_words_and_times_as_evidence() -> None:
    finding = evaluated(says=("thanks for calling", "thank you for calling"), speaker="agent", within=20.0)
    assert finding.passed is True
    (evidence,) = finding.evidence
    assert (evidence.text, evidence.phrase, evidence.similarity) == (
        "thank you for calling",
        "thank you for calling",
        1.0,
    )
    assert (evidence.start, evidence.speaker) == (pytest.approx(2.0 + 4 * 2 / 7), "agent")


def test_a_late_phrase_another_speaker_or_no_match_fails() -> None:
    assert evaluated(says=("card number",), within=20.0).passed is False
    assert evaluated(says=("I promise",), speaker="agent").passed is False
    assert evaluated(says=("have a nice day",)).passed is False


def test_a_forbidden_phrase_is_evidence() -> None:
    finding = evaluated(never=("I promise", "I guarantee"))
    assert (finding.passed, [e.text for e in finding.evidence]) == (False, ["I promise"])
    assert evaluated(never=("I promise",), speaker="agent").passed is True


def test_phrases_after_other_phrases() -> None:
    recorded = ("this call is recorded",)
    assert evaluated(says=recorded, after=("card number",), within=10.0).passed is True
    late = evaluated(says=recorded, after=("card number",), within=2.0)
    assert (late.passed, [e.text for e in late.evidence]) == (False, ["card number?"])
    assert evaluated(says=recorded, after=("cancel my contract",), within=10.0).passed is None
    assert evaluated(never=recorded, after=("card number",), within=10.0).passed is False


def test_a_rule_for_an_absent_speaker_does_not_apply() -> None:
    assert evaluated(says=("hello",), speaker="supervisor").passed is None


def test_matches_need_the_similarity() -> None:
    for text, matches in (("thank you for colin", True), ("thank you for everything", False)):
        transcript = call(9.0, spoken("a", 0.0, 4.0, text))
        assert bool(find(transcript, ["thank you for calling"], 0.8, None)) == matches


def test_of_overlapping_matches_the_best_is_taken() -> None:
    transcript = call(
        9.0, spoken("a", 0.0, 4.0, "well thank you for calling us"), spoken("a", 5.0, 8.0, "thank you for calling")
    )
    assert [e.text for e in find(transcript, ["thank you for calling"], 0.6, None)] == ["thank you for calling"] * 2


def test_a_rule_for_a_role_applies_to_the_person_who_was_named() -> None:
    named = with_identities(CALL, (Identity("agent", "Ana", "named", "similarity 0.80, at least 0.50", 0.8),))
    rule = Rule("r", says=("thank you for calling",), speaker="agent")
    (finding,) = evaluate_rules(named, [rule])
    assert finding.passed is True
    assert [evidence.speaker for evidence in finding.evidence] == ["Ana"]
    (by_name,) = evaluate_rules(named, [replace(rule, speaker="Ana")])
    assert by_name.passed is True
