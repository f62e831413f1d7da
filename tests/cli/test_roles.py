"""Roles of mono calls on the command line: run, batch and analyze, with a rules file, a manifest and without either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli.app import app
from pipeline.core.errors import SettingsError
from pipeline.engine import artifact_cache
from tests import world

RULES = """
roles:
  - {role: agent, says: [b3 b4 b6]}
  - {role: customer}
rules:
  - {name: greeting, speaker: agent, says: [b3 b4 b6]}
"""


@pytest.fixture(autouse=True)
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / "cache")
    Path("rules.yaml").write_text(RULES)
    return world.write_wav(Path("call.wav"))


def transcribe(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [command, *arguments, *([] if command == "analyze" else world.arguments())])


def ledger(path: str) -> dict[str, tuple[str | None, str]]:
    data: dict[str, Any] = json.loads(Path(path).read_text())
    return {each["speaker"]: (each["role"], each["decision"]) for each in data["roles"]}


def test_run_takes_the_roles_of_a_rules_file_into_every_format() -> None:
    done = transcribe("run", "call.wav", "--rules", "rules.yaml", "-f", "txt,srt,json,rttm")
    assert done.exit_code == 0
    assert ledger("call.json") == {"customer": ("customer", "other"), "agent": ("agent", "phrase")}
    assert "SPEAKER_0" not in "".join(Path(f"call.{name}").read_text() for name in ("txt", "srt", "json", "rttm"))
    assert "warning" not in done.stderr


def test_run_warns_of_unknown_roles_with_what_to_do() -> None:
    done = transcribe("run", "call.wav", "--roles", "agent,customer")
    assert done.exit_code == 0
    assert ledger("call.json") == {"SPEAKER_00": (None, "unknown"), "SPEAKER_01": (None, "unknown")}
    assert "unknown roles: agent (" in done.stderr
    assert "transcribe rename" in done.stderr


def test_a_renamed_speaker_keeps_the_role_and_a_rule_of_it_can_be_analyzed() -> None:
    transcribe("run", "call.wav", "--rules", "rules.yaml")
    assert transcribe_rename("agent=Ana").exit_code == 0
    assert ledger("call.json") == {"customer": ("customer", "other"), "Ana": ("agent", "phrase")}
    assert transcribe("run", "call.wav", "--rules", "rules.yaml").exit_code == 0
    assert ledger("call.json") == {"customer": ("customer", "other"), "Ana": ("agent", "phrase")}


def transcribe_rename(name: str) -> Result:
    return CliRunner().invoke(app, ["rename", "call.json", name])


def test_analyze_assigns_roles_to_a_transcript_without_them() -> None:
    assert transcribe("run", "call.wav").exit_code == 0
    done = transcribe("analyze", "call.json", "--rules", "rules.yaml")
    assert {each["speaker"] for each in json.loads(done.stdout)["speakers"]} == {"agent", "customer"}
    assert json.loads(done.stdout)["findings"][0]["passed"] is True
    unknown = transcribe("analyze", "call.json", "--roles", "agent,customer")
    assert "unknown roles" in unknown.stderr


@pytest.mark.parametrize(
    ("rules", "roles", "problem"),
    [
        ("roles: [{role: agent}, {role: boss}]", "agent", "cannot both be the other speaker"),
        ("roles: [{role: client}]", "agent,customer", "client and customer cannot both be the other speaker"),
        ("roles: [{role: a, people: [Ana]}, {role: b, people: [Ana]}]", "a", "'Ana' is a person of two roles"),
    ],
)
@pytest.mark.parametrize("command", [["run", "call.wav"], ["batch", "call.wav", "-o", "out"]])
def test_contradictions_end_the_command_before_any_work(
    command: list[str], rules: str, roles: str, problem: str
) -> None:
    Path("bad.yaml").write_text(rules)
    refused = transcribe(*command, "--rules", "bad.yaml", "--roles", roles)
    assert isinstance(refused.exception, SettingsError)
    assert problem in refused.exception.line
    assert not Path("call.json").exists()
    assert not Path("out").exists()


@pytest.mark.slow
def test_a_batch_assigns_roles_before_it_writes_and_again_when_they_change() -> None:
    rules = ("--rules", "rules.yaml", "-f", "txt,json")
    Path("list.csv").write_text("path,first_speaker,team\ncall.wav,,north\n")
    assert transcribe("batch", "list.csv", "-o", "out", *rules).exit_code == 0
    assert "SPEAKER" not in Path("out/call.txt").read_text()
    analytics = json.loads(Path("out/call.analytics.json").read_text())
    assert {each["speaker"] for each in analytics["speakers"]} == {"agent", "customer"}
    assert "done before" in transcribe("batch", "list.csv", "-o", "out", *rules).stdout
    Path("rules.yaml").write_text("roles: [{role: agent, says: [no such phrase]}, {role: customer}]")
    Path("list.csv").write_text("path,first_speaker,team\ncall.wav,agent,north\n")
    assert "done before" not in transcribe("batch", "list.csv", "-o", "out", *rules).stdout
    assert ledger("out/call.json") == {"agent": ("agent", "manifest"), "customer": ("customer", "other")}


@pytest.mark.slow
def test_a_row_that_contradicts_is_refused_in_one_line_and_the_others_go_on() -> None:
    world.write_wav(Path("two.wav"))
    Path("list.csv").write_text("path,first_speaker\ncall.wav,clerk\ntwo.wav,agent\n")
    done = transcribe("batch", "list.csv", "-o", "out", "--roles", "agent,customer")
    assert done.exit_code == 3
    assert "first_speaker: 'clerk' is not a role; there are agent, customer" in Path("out/failures.csv").read_text()
    assert ledger("out/two.json")["agent"] == ("agent", "manifest")


def test_one_line_names_roles_that_rules_ask_for_and_nothing_gives() -> None:
    Path("rules.yaml").write_text("rules:\n- {name: a, any: [{role: agent, says: [b3]}, {speaker: Ana, says: [b4]}]}\n")
    line = "rules ask for the role agent, which nothing gives: add roles: to the rules file, or --roles"
    common = ("batch", "call.wav", "-o", "out", "--rules", "rules.yaml")
    for options in ((), ("--dry-run",)):
        assert line in transcribe(*common, *options).stderr
    assert line in transcribe("analyze", "out/call.json", "--rules", "rules.yaml").stderr
    assert "which nothing gives" not in transcribe(*common, "--roles", "agent,customer", "--dry-run").stderr
    Path("list.csv").write_text('path,roles\ncall.wav,"agent,customer"\n')
    assert "which nothing gives" not in transcribe("batch", "list.csv", *common[2:], "--dry-run").stderr
