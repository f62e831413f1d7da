"""The HTML report: everything is escaped, nothing is fetched, all calls are linked; and its commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from pipeline import formats
from pipeline.analytics import html_report, tables
from pipeline.analytics.calls import Failure, History, read_calls
from pipeline.analytics.outliers import outliers
from pipeline.cli.app import app
from pipeline.core.errors import SettingsError
from tests.analytics.calls import call, spoken, write_analytics

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OFFLINE = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)
"""Options of a browser without window, sandbox and own requests."""
EVIL = "<script>alert(1)</script>\"'&"
RULES = f"rules: [{{name: {json.dumps(EVIL)}, never: [{json.dumps('promise ' + EVIL)}]}}]"


class Reader(HTMLParser):
    """Collects tags, attribute values, links and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.values: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.values += [value or "" for _, value in attrs]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(10):
        name = f"call {number} <b>#?%\u202e"
        text = f"promise {EVIL} now" if number else "nothing at all"
        transcript = call(60.0 + number, spoken(EVIL, 0.0, 2.0 + number / 10, text))
        write_analytics(transcript, RULES, tmp_path / name, {})
        (tmp_path / f"{name}.txt").write_bytes(formats.dumps(transcript, "txt"))
    write_analytics(call(4000.0), "", tmp_path / "long", {})
    return tmp_path


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_names_and_texts_are_escaped_and_nothing_is_fetched(folder: Path) -> None:
    text = html_report.render(read_calls(folder), EVIL)
    reader = read(text)
    assert not reader.tags & {"script", "b>", "img", "iframe", "link", "object", "form"}
    assert EVIL in reader.text
    assert not any(value.startswith(("http", "//", "javascript")) for value in reader.values)
    assert not any(name.startswith("on") for name in reader.tags)
    assert "url(" not in text
    assert "\u202e" not in text


def test_all_links_lead_to_transcripts(folder: Path) -> None:
    links = read(html_report.render(read_calls(folder), "Calls")).links
    assert len(set(links)) == 10
    assert all((folder / unquote(link)).is_file() for link in links)


def test_findings_and_outliers_are_listed(folder: Path) -> None:
    text = read(html_report.render(read_calls(folder), "Calls")).text
    assert "9 calls" in text
    assert "1:06:40" in text
    assert "Outliers" in text


def test_failed_and_deleted_calls_are_listed(folder: Path) -> None:
    failures = (Failure(f"bad {EVIL}", "refused", "is HTML, not a recording"),)
    calls = read_calls(folder, History(exists={"long": False}))
    text = read(html_report.render(calls, "Calls", failures)).text
    assert f"bad {EVIL}" in text
    assert "is HTML" in text
    assert "1failed calls" in text
    assert text.count("recording deleted") == 1


def test_short_calls_are_not_compared_and_diarization_labels_not_pooled(tmp_path: Path) -> None:
    for number in range(10):
        utterances = (
            spoken("SPEAKER_00", 0.0, 20.0 + number, "good morning"),
            spoken("agent", 30.0, 40.0, "hello there"),
        )
        write_analytics(call(300.0, *utterances), "", tmp_path / f"call{number}", {})
    write_analytics(
        call(7.0, spoken("SPEAKER_00", 0.0, 6.5, "no"), spoken("agent", 0.5, 6.0, "yes")), "", tmp_path / "short", {}
    )
    rows = [{"call": one.name, **tables.summary(one.analytics)} for one in read_calls(tmp_path)]
    assert outliers({row["call"]: row for row in rows}, html_report.MIN_DEVIATIONS)[0].call == "short"
    text = html_report.render(read_calls(tmp_path), "Calls")
    listed = text.partition("Outliers")[2].partition("<h2>")[0]
    assert "short<" not in listed
    speakers = text.partition("<h2>Speakers")[2].partition("<h2>")[0]
    assert "<td>agent</td>" in speakers
    assert "<td>SPEAKER_00</td>" not in speakers


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser_opens_the_page_without_errors(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert BROWSER
    profile = tmp_path_factory.mktemp("browser")
    report, picture = profile / "report.html", profile / "report.png"
    report.write_text(html_report.render(read_calls(folder), EVIL), encoding="utf-8")
    environment = {**os.environ, "HOME": str(profile)}
    opened = [
        subprocess.run(
            [BROWSER, *OFFLINE, f"--user-data-dir={profile}/profile-{number}", what, report.as_uri()],
            capture_output=True, text=True, env=environment, check=True,
        )
        for number, what in enumerate(("--dump-dom", f"--screenshot={picture}"))
    ]  # fmt: skip
    assert "call 9" in opened[0].stdout
    assert not [line for done in opened for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_commands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "rules.yaml").write_text(RULES)
    done = CliRunner().invoke(app, ["report", ".", "--title", "July"])
    assert done.exit_code == 0
    assert "<title>July</title>" in (folder / "report.html").read_text()
    assert (folder / "tables/calls.csv").is_file()
    (folder / "one.json").write_bytes(formats.dumps(call(9.0, spoken("a", 0.0, 1.0, "hello")), "json"))
    done = CliRunner().invoke(app, ["analyze", "one.json", "--rules", "rules.yaml"])
    assert json.loads(done.stdout)["speakers"][0]["talk"] == 1.0
    assert json.loads(done.stdout)["findings"][0]["passed"] is True
    (folder / "rules.yaml").write_text("rules: 3")
    refused = CliRunner().invoke(app, ["analyze", "one.json", "--rules", "rules.yaml"])
    assert isinstance(refused.exception, SettingsError)
