"""``transcribe models``: a thin layer over the store."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.models import app
from pipeline.config import presets
from pipeline.core.errors import BadModel, MissingModel, SettingsError
from pipeline.models.registry import required_model_names
from pipeline.models.weights import CATALOGUE, Store

runner = CliRunner()


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CROSSTALK_MODELS", str(tmp_path))
    return tmp_path


def _run(*arguments: str) -> str:
    result = runner.invoke(app, list(arguments))
    if result.exception:
        raise result.exception
    return result.stdout


def test_list_shows_every_model_and_the_place(models: Path) -> None:
    *rows, place = _run("list").splitlines()
    here = [[name, "here"] for name, model in CATALOGUE.items() if model.bundled]
    missing = [[name, "missing"] for name, model in CATALOGUE.items() if not model.bundled]
    assert [row.split()[:2] for row in rows] == [*here, *missing]
    assert place == f"in {models}"


def test_pull_without_names_takes_the_default_preset(monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    pulled: list[str] = []
    monkeypatch.setattr(Store, "pull", lambda self, names, progress: pulled.extend(names))
    monkeypatch.setattr(Store, "path", lambda self, name: models / name)
    out = _run("pull")
    assert {"crosstalk-segmentation", "crosstalk-separation", "campplus", "whisper-base"} <= set(pulled)
    assert out.splitlines() == [f"{name}: {models / name}" for name in pulled]
    pulled.clear()
    _run("pull", "whisper-small", "whisper-small")
    assert pulled == ["whisper-small"]


@pytest.mark.parametrize("preset", presets.preset_names())
def test_pull_takes_the_models_of_every_preset(monkeypatch: pytest.MonkeyPatch, models: Path, preset: str) -> None:
    pulled: list[str] = []
    monkeypatch.setattr(Store, "pull", lambda self, names, progress: pulled.extend(names))
    monkeypatch.setattr(Store, "path", lambda self, name: models / name)
    _run("pull", "--preset", preset)
    assert pulled == list(required_model_names(presets.load_preset(preset)))


def test_models_are_pulled_and_found_by_the_short_names_of_the_option_model(
    monkeypatch: pytest.MonkeyPatch, models: Path
) -> None:
    pulled: list[str] = []
    monkeypatch.setattr(Store, "pull", lambda self, names, progress: pulled.extend(names))
    monkeypatch.setattr(Store, "path", lambda self, name: models / name)
    _run("pull", "turbo", "whisper-turbo", "distil-large-v3")
    assert pulled == ["whisper-large-v3-turbo", "whisper-distil-large-v3"]
    assert _run("path", "base") == f"{models / 'whisper-base'}\n"
    assert runner.invoke(app, ["verify", "base"]).stdout == "whisper-base: not on this machine\n"


def test_pull_refuses_an_unknown_name() -> None:
    with pytest.raises(SettingsError, match="did you mean resemblyzer"):
        _run("pull", "resemblizer")


def test_verify_reports_each_model_and_fails_for_a_bad_one(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = "crosstalk-segmentation: ok\ncrosstalk-separation: ok\n"
    assert _run("verify") == bundled
    for name in ("resemblyzer", "whisper-base"):
        (models / name).mkdir()
    monkeypatch.setattr(Store, "verify", lambda _, name: ["a differs", "b is missing"] if name == "resemblyzer" else [])
    assert _run("verify", "whisper-base") == "whisper-base: ok\n"
    result = runner.invoke(app, ["verify"])
    assert result.stdout == f"whisper-base: ok\n{bundled}resemblyzer: a differs; b is missing\n"
    assert isinstance(result.exception, BadModel)
    assert result.exception.hint == "run: transcribe models pull resemblyzer"


def test_path_prints_the_folder_or_the_command_that_makes_it(models: Path) -> None:
    (models / "own").mkdir()
    assert _run("path", str(models / "own")) == f"{models / 'own'}\n"
    with pytest.raises(MissingModel, match=re.escape("run: transcribe models pull resemblyzer")):
        _run("path", "resemblyzer")
