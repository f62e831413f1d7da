"""The program in a separate process, as users and schedulers start it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline import formats
from tests import world

pytestmark = pytest.mark.slow  # every test starts processes


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
        "from pipeline.cli.app import main; main()",
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
        assert done.stderr.splitlines()[-1].startswith("transcribe: standard input: is empty")


@pytest.mark.parametrize("reader", ["| head -1", "| true", "2>&1 | true", "2>&1 | head -1"])
def test_a_reader_that_has_read_enough_stops_nothing(reader: str, tmp_path: Path) -> None:
    for name in ("x.wav", "y.wav"):
        world.write_wav(tmp_path / name)
    program = [sys.executable, "-c", "from pipeline.cli.app import main; main()"]
    where = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    given = [*program, "x.wav", "y.wav", "--no-cache", *world.arguments()]
    line = ["bash", "-c", f'"$@" {reader}; exit ${{PIPESTATUS[0]}}', "bash", *given]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, env=where, check=False)
    assert (done.returncode, "Traceback" in done.stderr, "Broken" in done.stderr) == (0, False, False)
    assert {"x.json", "x.txt", "y.json", "y.txt"} <= {path.name for path in tmp_path.iterdir()}


def test_the_help_names_every_format() -> None:
    program = [sys.executable, "-c", "from pipeline.cli.app import main; main()"]
    for command in ("run", "convert", "batch"):
        done = subprocess.run([*program, command, "--help"], capture_output=True, text=True, check=True)
        page = "".join(done.stdout.split())  # lines are also broken after hyphens
        assert all(name in page for name in formats.names())


def test_the_program_as_users_start_it(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from pipeline.cli.app import main; main()", "--version"]
    done = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"transcribe {pipeline.__version__}\n", "")
