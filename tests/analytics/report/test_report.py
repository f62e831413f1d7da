"""The file of the report: everything is escaped, nothing is fetched, all calls are linked; and its command."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from examples.benchmarks.report_calls import made, many
from pipeline import formats
from pipeline.analytics.calls import Failure, History, Skipped, read_calls
from pipeline.analytics.report.build import render, script
from pipeline.cli.app import app
from pipeline.core.errors import SettingsError
from pipeline.formats.page.build import source_hash
from tests.analytics.calls import call, spoken, write_analytics
from tests.page.test_build import Parts

EVIL = "<script>alert(1)</script>\"'&"
RULES = f"rules: [{{name: {json.dumps(EVIL)}, never: [{json.dumps('promise ' + EVIL)}]}}]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(10):
        name = f"call {number} <b>#?%\u202e"
        text = f"promise {EVIL} now" if number else "nothing at all"
        transcript = call(60.0 + number, spoken(EVIL, 0.0, 2.0 + number / 10, text))
        write_analytics(transcript, RULES, tmp_path / name, {EVIL: "</script>"})
        (tmp_path / f"{name}.txt").write_bytes(formats.dumps(transcript, "txt"))
    write_analytics(call(4000.0), "", tmp_path / "long", {})
    return tmp_path


def test_only_its_own_script_and_style_may_run(folder: Path) -> None:
    found = Parts(render(read_calls(folder), "Calls"))
    policy = dict(rule.split(" ", 1) for rule in found.policy.split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == source_hash(script())
    assert found.content["module"] == script()
    assert policy["style-src"] == source_hash(found.content["style"])


def test_texts_are_inert_and_nothing_is_fetched(folder: Path) -> None:
    failures = (Failure(f"bad {EVIL}", "refused", f"is {EVIL}"),)
    text = render(read_calls(folder), EVIL, failures, [Skipped(f"{EVIL}.docx", f"no {EVIL}")])
    assert text.count("<script") == 2, "the data and the script of the page"
    assert "alert(1)</script>" not in text
    assert "\u202e" not in text
    assert "url(" not in text
    data = json.loads(Parts(text).content["data"])
    assert data["title"] == EVIL
    assert data["columns"] == [EVIL]
    assert not any(address.startswith(("http", "//", "javascript")) for address in Parts(text).addresses)


def test_all_links_lead_to_transcripts(folder: Path) -> None:
    data = json.loads(Parts(render(read_calls(folder), "Calls")).content["data"])
    links = {row[1] for row in data["calls"]}
    assert len(links) == 11
    assert all((folder / unquote(link)).is_file() for link in links if link)


def test_without_a_script_rules_calls_and_failures_are_there(folder: Path) -> None:
    failures = (Failure("bad", "refused", "is HTML, not a recording"),)
    text = render(
        read_calls(folder, History(exists={"long": False})), "Calls", failures, [Skipped("a.docx", "no recording")]
    )
    plain = text.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "need JavaScript" in plain
    for part in ("is HTML, not a recording", "a.docx", "1:06:40", "&lt;script&gt;", "<td>9</td><td>1</td>"):
        assert part in plain
    assert plain.count("<a href=") == 10


def test_equal_calls_give_equal_bytes() -> None:
    calls = [made(data, f"call{number}") for number, data in enumerate(many(20))]
    assert render(calls, "Calls") == render(calls, "Calls")


def test_a_thousand_calls_stay_far_under_five_megabytes() -> None:
    calls = [made(data, f"north/2026-11-02/call{number:04d}") for number, data in enumerate(many(1000))]
    assert len(render(calls, "Calls").encode()) < 2e6


@pytest.mark.slow
def test_the_commands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "rules.yaml").write_text(RULES)
    done = CliRunner().invoke(app, ["report", ".", "--title", "July", "--role", EVIL])
    assert done.exit_code == 0
    page = (folder / "report.html").read_text()
    assert "<title>July</title>" in page
    assert json.loads(Parts(page).content["data"])["role"] == EVIL
    assert (folder / "tables/calls.csv").is_file()
    (folder / "one.json").write_bytes(formats.dumps(call(9.0, spoken("a", 0.0, 1.0, "hello")), "json"))
    done = CliRunner().invoke(app, ["analyze", "one.json", "--rules", "rules.yaml"])
    assert json.loads(done.stdout)["speakers"][0]["talk"] == 1.0
    assert json.loads(done.stdout)["findings"][0]["passed"] is True
    (folder / "rules.yaml").write_text("rules: 3")
    refused = CliRunner().invoke(app, ["analyze", "one.json", "--rules", "rules.yaml"])
    assert isinstance(refused.exception, SettingsError)
