"""Benchmark of roles on mono calls: right, wrong and unknown agents on constructed texts with errors of recognition.

    python -m examples.benchmarks.roles_bench [--calls 200] [--update]

Run it in the repository's folder. Texts, labels and errors are invented (`roles_texts`); nothing is recorded. Their
author also wrote the shipped phrases. ``--update`` writes examples/benchmarks/roles.json and the tables in
docs/roles.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from examples.benchmarks import data
from examples.benchmarks.roles_texts import ACCENTS, AGENT, CUSTOMER, KINDS, Constructed, constructed
from pipeline.analytics.roles.assigning import with_roles
from pipeline.analytics.roles.defaults import default_spec
from pipeline.analytics.roles.labels import label_of
from pipeline.analytics.roles.request import RoleRequest, request_of

CALLS = 200
"""Calls of each kind."""
ERRORS = (0.0, 0.1, 0.2, 0.3)
"""Parts of the words that are recognized wrongly."""
SYSTEMS: Mapping[str, RoleRequest] = {
    "`--roles agent,customer`": request_of((), "agent,customer", {}),
    "and `speaks_first`": request_of(
        (replace(default_spec(AGENT), speaks_first=True), default_spec(CUSTOMER)), None, {}
    ),
}
OUTCOMES = ("right", "wrong", "unknown")
Counts = dict[str, int]


def main() -> None:
    """Measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--update", action="store_true", help="write roles.json and the tables in docs/roles.md")
    options = parser.parse_args()
    figures = measure(options.calls)
    sys.stdout.write(as_tables(figures) + "\n")
    if options.update:
        (data.RESULTS / "roles.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "roles.md", "roles", as_tables(figures))


def measure(calls: int) -> dict[str, Any]:
    """Outcomes of the agent's role by kind of call, by part of wrong words and by accent."""
    kinds = {kind: _systems([constructed(kind, n, 0.1) for n in range(calls)]) for kind in KINDS}
    greeting = [*KINDS][:2]
    errors = {
        str(part): _systems([constructed(kind, n, part) for kind in greeting for n in range(calls)]) for part in ERRORS
    }
    accents = {
        accent: _systems([constructed(kind, n, 0.5, accent) for kind in greeting for n in range(calls)])
        for accent in ACCENTS
    }
    return {"calls": calls, "kinds": kinds, "errors": errors, "accents": accents}


def _systems(calls: Sequence[Constructed]) -> dict[str, Counts]:
    return {name: _counts(calls, request) for name, request in SYSTEMS.items()}


def _counts(calls: Sequence[Constructed], request: RoleRequest) -> Counts:
    found = Counter(outcome(call, request) for call in calls)
    return {each: found[each] for each in OUTCOMES}


def outcome(call: Constructed, request: RoleRequest) -> str:
    """Whether the role of the agent is right; a wrong customer is wrong as well."""
    done = with_roles(call.transcript, request)
    before = dict(zip(done.speakers, call.transcript.speakers, strict=True))
    found = {role: label_of(done, role) for role in (AGENT, CUSTOMER)}
    if any(label is not None and call.parties[before[label]] != role for role, label in found.items()):
        return "wrong"
    return "unknown" if found[AGENT] is None else "right"


def as_tables(figures: Mapping[str, Any]) -> str:
    """The figures as Markdown tables: right / wrong / unknown in percent."""
    sections = (
        ("kind of call, 10 % of the words wrong", figures["kinds"]),
        (
            "calls with a greeting with a phrase, by wrong words",
            {f"{float(part):.0%}".replace("%", " %"): counts for part, counts in figures["errors"].items()},
        ),
        ("the same calls, half of the words that the accent changes wrong", figures["accents"]),
    )
    return "\n\n".join(_table(head, rows) for head, rows in sections)


def _table(head: str, rows: Mapping[str, Mapping[str, Counts]]) -> str:
    lines = [f"| {head} | {' | '.join(SYSTEMS)} |", "|---|" + "---|" * len(SYSTEMS)]
    for name, systems in rows.items():
        lines.append(f"| {name} | {' | '.join(_cell(systems[system]) for system in SYSTEMS)} |")
    return "\n".join(lines)


def _cell(counts: Counts) -> str:
    total = sum(counts.values())
    return " / ".join(f"{100 * counts[each] / total:.1f}" for each in OUTCOMES)


if __name__ == "__main__":
    main()
