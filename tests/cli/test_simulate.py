from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from typer.testing import CliRunner

from pipeline import formats
from pipeline.cli import score, simulate
from pipeline.core.errors import FormatError, OutputExists, SettingsError

app = typer.Typer()
app.command("simulate")(simulate.simulate)
app.command("score")(score.score)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of three speakers of noise, with texts."""
    root, rng = tmp_path_factory.mktemp("recordings"), np.random.default_rng(0)
    rows = ["path,speaker,text"]
    for speaker in ("ann", "bob", "cyd"):
        for i in range(5):
            soundfile.write(root / f"{speaker}{i}.wav", 0.1 * rng.standard_normal(16_000 * (2 + i)), 16_000)
            rows.append(f"{speaker}{i}.wav,{speaker},{' '.join(f'{speaker}{i}{k}' for k in 'abcde')}")
    (root / "recordings.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return root / "recordings.csv"


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_meetings_have_references_and_a_manifest(recordings: Path, tmp_path: Path) -> None:
    output = run("simulate", recordings, "-o", tmp_path, "-n", 2, "--length", 60, "--overlap", 0.2, "--seed", 5)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert [meeting["name"] for meeting in manifest] == ["meeting-3spk-20ov-005", "meeting-3spk-20ov-006"]
    for meeting in manifest:
        assert meeting["name"] in output
        assert soundfile.info(tmp_path / meeting["audio"]).duration == 60
        turns = {
            kind: formats.loads((tmp_path / meeting[kind]).read_text("utf-8"), kind).turns
            for kind in ("rttm", "stm", "seglst")
        }
        assert turns["rttm"] == turns["stm"] == turns["seglst"]
        assert [(t.start, t.end, t.speaker) for t in turns["rttm"]] == [
            (t["start"], t["end"], t["speaker"]) for t in meeting["turns"]
        ]


def test_same_command_same_files(recordings: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("simulate", recordings, "-o", tmp_path / name, "--length", 60, "--snr", 20)
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / n).rglob("*.*") if p.is_file()} for n in ("one", "two"))
    assert one == two
    assert len(one) == 10


def test_the_same_command_replaces_its_files_but_not_those_of_others(recordings: Path, tmp_path: Path) -> None:
    command = ("simulate", recordings, "-o", tmp_path, "--length", 60)
    run(*command)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    run(*command)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
    source = next(path for path in files if path.parent.suffix == ".sources")
    source.write_bytes(b"edited")
    result = CliRunner().invoke(app, [str(argument) for argument in command])
    assert isinstance(result.exception, OutputExists)
    assert result.exception.where == str(source)


def test_a_meeting_scores_zero_against_itself(recordings: Path, tmp_path: Path) -> None:
    run("simulate", recordings, "-o", tmp_path, "--length", 60, "--overlap", 0.3)
    name = "meeting-3spk-30ov-000"
    result = json.loads(run("score", tmp_path / f"{name}.stm", tmp_path / f"{name}.seglst.json", "--json"))
    assert result["total"]["cpwer"]["errors"] == 0
    assert result["total"]["overlap"]["words"] > 0
    assert result["total"]["overlap"]["error_rate"] == 0
    assert result["total"]["der"]["error_rate"] == pytest.approx(0, abs=1e-9)


def test_recordings_without_texts_give_only_turns(recordings: Path, tmp_path: Path) -> None:
    for speaker in ("ann", "bob"):
        (tmp_path / f"{speaker}-0.wav").write_bytes((recordings.parent / f"{speaker}4.wav").read_bytes())
    run("simulate", tmp_path, "-o", tmp_path / "out", "--speakers", 2, "--length", 60)
    (meeting,) = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert "stm" not in meeting
    assert sorted(p.suffix for p in (tmp_path / "out").iterdir() if p.is_file()) == [
        ".json",
        ".rttm",
        ".wav",
        ".wav",
        ".wav",
    ]


def test_impossible_requests_are_refused(recordings: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="4 speakers"):
        run("simulate", recordings, "-o", tmp_path, "--speakers", 4)
    with pytest.raises(FormatError, match=re.escape(str(tmp_path))):
        run("simulate", tmp_path, "-o", tmp_path / "out")
