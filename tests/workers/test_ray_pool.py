"""Pools of Ray actors: the interface of the process pool."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.core.errors import ResourceError
from pipeline.workers.pool import Crashed, Finished
from pipeline.workers.program import Program
from pipeline.workers.ray_pool import RayPool
from tests.workers import programs
from tests.workers.test_process_pool import work

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra [ray]"),
]
Job = tuple[str, Any]


@pytest.fixture
def workers() -> Iterator[RayPool[Job, Any]]:
    pool: RayPool[Job, Any] = RayPool(Program("tests.workers.programs:serve", "setup"), 2)
    yield pool
    pool.shutdown()


def test_ends_cancellation_and_fatal_errors(workers: RayPool[Job, Any]) -> None:
    jobs = [("count", 1), ("exit", 7), ("raise", "bug")]
    ends = dict(work(workers, *jobs))
    assert isinstance(ends["count", 1], Finished)
    assert isinstance(ends["exit", 7], Crashed)
    assert ends["raise", "bug"].reason.startswith("ValueError")  # type: ignore[union-attr]
    late = dict(work(workers, ("sleep", programs.HOLD), seconds=2.0))["sleep", programs.HOLD]
    assert isinstance(late, Crashed)
    assert "time limit" in late.reason
    while not workers.idle:
        workers.scale(1)
        assert list(workers.receive()) == []
    job = ("sleep", programs.HOLD)
    workers.submit(job)
    assert workers.abandon(job, 0.1)
    assert not workers.abandon(job, 0.1)
    assert isinstance(dict(work(workers, ("count", 2)))["count", 2], Finished)
    with pytest.raises(ResourceError):
        work(workers, ("raise", "fatal"))
