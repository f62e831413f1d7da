"""Batches with faults: a failure affects only its recording, a kill loses nothing, the final results are identical."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.batch.discovery import Search, discover
from pipeline.batch.history import read_last, read_names
from pipeline.batch.scheduler import BatchOptions, RecordingResult, run
from pipeline.batch.worker import Limits, Setup
from pipeline.core.errors import ResourceError
from pipeline.core.types import Word
from tests import world
from tests.batch import faults

pytestmark = pytest.mark.slow  # every test starts processes

DEADLY = {"recognition.backend": "tests.batch.faults:DeadlyRecognizer"}
PROGRAM = "from pipeline.cli.app import main; main()"
ROOT = Path(__file__).parent.parent.parent


def record(folder: Path, names: Sequence[str], fault: str | None = None) -> None:
    """Write slightly different dialogues; with ``fault``, each also contains that word."""
    folder.mkdir(exist_ok=True, parents=True)
    for number, name in enumerate(names):
        more = (Word(6.6, 7.0, f"c{number % 24}"), *([Word(5.0, 5.4, fault)] if fault else []))
        world.write_wav(folder / f"{name}.wav", (*world.DIALOGUE, *more))


def batch(folder: Path, options: BatchOptions = BatchOptions(), **changes: object) -> dict[str, RecordingResult]:  # noqa: B008
    out = folder / "out"
    setup = Setup(world.settings({**DEADLY, **changes}), out, ("txt", "json"), folder / "cache")
    search = discover(Search((str(folder / "calls"),), out, names=read_names(out)))
    results = run(search.recordings, setup, options, lambda result: None)
    return {result.recording.name: result for result in results}


def results(out: Path) -> dict[str, bytes]:
    files = (path for path in out.rglob("*") if path.is_file() and ".crosstalk" not in path.parts)
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.mark.promise(18)
def test_a_bad_recording_affects_no_other(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["one", "two"])
    for fault in (faults.SEGFAULT, faults.EXIT, faults.STUMBLE):
        record(tmp_path / "calls" / fault, ["call"], fault)
    (tmp_path / "calls/page.wav").write_text("<html>")
    by_name = batch(tmp_path, BatchOptions(jobs=2, attempts=2))
    assert {name for name, result in by_name.items() if not result.failed} == {"one", "two"}
    reasons = {name: result.reason for name, result in by_name.items() if result.failed}
    assert "SIGSEGV" in reasons["f1/call"]
    assert "with code 7" in reasons["f5/call"]
    assert "stumbled" in reasons["f4/call"]
    assert "HTML" in reasons["page"]
    assert set(results(tmp_path / "out")) == {"one.txt", "one.json", "two.txt", "two.json"}
    again = batch(tmp_path, BatchOptions(attempts=2))
    assert {name: result.decision for name, result in again.items()} == {
        "one": "done", "two": "done", "page": "refused",
        "f1/call": "quarantined", "f4/call": "quarantined", "f5/call": "quarantined",
    }  # fmt: skip
    assert {result.outcome for result in again.values()} == {None}


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("fault", "limits", "reason"),
    [(faults.HANG, Limits(8.0, 0.1), "time limit"), (faults.EAT, Limits(memory=1_000_000_000), "memory limit")],
)
def test_workers_beyond_a_limit_are_ended(tmp_path: Path, fault: str, limits: Limits, reason: str) -> None:
    record(tmp_path / "calls", ["bad"], fault)
    record(tmp_path / "calls", ["good"])
    by_name = batch(tmp_path, BatchOptions(attempts=1, limits=limits))
    assert reason in by_name["bad"].reason
    assert not by_name["good"].failed


def test_limit_retry_and_only_failed(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["a", "b", "c"])
    record(tmp_path / "calls", ["bad"], faults.STUMBLE)
    first = batch(tmp_path, BatchOptions(limit=1))
    assert {name: result.decision for name, result in first.items()} == {
        "a": "do",
        "b": "over_limit",
        "bad": "over_limit",
        "c": "over_limit",
    }
    second = batch(tmp_path, BatchOptions(attempts=1))
    assert [name for name, result in second.items() if result.failed] == ["bad"]
    record(tmp_path / "calls", ["bad"])
    third = batch(tmp_path, BatchOptions(only_failed=True))
    assert {name: result.failed for name, result in third.items()} == {"bad": False}


def test_missing_models_end_the_batch_at_once(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["a", "b"])
    with pytest.raises(ResourceError, match="weights are not here") as error:
        batch(tmp_path, **{"recognition.backend": "tests.batch.faults:MissingRecognizer"})
    assert error.value.exit_code == 5
    assert batch(tmp_path).keys() == {"a", "b"}


@pytest.mark.promise(17)
@pytest.mark.promise(18)
def test_an_obstacle_in_the_output_is_never_final(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["good"])
    record(tmp_path / "calls/team", ["7"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out/team").write_text("in the way")
    for _ in range(2):
        by_name = batch(tmp_path)
        assert (by_name["team/7"].status, by_name["team/7"].resumable, by_name["good"].failed) == (
            "blocked",
            True,
            False,
        )
    (tmp_path / "out/team").unlink()
    assert not batch(tmp_path)["team/7"].failed
    assert (tmp_path / "out/team/7.txt").is_file()


@pytest.mark.promise(18)
def test_a_fault_of_the_machine_at_one_recording_affects_no_other(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["bad"], faults.LACK)
    record(tmp_path / "calls", ["good", "more"])
    by_name = batch(tmp_path, BatchOptions(attempts=2))
    assert {name: result.failed for name, result in by_name.items()} == {"bad": True, "good": False, "more": False}
    assert (by_name["bad"].status, by_name["bad"].resumable) == ("blocked", True)


def test_a_full_disk_ends_the_batch(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["bad"], faults.FULL)
    record(tmp_path / "calls", ["more"])
    with pytest.raises(ResourceError, match="the disk is full") as error:
        batch(tmp_path)
    assert error.value.exit_code == 5
    assert read_last(tmp_path / "out")["bad"].status == "stopped"


def test_a_recording_replaced_by_a_broken_one_leaves_no_transcript_behind(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["one", "two"])
    batch(tmp_path)
    (tmp_path / "calls/one.wav").write_text("<html>")
    for _ in range(2):
        result = batch(tmp_path)["one"]
        assert result.failed
        assert set(results(tmp_path / "out")) == {"two.txt", "two.json"}
    assert (tmp_path / "out/.crosstalk/replaced/one.txt").is_file()
    record(tmp_path / "calls", ["one"])
    assert not batch(tmp_path)["one"].failed
    assert set(results(tmp_path / "out")) == {"one.txt", "one.json", "two.txt", "two.json"}


def test_a_long_name_and_equal_names_are_written(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["\N{LATIN SMALL LETTER E WITH ACUTE}" * 125])
    record(tmp_path / "calls", ["same"])
    (tmp_path / "calls/same.mp3").write_bytes((tmp_path / "calls/same.wav").read_bytes() + b"\0")
    by_name = batch(tmp_path)
    assert not any(result.failed for result in by_name.values())
    assert {"same.wav.txt", "same.mp3.txt"} <= set(results(tmp_path / "out"))
    assert {result.decision for result in batch(tmp_path).values()} == {"done"}


def test_the_batch_ends_when_no_worker_can_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path / "calls", ["a"])
    monkeypatch.setattr("pipeline.workers.process_pool._COMMAND", "import os; os._exit(9)  # {path} {handle}")
    with pytest.raises(ResourceError, match="no worker could be started"):
        batch(tmp_path)


def start(folder: Path, out: str, slow: float = 0.1) -> subprocess.Popen[str]:
    """Start the program on the calls in ``folder``, with a separate cache for each output folder."""
    arguments = ["batch", "calls", "-o", out, "--jobs", "2", "--quiet", *world.arguments(DEADLY)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SLOW": str(slow)}
    folders = {"XDG_CACHE_HOME": str(folder / f"cache-{out}"), "HOME": str(folder), "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env={**environment, **folders},
    )  # fmt: skip


def finish(running: subprocess.Popen[str]) -> tuple[int, str]:
    _, err = running.communicate(timeout=120)
    return running.returncode, err


@pytest.mark.promise(17)
def test_kills_at_random_moments_change_no_result(tmp_path: Path) -> None:
    record(tmp_path / "calls", [f"call{number}" for number in range(6)])
    record(tmp_path / "calls", ["bad"], faults.STUMBLE)
    (tmp_path / "calls/page.wav").write_text("<html>")
    assert finish(start(tmp_path, "whole"))[0] == 3
    random_source = random.Random(7)
    for _ in range(3):
        running = start(tmp_path, "out")
        before = len(results(tmp_path / "out"))
        while running.poll() is None and len(results(tmp_path / "out")) <= before:
            time.sleep(0.02)
        time.sleep(random_source.uniform(0, 0.2))
        running.kill()
        finish(running)
    assert finish(start(tmp_path, "out"))[0] == 3
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    assert not list((tmp_path / "out").rglob(".crosstalk-*"))


@pytest.mark.promise(19)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_interrupted_batch_cleans_up_and_resumes(tmp_path: Path, number: signal.Signals, code: int) -> None:
    record(tmp_path / "calls", ["a", "b", "c"])
    running = start(tmp_path, "out", slow=1.0)
    while not results(tmp_path / "out"):
        time.sleep(0.02)
        assert running.poll() is None
    running.send_signal(number)
    exit_code, err = finish(running)
    assert (exit_code, len(err.splitlines())) == (code, 1)
    assert not list(tmp_path.rglob(".crosstalk-*"))
    assert not list((tmp_path / "tmp").iterdir())
    assert finish(start(tmp_path, "out", slow=0)) == (0, "")
    assert len(results(tmp_path / "out")) == 6


@pytest.mark.promise(21)
def test_two_runs_on_one_folder_take_each_recording_once(tmp_path: Path) -> None:
    import sqlite3

    record(tmp_path / "calls", [f"call{number}" for number in range(5)])
    both = [start(tmp_path, "out") for _ in range(2)]
    assert [finish(one) for one in both] == [(0, ""), (0, "")]
    database = sqlite3.connect(tmp_path / "out/.crosstalk/journal.sqlite")
    rows = database.execute("SELECT name, status FROM attempts ORDER BY name").fetchall()
    database.close()
    assert rows == [(f"call{number}", "done") for number in range(5)]
    assert len(results(tmp_path / "out")) == 10
