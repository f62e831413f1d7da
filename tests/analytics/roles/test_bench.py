"""The benchmark of roles counts right, wrong and unknown agents; the documented figures are the stored ones."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from examples.benchmarks import data, roles_bench
from examples.benchmarks.roles_texts import AGENT, CUSTOMER, KINDS, constructed
from pipeline.analytics.roles.request import RoleRequest, request_of
from tests.pages import DOCS, block

REQUEST = request_of((), "agent,customer", {})


def test_the_figures_are_those_of_the_benchmark() -> None:
    figures = json.loads((data.RESULTS / "roles.json").read_text(encoding="utf-8"))
    assert block(DOCS / "roles.md", "roles") == roles_bench.as_tables(figures)
    assert figures["kinds"].keys() == KINDS.keys()
    assert all(sum(counts.values()) == figures["calls"] for row in figures["kinds"].values() for counts in row.values())


def test_calls_without_errors_have_the_outcomes_of_their_kind() -> None:
    kinds = [*KINDS]
    greeting, silent = constructed(kinds[0], 0, 0.0), constructed("one speaker (voicemail)", 0, 0.0)
    assert roles_bench.outcome(greeting, REQUEST) == "right"
    assert roles_bench.outcome(greeting, RoleRequest()) == "unknown"
    assert roles_bench.outcome(silent, REQUEST) == "unknown"
    exchanged = {label: CUSTOMER if party == AGENT else AGENT for label, party in greeting.parties.items()}
    assert roles_bench.outcome(replace(greeting, parties=exchanged), REQUEST) == "wrong"


@pytest.mark.parametrize("part", [0.0, 0.3])
def test_the_same_number_gives_the_same_call(part: float) -> None:
    kind = next(iter(KINDS))
    assert constructed(kind, 3, part) == constructed(kind, 3, part)
    assert constructed(kind, 3, part).transcript != constructed(kind, 4, part).transcript
