"""The commands of the documentation on batch processing run, with synthetic models."""

from __future__ import annotations

import shlex
import wave
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.config import presets
from pipeline.config.schema import assign
from pipeline.core.audio import RATE
from pipeline.core.types import Word
from pipeline.engine import artifact_cache
from pipeline.models.synthetic import synthesize
from tests import pages, world
from tests.pages import DOCS


def write_call(path: Path) -> None:
    """Write a stereo call with one speaker per channel."""
    agent = (Word(0.5, 1.5, "a1"), Word(1.6, 2.6, "a2"), Word(5.0, 6.0, "a3"))
    customer = (Word(2.2, 3.2, "b1"), Word(3.4, 4.4, "b2"), Word(5.5, 5.9, "b3"))
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = np.stack([synthesize(words, 8.0) * 4 for words in (agent, customer)], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((channels * 32767).astype(np.int16).tobytes())


@pytest.mark.slow
def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / "cache")
    default = presets.load_preset("default")
    monkeypatch.setattr(presets, "load_preset", lambda name: assign(default, world.REPLAY))
    for name in ("team/7", "team/8"):
        write_call(tmp_path / "calls" / f"{name}.wav")
    (rules,) = pages.code(DOCS / "rules.md", "yaml")
    (tmp_path / "rules.yaml").write_text(rules)
    (manifest,) = pages.code(DOCS / "manifest.md", "csv")
    (tmp_path / "calls" / "manifest.csv").write_text(manifest)
    lines = [line for name in ("batch", "rules", "analytics") for line in pages.commands(DOCS / f"{name}.md")]
    assert len(lines) >= 6
    (by_manifest,) = pages.commands(DOCS / "manifest.md")
    for line in [*lines, by_manifest.replace("--output-dir out", "--output-dir by-manifest")]:
        done = CliRunner().invoke(app, shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.output, done.exception)
    assert (tmp_path / "out/report.html").is_file()
    for folder in ("out", "by-manifest"):
        assert "agent" in (tmp_path / folder / "team/7.txt").read_text()
