"""Pools of processes: results come back, and every way a worker can end is a value."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import ResourceError
from pipeline.workers.pool import TICK, Cause, Crashed, Finished
from pipeline.workers.process_pool import ProcessPool
from pipeline.workers.program import Program
from tests.workers import programs

pytestmark = pytest.mark.slow  # every test starts processes

Job = tuple[str, Any]
Ends = list[tuple[Job, Finished[Any] | Crashed]]
SERVE = Program("tests.workers.programs:serve", {"name": "setup"})


@contextmanager
def pool(size: int = 1, program: Program = SERVE, **options: Any) -> Iterator[ProcessPool[Job, Any]]:
    workers: ProcessPool[Job, Any] = ProcessPool(program, size, **options)
    try:
        yield workers
    finally:
        workers.shutdown()


def start(workers: ProcessPool[Job, Any], count: int = 1) -> None:
    """Start workers and wait until ``count`` of them are idle."""
    workers.scale(count)
    while workers.idle < count:
        assert list(workers.receive()) == []


def work(workers: ProcessPool[Job, Any], *jobs: Job, seconds: float = 60.0) -> Ends:
    """Run all jobs to their ends, with replaced workers."""
    ends: Ends = []
    waiting = list(jobs)
    while len(ends) < len(jobs):
        workers.scale(len(waiting) + workers.busy)
        while waiting and workers.idle:
            workers.submit(waiting.pop(0), seconds)
        ends += workers.receive()
    return ends


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_program_starts_once_and_does_jobs_one_after_another() -> None:
    with pool() as workers:
        ends = work(workers, ("count", 1), ("count", 2))
    values = [end.value for _, end in ends if isinstance(end, Finished)]
    assert [job for job, _ in ends] == [("count", 1), ("count", 2)]
    assert [(setup, count) for setup, count, _ in values] == [({"name": "setup"}, 1), ({"name": "setup"}, 2)]
    assert len({process for *_, process in values} | {os.getpid()}) == 2


@pytest.mark.parametrize(
    ("job", "reason", "cause"),
    [
        (programs.SEGFAULT, "SIGSEGV", "died"),
        (("kill", 9), "SIGKILL", "died"),
        (("exit", 7), "code 7", "died"),
        (("raise", "bug"), "ValueError", "failed"),
        (("raise", "refused"), "no", "failed"),
        (("lock", None), "pickle", "failed"),
    ],
)
def test_a_crash_is_a_value_and_the_worker_is_replaced(job: Job, reason: str, cause: Cause) -> None:
    with pool() as workers:
        ends = dict(work(workers, job, ("count", 1)))
    crashed, finished = ends[job], ends["count", 1]
    assert isinstance(crashed, Crashed)
    assert reason in crashed.reason
    assert crashed.cause == cause
    assert crashed.seconds < 30
    assert isinstance(finished, Finished)
    assert finished.value[1] == 1, "a new worker"


def test_a_job_ends_at_its_time_limit_unless_it_extends_it() -> None:
    with pool(2) as workers:
        start(workers, 2)
        ends = dict(work(workers, ("sleep", programs.HOLD), ("extend", 6), seconds=2.0))
    late = ends["sleep", programs.HOLD]
    assert isinstance(late, Crashed)
    assert "time limit" in late.reason
    assert late.cause == "limit"
    assert 2.0 <= late.seconds < 6.0
    assert ends["extend", 6] == Finished(6)


def test_reports_do_not_put_off_a_time_limit() -> None:
    with pool() as workers:
        ((_, end),) = work(workers, ("report on", 1), seconds=1.0)
    assert isinstance(end, Crashed)
    assert (end.cause, end.seconds < 3.0) == ("limit", True)


def test_a_job_ends_at_the_memory_limit() -> None:
    with pool(memory=400_000_000) as workers:
        ((_, end),) = work(workers, ("eat", 600_000_000))
    assert isinstance(end, Crashed)
    assert "memory limit" in end.reason
    assert end.cause == "limit"


def test_an_error_of_all_jobs_is_raised_with_its_exit_code() -> None:
    with pool() as workers, pytest.raises(ResourceError) as error:
        work(workers, ("raise", "fatal"))
    assert error.value.exit_code == 5
    with pool(program=Program("tests.workers.programs:missing")) as workers, pytest.raises(ResourceError) as error:
        work(workers, ("count", 1))
    assert "weights" in str(error.value)


@pytest.mark.parametrize("function", ["tests.workers.programs:die", "tests.workers.nowhere:serve"])
def test_failed_starts_are_an_error_after_some_attempts(function: str) -> None:
    with pool(program=Program(function)) as workers, pytest.raises(ResourceError, match="code"):
        work(workers, ("count", 1))


def test_an_abandoned_job_leaves_its_worker_and_reports_nothing_more() -> None:
    reports: list[object] = []
    with pool(on_report=lambda job, value: reports.append(value)) as workers:
        start(workers)
        (first,) = work(workers, ("count", 1))
        job = ("until abandoned", 0.01)
        workers.submit(job)
        while not reports:
            assert list(workers.receive()) == []
        assert workers.abandon(job, 10.0)
        assert not workers.abandon(job, 10.0)
        known = len(reports)
        assert (workers.busy, workers.jobs) == (0, ())
        while not workers.idle:
            assert list(workers.receive()) == [], "the end of an abandoned job is not reported"
        assert len(reports) == known
        (second,) = work(workers, ("count", 1))
        assert isinstance(first[1], Finished)
        assert isinstance(second[1], Finished)
        assert first[1].value[2] == second[1].value[2], "the process is the same"
        assert not workers.abandon(job, 10.0)


def test_an_abandoned_job_that_does_not_return_costs_its_worker() -> None:
    with pool() as workers:
        start(workers)
        job = ("sleep", programs.HOLD)
        workers.submit(job)
        assert workers.abandon(job, 0.1)
        while workers.ready:
            assert list(workers.receive()) == []
        assert work(workers, ("count", 1))


def test_shutdown_ends_all_workers_in_the_time_of_one(tmp_path: Path) -> None:
    with pool(3) as workers:
        start(workers, 3)
        processes = [end.value[2] for _, end in work(workers, ("count", 1)) if isinstance(end, Finished)]
        for number in range(2):
            workers.submit(("touch", str(tmp_path / str(number))))
        while len(list(tmp_path.iterdir())) < 2:
            assert list(workers.receive()) == []
        began = time.monotonic()
        workers.shutdown(grace=1.0)
        assert time.monotonic() - began < 2.0
    assert list(tmp_path.iterdir()) == []
    assert not any(is_alive(process) for process in processes)


def test_workers_share_out_the_environments() -> None:
    environments = [{"TEST_DEVICE": "0"}, {"TEST_DEVICE": "1"}]
    with pool(4, environments=environments) as workers:
        start(workers, 4)
        for _ in range(4):
            workers.submit(("environment", "TEST_DEVICE"))
        ends: Ends = []
        while len(ends) < 4:
            ends += workers.receive()
    values = [end.value for _, end in ends if isinstance(end, Finished)]
    assert sorted(values) == ["0", "0", "1", "1"]


def test_without_an_idle_worker_nothing_is_submitted() -> None:
    with pool() as workers, pytest.raises(RuntimeError):
        workers.submit(("count", 1))


def test_an_idle_worker_that_dies_is_replaced() -> None:
    with pool() as workers:
        ((_, end),) = work(workers, ("count", 1))
        assert isinstance(end, Finished)
        os.kill(end.value[2], 9)
        while workers.idle:
            assert list(workers.receive()) == []
        assert len(work(workers, ("count", 1))) == 1


def test_reports_arrive_in_order_before_the_end_of_their_job() -> None:
    reports: list[tuple[Job, Any]] = []
    values = [{"stage": "one"}, None, *range(100)]
    with pool(on_report=lambda job, value: reports.append((job, value))) as workers:
        ends = work(workers, ("report", values), ("report", []))
    assert reports == [(("report", values), value) for value in values]
    assert [end for _, end in ends] == [Finished(102), Finished(0)]


def test_wake_ends_a_wait_at_once_or_prevents_it() -> None:
    with pool() as workers:
        start(workers)
        for _ in range(3):
            workers.wake()
        began = time.monotonic()
        assert list(workers.receive()) == []
        assert time.monotonic() - began < TICK / 2, "woken before"
        threading.Timer(TICK / 5, workers.wake).start()
        began = time.monotonic()
        assert list(workers.receive()) == []
        assert time.monotonic() - began < TICK * 0.8, "woken while it waits"
        began = time.monotonic()
        assert list(workers.receive()) == []
        assert time.monotonic() - began > TICK / 2, "one call ends one wait"


def test_wake_never_blocks() -> None:
    with pool() as workers:
        for _ in range(100_000):
            workers.wake()


def receive_nothing(workers: ProcessPool[tuple[str, object]]) -> None:
    """Receive until an error ends it; results are refused."""
    while True:
        assert list(workers.receive()) == []


def test_a_pool_goes_on_after_an_error_of_all_jobs_and_after_its_end() -> None:
    with pool(2) as workers:
        start(workers, 2)
        workers.submit(("hold", 1))
        workers.submit(("raise", "fatal"))
        with pytest.raises(ResourceError):
            receive_nothing(workers)
        assert (workers.ready, workers.jobs) == (1, (("hold", 1),)), "the other worker has its job"
        workers.shutdown()
        assert (workers.ready, workers.jobs) == (0, ())
        assert work(workers, ("report", [1])) == [(("report", [1]), Finished(1))]
