"""docs/call-centre.md: its commands on the example calls with the default models, and the results that it names."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from examples.synthetic_calls import AGENT, CUSTOMER
from pipeline import Transcript, formats, media
from pipeline.models.weights import Store
from tests import pages
from tests.conftest import REPOSITORY
from tests.pages import DOCS

PAGE = DOCS / "call-centre.md"
CALLS = REPOSITORY / "examples" / "calls"
NAMES = ("1001", "1002", "1003", "1004")
BROKEN = "1005"
EXIT_CODES = (0, 3, 0, 0)
"""Of the commands of the page, in order: one recording of the batch fails."""
GROUPS = ("4242", "4261", "6628", "4056", "double six", "167")
"""What the recognizer may write of the card number and the security code of 1001."""
PERSONAL = ("Peter", "Schmidt", "miller", "example.com", "14th", "1982")
"""What it may write of the others."""


def truth(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CALLS / "reference" / f"{name}.truth.json").read_text(encoding="utf-8"))
    return content


def test_the_page_shows_the_files_of_the_example() -> None:
    assert pages.code(PAGE, "csv") == [(CALLS / "manifest.csv").read_text(encoding="utf-8")]
    (shown,) = pages.code(PAGE, "yaml")
    assert yaml.safe_load(shown) == yaml.safe_load((CALLS / "rules.yaml").read_text(encoding="utf-8"))
    assert len(pages.commands(PAGE)) == len(EXIT_CODES)


def test_the_page_names_the_results_of_the_rules() -> None:
    rows = [line.split("|")[1:-1] for line in pages.text(PAGE).splitlines() if line.startswith("| `100")]
    rules = [rule["name"] for rule in yaml.safe_load((CALLS / "rules.yaml").read_text(encoding="utf-8"))["rules"]]
    found = {
        row[0].split("`")[1]: dict(zip(rules, [cell.split(":")[0].strip() for cell in row[1:]], strict=True))
        for row in rows
    }
    assert found == {name: truth(name)["rules"] for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_calls_are_small_and_neither_clipped_nor_too_quiet(name: str) -> None:
    path = CALLS / f"{name}.m4a"
    assert path.stat().st_size < 100_000
    decoded = media.decode(path)
    assert (decoded.audio.channels is not None) == truth(name)["stereo"]
    assert 0.2 < np.abs(decoded.audio.samples).max() < 0.95
    assert decoded.duration == pytest.approx(formats.load(CALLS / "reference" / f"{name}.json").duration, abs=0.2)


def test_planted_items_are_where_the_truth_has_them() -> None:
    kinds = []
    for name in NAMES:
        reference = formats.load(CALLS / "reference" / f"{name}.json")
        for item in truth(name)["planted"]:
            words = reference.utterances[item["utterance"]].words[item["first"] : item["last"]]
            assert " ".join(word.text for word in words).rstrip(".,?") == item["text"]
            assert (words[0].start, words[-1].end) == pytest.approx((item["start"], item["end"]), abs=0.011)
            kinds.append(item["kind"])
    assert {"card", "cvv", "email", "name", "date"} <= set(kinds)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the commands of the page were run."""
    folder = tmp_path_factory.mktemp("day")
    shutil.copytree(CALLS, folder / "examples" / "calls")
    for line, expected in zip(pages.commands(PAGE), EXIT_CODES, strict=True):
        command = [sys.executable, "-m", "pipeline", *shlex.split(line)[1:]]
        environment = {"PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(folder / "cache")}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**environ(), **environment})
        assert done.returncode == expected, (line, done.stdout, done.stderr)
        (folder / "explained.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def environ() -> Mapping[str, str]:
    return {**os.environ, "CROSSTALK_MODELS": str(Store().root)}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def said_by(transcript: Transcript, speaker: str) -> str:
    return " ".join(each.text for each in transcript.utterances if each.speaker == speaker).lower()


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.timeout(900)
class TestDay:
    """The commands of the page, from the manifest to the report."""

    def test_roles_are_right(self, day: Path) -> None:
        signs = {
            "1001": ("number of the card", "pay it by card"),
            "1002": ("send it again", "my new contract"),
            "1003": ("how can i help", "we are moving"),
            "1004": ("thank you for calling", "question about my meter"),
        }
        for name in NAMES:
            transcript = formats.load(day / "out" / f"{name}.json")
            assert set(transcript.speakers) == {AGENT, CUSTOMER}
            for speaker, sign in zip((AGENT, CUSTOMER), signs[name], strict=True):
                assert sign in said_by(transcript, speaker)

    def test_findings_are_those_of_the_page(self, day: Path) -> None:
        found: dict[str, dict[str, str]] = {name: {} for name in NAMES}
        for row in rows(day / "out" / "tables" / "findings.csv"):
            found[row["call"]][row["rule"]] = "passed" if row["passed"].lower() == "true" else "failed"
        assert found == {name: truth(name)["rules"] for name in NAMES}

    def test_no_planted_item_is_in_a_file(self, day: Path) -> None:
        from tests.redaction.search import files_with

        assert files_with(day / "out", [*GROUPS, *PERSONAL]) == {}

    def test_card_and_code_are_verified_in_the_redacted_recording(self, day: Path) -> None:
        content = json.loads((day / "out" / "1001.redaction.json").read_text(encoding="utf-8"))
        assert content["complete"]
        for item in truth("1001")["planted"]:
            redactions = [
                each for each in content["redactions"] if each["start"] < item["end"] and item["start"] < each["end"]
            ]
            assert {each["verification"] for each in redactions} == {"verified"}
            assert min(each["muted"][0] for each in redactions) <= item["start"] + 0.1
            assert max(each["muted"][1] for each in redactions) >= item["end"] - 0.1
        assert "[card]" in (day / "out" / "1001.txt").read_text(encoding="utf-8")

    def test_columns_and_failures_are_in_tables_and_report(self, day: Path) -> None:
        calls = {row["call"]: row for row in rows(day / "out" / "tables" / "calls.csv")}
        assert {name: calls[name]["agent"] for name in NAMES} == {
            "1001": "Laura", "1002": "Daniel", "1003": "Laura", "1004": "Grace",
        }  # fmt: skip
        (failure,) = rows(day / "out" / "tables" / "failures.csv")
        assert failure["call"] == BROKEN
        page = (day / "out" / "report.html").read_text(encoding="utf-8")
        assert all(text in page for text in ("Laura", "Daniel", "Grace", "south", BROKEN))

    def test_the_explanation_quotes_the_promise(self, day: Path) -> None:
        assert "guarantee" in (day / "explained.txt").read_text(encoding="utf-8").lower()

    def test_the_queries_answer(self, day: Path) -> None:
        pytest.importorskip("duckdb")
        from examples.read_tables_duckdb import connect

        connection = connect(day / "out" / "tables")
        broken, failures = (connection.sql(query).fetchall() for query in pages.code(PAGE, "sql"))
        assert broken == [
            ("south", "customer thanks", 2), ("south", "recording notice", 2), ("north", "no promises", 1),
            ("south", "greeting", 1),
        ]  # fmt: skip
        assert [row[0] for row in failures] == [BROKEN]
