"""The README tells the truth: its commands run, its table comes from the bench, its example is a real result."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
import types
from pathlib import Path

import pytest

from pipeline import cache, formats, presets
from pipeline.cli import main
from pipeline.config import assign
from pipeline.evaluation.tables import as_table
from pipeline.values import Turn, Utterance, Word
from tests import world
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
OF_THE_REAL_WORLD = ("models pull", "doctor", "simulate", "meetings/", "bench", "batch", "report", "analyze")
"""Commands run on the real thing by other tests, by `make demo` or by `make bench`."""


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if "transcribe " in line and not any(mark in line for mark in OF_THE_REAL_WORLD)]


def block(name: str) -> str:
    found = re.search(rf"<!-- {name}:begin -->\n(.*?)\n?<!-- {name}:end -->", README, re.DOTALL)
    assert found, f"the README lost its block {name}"
    return found[1]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the recordings that the README talks of, in the world of tones."""
    for name in ("meeting.m4a", "call.wav", "one.mp3", "two.mp3", "talk.ogg"):
        world.write_wav(tmp_path / name)
    words = tuple(Word(word.start, word.end, word.text) for word in world.DIALOGUE if word.text[0] == "a")
    transcript = world.heard(world.DIALOGUE)
    truth = type(transcript)(8.0, (Utterance("A", words),), (Turn(1.0, 6.4, "A"),))
    (tmp_path / "meeting.json").write_text(formats.dumps(transcript, "json", "meeting"))
    (tmp_path / "meeting.stm").write_text(formats.dumps(truth, "stm", "meeting"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cache, "default_root", lambda: tmp_path / ".cache")
    default = presets.load_preset("default")
    monkeypatch.setattr(presets, "load_preset", lambda name: assign(default, world.REPLAY))
    return tmp_path


def test_there_are_commands() -> None:
    assert len(commands()) >= 6


@pytest.mark.parametrize("line", commands())
def test_commands_run(line: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, _, tail = line.rpartition("|")
    if head:
        piped = io.BytesIO((desk / head.split()[1]).read_bytes())
        monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=piped))
    arguments: list[str] = []
    for part in shlex.split(tail)[1:]:
        arguments += sorted(p.name for p in desk.glob(part)) if "*" in part else [part]
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert not left.value.code


def test_the_table_is_the_benchs() -> None:
    results = json.loads((REPOSITORY / "examples" / "bench" / "results.json").read_text(encoding="utf-8"))
    assert block("bench").strip() == as_table(results["rows"])


def test_python_in_the_readme_runs(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert "SPEAKER_00: a1 a2" in capsys.readouterr().out
