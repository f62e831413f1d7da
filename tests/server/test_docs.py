"""docs/server.md: its commands and its example, on a server of the synthetic world."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from pipeline.cli.app import main
from tests import pages
from tests.pages import DOCS
from tests.server.conftest import RunningServer

PAGE = DOCS / "server.md"
ADDRESS = "http://127.0.0.1:8000"
ID = "/ID"


@pytest.fixture
def desk(tmp_path: Path, tone_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recording of the name that the page uses."""
    shutil.copy(tone_file, tmp_path / "meeting.m4a")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def curl(line: str) -> str:
    command = [*shlex.split(line)[:1], "--silent", "--show-error", "--fail-with-body", *shlex.split(line)[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout


def lines(contains: str) -> list[str]:
    every = [line for block in pages.code(PAGE, "sh") for line in block.splitlines()]
    return [line for line in every if line.startswith("curl") and contains in line]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
class TestCommands:
    def test_the_audio_api(self, server: RunningServer, desk: Path) -> None:
        srt, diarized, streamed = (curl(line.replace(ADDRESS, server.url)) for line in lines("transcriptions"))
        assert "-->" in srt
        assert {segment["speaker"] for segment in json.loads(diarized)["segments"]} == {"A", "B"}
        assert "transcript.text.done" in streamed
        assert streamed.rstrip().endswith("[DONE]")

    def test_jobs(self, server: RunningServer, desk: Path) -> None:
        create, look, events, result, delete = (line.replace(ADDRESS, server.url) for line in lines("/v1/jobs"))
        job = "/" + json.loads(curl(create))["id"]
        assert '"done"' in curl(events.replace(ID, job))
        assert json.loads(curl(look.replace(ID, job)))["status"] == "done"
        curl(result.replace(ID, job))
        assert [path.name for path in desk.glob("*.docx")] == ["meeting.docx"]
        curl(delete.replace(ID, job))

    def test_the_sdk(self, server: RunningServer, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
        pytest.importorskip("openai")
        (example,) = pages.code(PAGE, "python")
        exec(compile(example.replace(ADDRESS, server.url), str(PAGE), "exec"), {})
        assert {line.split()[1] for line in capsys.readouterr().out.splitlines()} == {"A:", "B:"}


def test_the_options_are_those_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    shown = capsys.readouterr().out
    rows = [line for line in pages.text(PAGE).splitlines() if line.startswith("| `--")]
    named = [part for row in rows for part in row.split("|")[1].replace("`", "").replace(",", " ").split()]
    assert [option for option in named if option.startswith("--") and option not in shown] == []


@pytest.mark.slow
def test_the_command_prints_its_address_and_ends_on_sigterm(tmp_path: Path) -> None:
    import signal
    import sys

    from tests import world

    command = [sys.executable, "-m", "pipeline", "serve", "--port", "0", "--folder", str(tmp_path)]
    with subprocess.Popen([*command, *world.arguments()], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("transcribe: serving at http://127.0.0.1:"), line
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert time.monotonic() - began < 15
