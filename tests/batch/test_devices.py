"""Workers spread over GPUs; the machines are described, no GPU is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch.worker import Setup
from pipeline.models import torch_runtime
from pipeline.workers import process_pool
from pipeline.workers.process_pool import Limits, ProcessPool
from pipeline.workers.ray_pool import gpu_share
from tests import world


def setup(name: str) -> Setup:
    return Setup(world.settings({"runtime.device": name}), Path("out"), ("txt",))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What each worker's process is started with."""
    found: list[dict[str, Any]] = []

    class Process:
        pid, returncode = 1, 0

        def __init__(self, command: list[str], **options: Any) -> None:
            found.append(options["env"])

    monkeypatch.setattr(process_pool.subprocess, "Popen", Process)
    monkeypatch.setattr(torch_runtime, "count_gpus", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return found


@pytest.mark.parametrize("name", ["auto", "cuda", "cuda:0,cuda:1"])
def test_each_worker_sees_one_gpu_and_a_new_one_that_of_the_lost(name: str, started: list[dict[str, Any]]) -> None:
    workers = ProcessPool(setup(name), 4, Limits())
    workers.scale(4)
    assert [env["CUDA_VISIBLE_DEVICES"] for env in started] == ["0", "1", "0", "1"]
    del workers._workers[1]
    workers.scale(4)
    assert started[-1]["CUDA_VISIBLE_DEVICES"] == "1"


def test_workers_on_the_cpu_are_started_as_before(started: list[dict[str, Any]]) -> None:
    ProcessPool(setup("cpu"), 2, Limits()).scale(2)
    assert not any("CUDA_VISIBLE_DEVICES" in env for env in started)


@pytest.mark.parametrize(
    ("name", "expected"), [("auto", "auto"), ("cpu", "cpu"), ("cuda:1", "cuda"), ("cuda:0,cuda:1", "cuda")]
)
def test_a_workers_device_is_the_first_it_sees(name: str, expected: str) -> None:
    before = setup(name)
    after = process_pool.shared(before, 2)
    assert after.config.runtime.device == expected
    assert replace(after, config=before.config) == before


@pytest.mark.parametrize(
    ("jobs", "name", "gpus", "expected"),
    [(4, "cpu", 4, 0), (4, "auto", 0, 0), (2, "cuda", 0, 0), (2, "auto", 2, 1), (4, "auto", 2, 0.5), (1, "cuda", 8, 1)],
)
def test_actors_ask_ray_for_their_part_of_a_gpu(jobs: int, name: str, gpus: int, expected: float) -> None:
    assert gpu_share(jobs, name, gpus) == expected


@given(st.integers(1, 30), st.sampled_from(["auto", "cuda", "cuda:0,cuda:1", "cuda:1"]), st.integers(1, 8))
def test_all_actors_fit(jobs: int, name: str, gpus: int) -> None:
    share = gpu_share(jobs, name, gpus)
    room = dict.fromkeys(range(gpus), 1.0)
    for _ in range(jobs):
        fullest = max(room, key=lambda number: room[number])
        assert room[fullest] >= share - 1e-9
        room[fullest] -= share
