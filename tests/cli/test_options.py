"""Options: one name for output folders, old names accepted; old settings are named once on stderr."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli import app as program
from pipeline.cli.app import main
from pipeline.config.whisper_models import NAMES
from pipeline.engine import artifact_cache
from tests import world


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with a recording and a separate cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / ".cache")
    world.write_wav(tmp_path / "talk.wav")
    return tmp_path


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


@pytest.mark.parametrize("command", ["run", "split", "batch", "convert", "simulate", "bench"])
def test_every_command_with_a_folder_calls_it_output_dir(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(command, "--help") == 0
    shown = capsys.readouterr().out
    assert "-o, --output-dir" in shown
    assert "--out " not in shown
    assert "--output " not in shown


@pytest.mark.parametrize(
    ("given", "current"),
    [
        (["batch", "a", "--out", "b"], ["batch", "a", "--output-dir", "b"]),
        (["batch", "--out=b=c", "--", "--out"], ["batch", "--output-dir=b=c", "--", "--out"]),
        (["run", "--out", "b"], ["run", "--out", "b"]),
        ([], []),
    ],
)
def test_old_names_of_options_are_read(given: list[str], current: list[str]) -> None:
    assert program._with_current_options(given) == current


@pytest.mark.parametrize(
    ("given", "file"),
    [
        ([], "bench.json"),
        (["-o", "figures"], "figures/bench.json"),
        (["--output", "other.json"], "other.json"),
        (["-o", "old.json"], "old.json"),
    ],
)
def test_bench_writes_into_a_folder_or_the_file_of_the_old_option(
    folder: Path, capsys: pytest.CaptureFixture[str], given: list[str], file: str
) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text("not written by this program")
    assert exit_code("bench", ".", *given) == 1
    assert capsys.readouterr().err.startswith(f"transcribe: {file}: ")


def test_old_settings_are_named_once_however_many_recordings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.write_wav(folder / "more.wav")
    old = [*world.arguments(), "--set", "separation.backend=mixture"]
    assert exit_code("talk.wav", "more.wav", "-q", *old) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "separation.backend=passthrough" in line]
    assert len(lines) == 1
    assert "deprecated" not in (folder / "talk.json").read_text()


@pytest.mark.parametrize("command", ["run", "split"])
def test_shared_options_reach_the_settings(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(command, "talk.wav", "--speakers", "2", "--max-speakers", "3") == 1
    assert "max_speakers" in capsys.readouterr().err
    assert exit_code(command, "talk.wav", "--device", "toaster") == 1
    assert "runtime.device" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["run"], ["batch", "-o", "out"]])
def test_the_option_model_reaches_the_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.setenv("CROSSTALK_MODELS", str(folder / "models"))
    backend = world.arguments({"recognition.backend": "whisper"})
    for model, name in (("turbo", "whisper-large-v3-turbo"), ("whisper-small", "whisper-small")):
        assert exit_code(*command, "talk.wav", "--model", model, *backend) == 5
        assert f"run: transcribe models pull {name}" in capsys.readouterr().err
    assert exit_code(*command, "talk.wav", "--model", "./nowhere", *backend) == 5
    capsys.readouterr()
    assert exit_code(*command, "talk.wav", "--model", "huge", *backend) == 1
    shown = capsys.readouterr().err
    assert "'huge'" in shown
    assert all(name in shown for name in NAMES)
