"""The Ray engine: the same transcripts as the local one, and a fault affects only its recording."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import world
from tests.batch import faults
from tests.batch.test_scheduler import DEADLY, PROGRAM, ROOT, record, results

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra [ray]"),
]


def batch(folder: Path, out: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, "batch", "calls", "-o", out, "-j", "2", "--attempts", "2", *options]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(folder / f"cache-{out}"),
        "HOME": str(folder),
    }
    return subprocess.run(
        [*command, *world.arguments(DEADLY)], capture_output=True, text=True, cwd=folder, env=environment, check=False
    )


def test_ray_and_local_give_the_same(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["one", "two", "three"])
    record(tmp_path / "calls" / "bad", ["call"], faults.SEGFAULT)
    (tmp_path / "calls/page.wav").write_text("<html>")
    local, ray = batch(tmp_path, "local"), batch(tmp_path, "ray", "--engine", "ray")
    assert (local.returncode, ray.returncode) == (3, 3), ray.stderr
    both = [results(tmp_path / out) for out in ("local", "ray")]
    failures = [one.pop("failures.csv").decode().splitlines() for one in both]
    assert both[0] == both[1]
    assert len(both[0]) == 6
    assert [line.split(",")[0] for line in failures[0]] == [line.split(",")[0] for line in failures[1]]
    assert failures[0][2] == failures[1][2]
    assert "HTML" in failures[1][2]
    assert "the worker died" in failures[1][1]
    again = batch(tmp_path, "ray")
    assert "done before" in again.stdout


def test_a_missing_cluster_is_an_error(tmp_path: Path) -> None:
    record(tmp_path / "calls", ["one"])
    done = batch(tmp_path, "out", "--engine", "ray", "--address", "127.0.0.1:1")
    assert (done.returncode, len(done.stderr.splitlines())) == (5, 1), done.stderr
    assert batch(tmp_path, "out", "--engine", "cloud").returncode == 1
