"""Workers are distributed over GPUs. The machines are simulated, no GPU is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch.recording_pool import RecordingPool, gpu_share, share_of
from pipeline.batch.worker import Limits, Setup
from pipeline.models import torch_runtime
from pipeline.workers import process_pool, ray_pool
from tests import world


def setup(name: str) -> Setup:
    return Setup(world.settings({"runtime.device": name}), Path("out"), ("txt",))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The environment of each started worker process."""
    environments: list[dict[str, Any]] = []

    class Process:
        pid, returncode = 1, 0

        def __init__(self, command: list[str], **options: Any) -> None:
            environments.append(options["env"])

    monkeypatch.setattr(process_pool.subprocess, "Popen", Process)
    monkeypatch.setattr(torch_runtime, "count_gpus", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return environments


@pytest.mark.parametrize("name", ["auto", "cuda", "cuda:0,cuda:1"])
def test_each_worker_sees_one_gpu_and_a_replacement_gets_the_free_one(name: str, started: list[dict[str, Any]]) -> None:
    workers = RecordingPool(setup(name), 4, Limits())
    workers.scale(4)
    assert [env["CUDA_VISIBLE_DEVICES"] for env in started] == ["0", "1", "0", "1"]
    del workers._pool._workers[1]
    workers.scale(4)
    assert started[-1]["CUDA_VISIBLE_DEVICES"] == "1"


@pytest.mark.parametrize("name", ["auto", "cuda:0,cuda:1"])
def test_workers_of_a_server_are_spread_over_the_gpus(name: str, started: list[dict[str, Any]], tmp_path: Path) -> None:
    from pipeline.server.app import _context
    from pipeline.server.settings import ServerSettings

    settings = ServerSettings(config=setup(name).config, preset="default", folder=tmp_path, workers=3)
    pool = _context(settings).transcribing._pool
    pool.scale(3)
    assert [env["CUDA_VISIBLE_DEVICES"] for env in started] == ["0", "1", "0"]


@pytest.mark.parametrize(("name", "gpus", "expected"), [("auto", 2, 0.5), ("cuda:0,cuda:1", 4, 0.5), ("cpu", 4, 0)])
def test_ray_actors_ask_for_their_part_of_a_gpu(
    name: str, gpus: int, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    ray = SimpleNamespace(
        cluster_resources=lambda: {"GPU": float(gpus)},
        remote=lambda **options: (asked.append(options), lambda actor: actor)[1],
        shutdown=lambda: None,
    )
    monkeypatch.setattr(ray_pool, "_connect", lambda address, size: ray)
    RecordingPool(setup(name), 4, Limits(), engine="ray").shutdown()
    assert asked == [{"max_restarts": 0, "num_cpus": 1, "num_gpus": expected}]


def test_workers_on_the_cpu_see_all_devices(started: list[dict[str, Any]]) -> None:
    RecordingPool(setup("cpu"), 2, Limits()).scale(2)
    assert not any("CUDA_VISIBLE_DEVICES" in env for env in started)


@pytest.mark.parametrize(
    ("name", "expected"), [("auto", "auto"), ("cpu", "cpu"), ("cuda:1", "cuda"), ("cuda:0,cuda:1", "cuda")]
)
def test_a_workers_device_is_the_first_visible_one(name: str, expected: str) -> None:
    before = setup(name).config
    after = share_of(before, 2)
    assert after.runtime.device == expected
    assert replace(after, runtime=before.runtime) == before


@pytest.mark.parametrize(
    ("jobs", "name", "gpus", "expected"),
    [(4, "cpu", 4, 0), (4, "auto", 0, 0), (2, "cuda", 0, 0), (2, "auto", 2, 1), (4, "auto", 2, 0.5), (1, "cuda", 8, 1)],
)
def test_the_gpu_share_of_an_actor(jobs: int, name: str, gpus: int, expected: float) -> None:
    assert gpu_share(jobs, name, gpus) == expected


@given(st.integers(1, 30), st.sampled_from(["auto", "cuda", "cuda:0,cuda:1", "cuda:1"]), st.integers(1, 8))
def test_all_actors_fit(jobs: int, name: str, gpus: int) -> None:
    share = gpu_share(jobs, name, gpus)
    free = dict.fromkeys(range(gpus), 1.0)
    for _ in range(jobs):
        fullest = max(free, key=lambda number: free[number])
        assert free[fullest] >= share - 1e-9
        free[fullest] -= share
