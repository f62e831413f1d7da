"""The page has the measured figures, and the parts of the data are separate."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from examples.benchmarks import data
from examples.benchmarks.minutes_bench import as_tables
from examples.benchmarks.minutes_data import PARTS, read_meetings
from examples.training.train_minutes import rarities
from pipeline.minutes.talk import Talk
from pipeline.minutes.weights import PATH, load
from tests.conftest import REPOSITORY

FIGURES = json.loads((data.RESULTS / "minutes.json").read_text(encoding="utf-8"))


def test_the_tables_are_the_results() -> None:
    page = (REPOSITORY / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    block = page.partition("<!-- minutes:begin -->\n")[2].partition("\n<!-- minutes:end -->")[0]
    assert block == as_tables(FIGURES)
    assert FIGURES["part"] == "report"


def test_topics_reach_the_aim() -> None:
    pk = {system: entry["mean"] for system, entry in FIGURES["measures"]["pk"].items()}
    assert pk["minutes"] <= 0.38
    assert pk["minutes"] <= 0.85 * pk["TextTiling"]
    assert pk["minutes"] == min(pk.values())


def test_agendas_and_earlier_actions_are_better_than_shared_words() -> None:
    agenda, actions = FIGURES["agenda"], FIGURES["follow_up"]
    ours = agenda["minutes"]["right"]["mean"]
    assert ours == max(entry["right"]["mean"] for name, entry in agenda.items() if name != "lines")
    assert ours >= 2 * agenda["chance"]["right"]["mean"]
    assert agenda["minutes"]["other"]["mean"] <= 0.1
    assert actions["minutes"]["other"] <= 0.01


def test_no_series_is_in_two_parts() -> None:
    parts = yaml.safe_load(PARTS.read_text(encoding="utf-8"))
    assert set(parts) == {"train", "tune", "report"}
    assert all(set(one).isdisjoint(two) for one, two in combinations(parts.values(), 2))


def test_the_weights_are_small() -> None:
    assert PATH.stat().st_size < 2_000_000
    weights = load()
    assert all(0 <= value < 3 for value in weights.rarity.values())
    assert weights.rarity["the"] == 0 < weights.rarity["budget"]


def test_rarity_is_that_of_the_training_meetings(shared_data: Path) -> None:
    if not (shared_data / "qmsum").is_dir():
        pytest.skip("QMSum is not in shared/data")
    parts = read_meetings(shared_data / "qmsum")
    meetings = parts["train"] + parts["tune"]
    assert rarities(meetings, [Talk.of(each.transcript) for each in meetings]) == dict(load().rarity)
