"""Every example runs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipeline import formats
from pipeline.audio import RATE
from pipeline.config import Config
from pipeline.store import Store
from pipeline.values import Region, Transcript, Turn, Utterance, Voice, Word
from tests.conftest import REPOSITORY

EXAMPLES = REPOSITORY / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_a_test_for_every_example() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        "minutes",
        "overlap_figure",
        "own_separator",
        "project_bench",
    }


def test_minutes() -> None:
    words = (Word(1.0, 1.4, "Good"), Word(1.5, 2.0, "morning."))
    region = Region(1.5, 2.0, (Voice("A", "morning."), Voice("B")), "exemplar", "mixture", "too little solo speech")
    transcript = Transcript(3.0, (Utterance("A", words),), (Turn(1, 2, "A"), Turn(1.5, 2, "B")), (region,))
    text = load("minutes").minutes(transcript)
    assert "     1.0  A: Good morning." in text
    assert "at once, 1.5 to 2.0 s (mixture): A: morning. | B: –" in text


def test_an_own_separator_separates() -> None:
    time = np.arange(2 * RATE) / RATE
    low, high = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (300.0, 2000.0))
    separator = load("own_separator").SpectralGate.from_config(Config(), Store())
    rows = separator.separate((low + high)[:RATE], {"low": low, "high": high})
    assert rows.shape == (2, RATE)
    assert np.mean((rows[0] - low[:RATE]) ** 2) < 0.01
    assert np.mean((rows[1] - high[:RATE]) ** 2) < 0.01


@pytest.mark.parametrize("name", ["minutes", "overlap_figure", "project_bench"])
def test_scripts_tell_how_they_are_used(name: str) -> None:
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(EXAMPLES).parent)
    assert "usage:" in done.stdout


def test_the_figure_of_an_overlap_is_drawn(tmp_path: Path) -> None:
    from tests import world

    talk = world.write_wav(tmp_path / "talk.wav")
    (tmp_path / "talk.json").write_text(formats.dumps(world.heard(world.DIALOGUE), "json", "talk"))
    picture = tmp_path / "overlap.png"
    script = [str(EXAMPLES / "overlap_figure.py"), str(talk), str(tmp_path / "talk.json"), "--output", str(picture)]
    subprocess.run([sys.executable, *script], check=True, cwd=REPOSITORY)
    assert picture.read_bytes().startswith(b"\x89PNG")
