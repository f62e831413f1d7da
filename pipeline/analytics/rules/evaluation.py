"""Evaluation of rules: a finding for each, with what was expected, what was measured, and the moments that decided.

A condition passes, fails, or does not apply. ``all`` fails where a part fails, and else does not apply where a part
does not; ``any`` passes where a part passes, and else does not apply where a part does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.analytics.rules import measure_conditions, phrase_conditions
from pipeline.analytics.rules.call import Call
from pipeline.analytics.rules.describing import expectation
from pipeline.analytics.rules.types import Combined, Condition, Finding, Measured, Outcome, Phrases, Reference, Rule
from pipeline.core.types import Transcript


def evaluate_rules(transcript: Transcript, rules: Sequence[Rule], analytics: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The finding for each rule; ``analytics`` are those of the transcript as plain data."""
    call = Call(transcript, analytics, {rule.name: rule for rule in rules})
    return tuple(_finding(rule, outcome_of(call, rule.condition)) for rule in rules)


def _finding(rule: Rule, outcome: Outcome) -> Finding:
    return Finding(
        rule.name,
        rule.severity,
        outcome.passed,
        outcome.expected,
        outcome.measured,
        outcome.evidence,
        outcome.reason,
    )


def outcome_of(call: Call, condition: Condition) -> Outcome:
    """What comes of a condition in a call."""
    if isinstance(condition, Phrases):
        return phrase_conditions.evaluate(call, condition)
    if isinstance(condition, Measured):
        return measure_conditions.evaluate(call, condition)
    if isinstance(condition, Reference):
        if condition.rule not in call.outcomes:
            call.outcomes[condition.rule] = outcome_of(call, call.rules[condition.rule].condition)
        return call.outcomes[condition.rule]
    return combined(condition, [outcome_of(call, part) for part in condition.conditions])


def combined(condition: Combined, parts: Sequence[Outcome]) -> Outcome:
    """The outcome of the parts together, with the evidence of those that decided."""
    results = [part.passed for part in parts]
    decisive = condition.mode == "any"
    if condition.mode == "not":
        passed = None if results[0] is None else not results[0]
    elif decisive in results:
        passed = decisive
    else:
        passed = None if None in results else not decisive
    wanted = not passed if condition.mode == "not" and passed is not None else passed
    deciding = [part for part in parts if part.passed is wanted]
    evidence = tuple(dict.fromkeys(each for part in deciding for each in part.evidence))
    measured = next((part.measured for part in deciding if part.measured), None)
    reasons = dict.fromkeys(part.reason for part in deciding if part.reason)
    return Outcome(passed, expectation(condition), evidence, measured, "; ".join(reasons) or None)
