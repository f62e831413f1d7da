"""The program in a process of its own, as users and schedulers start it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from tests import world


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    ("closed", "recording", "code"),
    [("<&-", "-", 2), (">&-", "x.wav", 0), ("2>&-", "x.wav", 0), ("<&- >&- 2>&-", "x.wav", 0), ("2>&-", "y.wav", 2)],
)
def test_closed_streams_are_no_matter(closed: str, recording: str, code: int, tmp_path: Path) -> None:
    world.write_wav(tmp_path / "x.wav")
    program = [
        sys.executable,
        "-c",
        "from pipeline.cli import main; main()",
        recording,
        "--no-cache",
        *world.arguments(),
    ]
    where = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    line = ["sh", "-c", f'exec "$@" {closed}', "sh", *program]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, env=where, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert {path.name for path in tmp_path.iterdir() if path.name != ".crosstalk"} == (
        {"x.wav", "x.json", "x.txt"} if not code else {"x.wav"}
    )
    if closed == "<&-":
        assert done.stderr.splitlines() == ["transcribe: standard input: is empty; fetch or copy the recording again"]


def test_the_program_as_users_start_it(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from pipeline.cli import main; main()", "--version"]
    done = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"transcribe {pipeline.__version__}\n", "")
