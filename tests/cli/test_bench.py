"""``transcribe bench`` from the command line, on synthetic tones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import formats
from pipeline.cli.app import main
from pipeline.config.schema import Config
from tests import world

TONES = ",".join(["default", *(f"{key}={value}" for key, value in world.REPLAY.items())])
ONE_SPEAKER = f"{TONES},diarization.max_speakers=1"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a recording and its reference in ``tones``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tones").mkdir()
    world.write_wav(tmp_path / "tones" / "talk.wav")
    truth = world.transcribed(world.DIALOGUE, 8.0)
    (tmp_path / "tones" / "talk.stm").write_bytes(formats.dumps(truth, "stm", "talk"))
    return tmp_path


def run_bench(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["bench", "tones", "--count-speakers", *arguments])
    return int(caught.value.code or 0)


def test_several_systems_are_compared_with_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench("--system", TONES, "--system", ONE_SPEAKER, "--repeat", "2") == 0
    shown = capsys.readouterr()
    assert [line.rpartition(": cpWER")[0] for line in shown.err.splitlines()] == [
        f"talk  {TONES}",
        f"talk  {TONES}, run 1",
        f"talk  {ONE_SPEAKER}",
        f"talk  {ONE_SPEAKER}, run 1",
    ]
    first, second = shown.out.strip().split("\n\n")
    assert first.count("\n") == 3
    assert "0.0 (0–0) → 4.0 (4–4)" in second
    assert "cannot tell" in second
    data = json.loads(Path("bench.json").read_text())
    assert [row["metric"] for row in data["comparisons"]] == ["cpWER", "DER"]
    assert [m["run"] for m in data["repeats"]] == [1, 1]


def test_one_system_has_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench("--system", TONES) == 0
    assert "\n\n" not in capsys.readouterr().out.strip()
    data = json.loads(Path("bench.json").read_text())
    assert (data["comparisons"], data["repeats"]) == ([], [])
    assert data["systems"][TONES]["settings"]["recognition"]["backend"] == "synthetic"
    assert Config().recognition.backend != "synthetic"


def test_a_number_of_runs_is_at_least_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench("--repeat", "0") == 1
    assert "--repeat" in capsys.readouterr().err
