"""The tables that a reader without JavaScript sees: rules, calls, failures and what was left out, as HTML."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pipeline.analytics.calls import Failure, Skipped
from pipeline.analytics.report.calls import ReportCall
from pipeline.analytics.report.figures import OF_CALL, Unit
from pipeline.formats.sanitize import clean

SHOWN = ("duration", "silence_ratio", "longest_silence", "interruptions")
"""The figures of a call in its table; all others need the script, or the CSV tables."""


def plain_tables(
    calls: Sequence[ReportCall], role: str, failures: Sequence[Failure], skipped: Sequence[Skipped]
) -> str:
    """The tables as HTML; every text in them is cleaned and escaped."""
    figures = [(place, figure) for place, figure in enumerate(OF_CALL) if figure.key in SHOWN]
    head = ["call", "day", role, *(figure.label for _, figure in figures), "rules broken", "warnings"]
    rows = (
        [
            _link(call),
            *map(
                _text,
                (
                    call.day or "–",
                    ", ".join(agent.name or "(no name)" for agent in call.agents) or "–",
                    *(written(call.figures[place], figure.unit) for place, figure in figures),
                    ", ".join(one.rule for one in call.findings if one.passed is False),
                    ", ".join(dict.fromkeys(code for code, _ in call.warnings)),
                ),
            ),
        ]
        for call in calls
    )
    parts = [
        _table("Rules", ["rule", "broken", "passed", "does not apply"], _rules(calls)),
        _table("Calls", head, rows),
        _table(
            "Failed",
            ["recording", "status", "reason"],
            ([_text(one.call), _text(one.status), _text(one.reason)] for one in failures),
        ),
        _table("Left out", ["file", "reason"], ([_text(one.path), _text(one.reason)] for one in skipped)),
    ]
    return "".join(parts)


def _rules(calls: Iterable[ReportCall]) -> Iterator[list[str]]:
    results = Counter((one.rule, one.passed) for call in calls for one in call.findings)
    for rule in sorted({rule for rule, _ in results}):
        yield [_text(rule), *(str(results[rule, passed]) for passed in (False, True, None))]


def written(value: float | None, unit: Unit) -> str:
    """A figure as text: the same as in the page, for the units of `SHOWN`."""
    if value is None:
        return "–"
    if unit == "time":
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"
    if unit == "ratio":
        return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"
    return f"{value:.1f} s" if unit == "s" else f"{value:g}"


def _link(call: ReportCall) -> str:
    return _text(call.name) if call.link is None else f'<a href="{html.escape(call.link)}">{_text(call.name)}</a>'


def _text(text: str) -> str:
    return html.escape(clean(text))


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A titled table of escaped cells; nothing without rows."""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    heads = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in head)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    return f'<h2>{title}</h2><div class="scroll">{table}</div>' if body else ""
