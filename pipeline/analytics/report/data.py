"""The report's JSON: columns of numbers and texts that are written once. ``reading.js`` reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.analytics.calls import Failure, Skipped
from pipeline.analytics.report.calls import Agent, Finding, ReportCall
from pipeline.analytics.report.figures import FIGURES, rounded
from pipeline.formats.sanitize import clean

NOT_APPLICABLE, FAILED, PASSED = -1, 0, 1
"""Results of a rule in the JSON."""


class Texts:
    """Texts by number, each once; -1 is no text."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """The number of a text; invisible characters are replaced."""
        return -1 if text is None else self._numbers.setdefault(clean(text), len(self._numbers))

    @property
    def all(self) -> list[str]:
        """The texts in the order of their numbers."""
        return list(self._numbers)


def report_data(
    calls: Sequence[ReportCall],
    title: str,
    role: str,
    failures: Sequence[Failure] = (),
    skipped: Sequence[Skipped] = (),
) -> dict[str, Any]:
    """Everything the page knows; see ``reading.js`` for the meaning of each place."""
    texts = Texts()
    columns = column_names(calls)
    rules = rule_names(calls)
    numbers = {name: number for number, name in enumerate(rules)}
    return {
        "title": clean(title),
        "role": clean(role),
        "figures": [
            {"key": one.key, "label": one.label, "unit": one.unit, "definition": one.definition,
             "ofAgent": one.of_agent, "minDeviation": one.min_deviation}
            for one in FIGURES
        ],
        "columns": [clean(name) for name in columns],
        "rules": [
            {"name": clean(name), "severity": severity, "expected": [clean(one) for one in expected]}
            for name, (severity, expected) in rules.items()
        ],
        "calls": [_call(call, columns, numbers, texts) for call in calls],
        "failures": [[clean(one.call), one.status, texts.number(one.reason)] for one in failures],
        "skipped": [[clean(one.path), texts.number(one.reason)] for one in skipped],
        "texts": texts.all,
    }  # fmt: skip


def column_names(calls: Iterable[ReportCall]) -> list[str]:
    """The manifest columns of all calls."""
    return list(dict.fromkeys(name for call in calls for name in call.columns))


def rule_names(calls: Iterable[ReportCall]) -> dict[str, tuple[str, list[str]]]:
    """Each rule with its severity in the latest call, and what it asks: several texts where that was changed."""
    rules: dict[str, tuple[str, list[str]]] = {}
    for call in calls:
        for one in call.findings:
            expected = rules[one.rule][1] if one.rule in rules else []
            if one.expected and one.expected not in expected:
                expected.append(one.expected)
            rules[one.rule] = (one.severity, expected)
    return dict(sorted(rules.items()))


def _call(call: ReportCall, columns: Sequence[str], rules: Mapping[str, int], texts: Texts) -> list[Any]:
    return [
        clean(call.name),
        call.link or "",
        int(call.has_page),
        texts.number(call.day),
        texts.number(call.day_source),
        texts.number(call.language),
        int(not call.complete) + 2 * int(call.deleted),
        [texts.number(call.columns.get(name)) for name in columns],
        [_agent(agent, texts) for agent in call.agents],
        texts.number(call.role_reason),
        list(call.figures),
        rounded(call.silence_start),
        [_finding(one, rules, texts) for one in call.findings],
        [[texts.number(code), texts.number(message)] for code, message in dict.fromkeys(call.warnings)],
        texts.number(call.duplicate_of),
    ]


def _agent(agent: Agent, texts: Texts) -> list[Any]:
    return [texts.number(agent.name), texts.number(agent.speaker), texts.number(agent.decision), list(agent.figures)]


def _finding(finding: Finding, rules: Mapping[str, int], texts: Texts) -> list[Any]:
    """Rule and result; for a failed rule also what was measured, the number of moments, and the quoted ones."""
    rule = rules[finding.rule]
    if finding.passed is not False:
        return [rule, PASSED] if finding.passed else [rule, NOT_APPLICABLE, texts.number(finding.reason)]
    quotes = [
        [rounded(one.start), rounded(one.end), texts.number(one.speaker), texts.number(one.text)]
        for one in finding.quotes
    ]
    return [rule, FAILED, texts.number(finding.measured), finding.moments, quotes]
