"""The library's function and the command offer the same, and the command documents all of it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import pipeline
from pipeline import cache
from pipeline.cli import main
from pipeline.commands import run
from pipeline.errors import SettingsError
from pipeline.events import Event, StageFinished
from tests import world

COMMAND_ONLY = {"config", "output_dir", "format", "quiet", "debug"}
LIBRARY_ONLY = {"listener"}
RENAMED = {"recordings": "recording", "set": "settings", "no_cache": "cache"}


def options() -> dict[str, inspect.Parameter]:
    return {name.rstrip("_"): value for name, value in inspect.signature(run.run).parameters.items()}


def test_the_function_and_the_command_take_the_same() -> None:
    command = {RENAMED.get(name, name) for name in options()}
    library = set(inspect.signature(pipeline.transcribe).parameters)
    assert command - COMMAND_ONLY == library - LIBRARY_ONLY


def test_their_defaults_are_the_same() -> None:
    library = inspect.signature(pipeline.transcribe).parameters
    for name in set(options()) & set(library):
        assert options()[name].default == library[name].default
    assert options()["no_cache"].default is not library["cache"].default


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    assert left.value.code in (0, None)
    return capsys.readouterr().out


def test_every_option_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    page = printed(capsys, "run", "--help")
    described = [line for line in page.splitlines() if line.strip().startswith("-")]
    for name in options():
        if name != "recordings":
            (line,) = (line for line in described if f"--{name.replace('_', '-')} " in f"{line} ")
            assert len(line.split("  ")) >= 2
            assert line.rstrip().endswith((".", "]")) or line in described


def test_help_names_every_command_and_version_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    from pipeline.cli import COMMANDS

    page = printed(capsys, "--help")
    assert all(f"  {name} " in page for name in COMMANDS)
    assert printed(capsys, "-h") == page
    assert printed(capsys, "--version") == f"transcribe {pipeline.__version__}\n"


def test_transcribe_does_what_the_command_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "default_root", lambda: tmp_path / "cache")
    events: list[Event] = []
    path = world.write_wav(tmp_path / "talk.wav")
    transcripts = [
        pipeline.transcribe(path, speakers=2, language="de", settings=dict(world.REPLAY), listener=events.append)
        for _ in range(2)
    ]
    assert transcripts[0] == transcripts[1]
    assert transcripts[0].language == "de"
    assert [e.cached for e in events if isinstance(e, StageFinished) and e.stage == "recognition"] == [False, True]
    with pytest.raises(SettingsError, match="either speakers or"):
        pipeline.transcribe(path, speakers=2, max_speakers=3)
