"""Dispatchers with real processes: every job ends once, whatever happens to its worker, the queue or the server."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.server.dispatcher import STOPPED, UNABLE, Dispatcher, QueueFull, Ticket
from pipeline.server.work import Cancelled, Done, End, Failed, StageProgress, Started, Update, Waiting
from pipeline.workers.program import Program
from tests.server.event_loop import run
from tests.server.work_programs import SERVE, SERVE_IF_THERE, ScriptedJob, Step

pytestmark = pytest.mark.slow  # every test starts processes

HOLD = ("sleep", 3600.0)
Making = Callable[..., ScriptedJob]


@asynccontextmanager
async def dispatcher(
    workers: int = 1, program: Program | None = None, **options: Any
) -> AsyncIterator[Dispatcher[ScriptedJob]]:
    """A dispatcher that has started; it is stopped at the end, without mercy."""
    made: Dispatcher[ScriptedJob] = Dispatcher(program or Program(SERVE), workers, **{"capacity": 8, **options})
    made.start()
    try:
        yield made
    finally:
        await asyncio.to_thread(made.stop, 0.0)


def job(id: object, *steps: Step) -> ScriptedJob:
    return ScriptedJob(str(id), steps)


async def seen(ticket: Ticket[ScriptedJob]) -> list[Update]:
    return [update async for update in ticket.updates()]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def test_readers_follow_a_job_to_its_end() -> None:
    async def check() -> None:
        async with dispatcher() as work:
            ticket = work.submit(job(1, ("report", "abc"), ("sleep", 0.2), ("report", "d")))
            assert work.ticket("1") is ticket
            all_updates, end, other = await asyncio.gather(seen(ticket), ticket.end(), seen(ticket))
            assert all_updates == other
            assert [type(update) for update in all_updates] == [Waiting, Started, *[StageProgress] * 4, Done]
            assert end == all_updates[-1] == ticket.latest
            assert await seen(ticket) == [end], "a late reader gets the end"
            assert (work.waiting, work.running, work.ready, work.ticket("1")) == (0, 0, 1, None)
            assert work.mean is not None

    run(check())


def test_a_request_does_not_wait_for_a_tick() -> None:
    async def check() -> None:
        async with dispatcher() as work:
            await work.submit(job("first")).end()
            began = time.monotonic()
            for number in range(20):
                await work.submit(job(number)).end()
            assert (time.monotonic() - began) / 20 < 0.1

    run(check())


def test_workers_start_at_once_or_on_demand() -> None:
    async def check() -> None:
        async with dispatcher(2) as eager, dispatcher(2, on_demand=True) as lazy:
            await until(lambda: eager.ready == 2)
            assert lazy.ready == 0
            assert isinstance(await lazy.submit(job(1)).end(), Done)
            assert lazy.ready == 1

    run(check())


def test_a_full_queue_refuses_and_a_cancelled_job_makes_room(tmp_path: Path) -> None:
    async def check() -> None:
        async with dispatcher(capacity=2) as work:
            busy = work.submit(job("busy", ("wait", str(tmp_path / "go"))))
            await until(lambda: work.running)
            first, second = work.submit(job(1)), work.submit(job(2))
            with pytest.raises(QueueFull) as refused:
                work.submit(job(3))
            assert refused.value.retry_after >= 1
            third = work.submit(job(3), accepted=True)
            assert [each.latest for each in (first, second, third)] == [Waiting(0), Waiting(1), Waiting(2)]
            first.cancel()
            assert await first.end() == Cancelled()
            await until(lambda: third.latest == Waiting(1))
            assert second.latest == Waiting(0)
            (tmp_path / "go").touch()
            ends = await asyncio.gather(*(each.end() for each in (busy, second, third)))
            assert all(isinstance(end, Done) for end in ends)
            order = [each.history for each in (second, third)]
            assert order == [
                [Waiting(1), Waiting(0), Started(1), ends[1]],
                [*map(Waiting, (2, 1, 0)), Started(1), ends[2]],
            ]

    run(check())


def test_cancelled_work_that_returns_costs_no_worker(tmp_path: Path) -> None:
    async def check() -> None:
        async with dispatcher(1) as work:
            for number in range(5):
                mark = tmp_path / f"process {number}"
                ticket = work.submit(job(f"cancelled {number}", ("mark", str(mark)), ("until abandoned", None)))
                later = work.submit(job(number))
                await until(lambda mark=mark: lines(mark))
                ticket.cancel()
                assert await ticket.end() == Cancelled()
                end = await later.end()
                assert isinstance(end, Done)
                assert end.duration == int(lines(mark)[0]), "the process is the same"
            assert len({each.read_text() for each in tmp_path.iterdir()}) == 1

    run(check())


def test_cancelling_stops_the_worker_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.server.dispatcher.RETURN_SECONDS", 0.5)

    async def check() -> None:
        async with dispatcher(2) as work:
            mark = tmp_path / "process"
            other = work.submit(job("other", ("wait", str(tmp_path / "go"))))
            ticket = work.submit(job(1, ("mark", str(mark)), HOLD))
            await until(lambda: lines(mark))
            began = time.monotonic()
            ticket.cancel()
            ticket.cancel()
            assert await ticket.end() == Cancelled()
            assert time.monotonic() - began < 1.0
            await until(lambda: not is_alive(int(lines(mark)[0])))
            (tmp_path / "go").touch()
            assert isinstance(await other.end(), Done)
            ticket.cancel()
            other.cancel()
            assert isinstance(await work.submit(job(2)).end(), Done)
            assert (ticket.latest, type(other.latest)) == (Cancelled(), Done), "an end is the end"

    run(check())


def test_a_job_that_is_cancelled_at_any_moment_ends_once(tmp_path: Path) -> None:
    async def check() -> None:
        choose = random.Random(1)
        async with dispatcher(2, capacity=100) as work:
            tickets = []
            for number in range(40):
                ticket = work.submit(job(number, ("sleep", 0.02)))
                tickets.append(ticket)
                asyncio.get_running_loop().call_later(choose.uniform(0, 0.8), ticket.cancel)
            for ticket in tickets:
                updates = await asyncio.wait_for(seen(ticket), 120)
                assert isinstance(updates[-1], Done | Cancelled)
                assert sum(isinstance(update, End) for update in ticket.history) == 1
            await until(lambda: (work.waiting, work.running) == (0, 0))
            assert isinstance(await work.submit(job("last")).end(), Done)

    run(check())


def test_a_job_whose_worker_dies_is_tried_again_before_all_others(tmp_path: Path) -> None:
    async def check() -> None:
        async with dispatcher() as work:
            ticket = work.submit(job(1, ("report", "a"), ("die once", str(tmp_path / "dead")), ("report", "b")))
            second = work.submit(job(2))
            ends = await asyncio.gather(ticket.end(), second.end())
            assert all(isinstance(end, Done) for end in ends)
            starts = [update for update in ticket.history if isinstance(update, Started | Waiting)]
            assert starts == [Waiting(0), Started(1), Waiting(0), Started(2)]
            assert Waiting(1) in second.history

    run(check())


def test_a_job_that_kills_its_workers_fails_after_all_attempts(tmp_path: Path) -> None:
    async def check() -> None:
        async with dispatcher(attempts=2) as work:
            end = await work.submit(job(1, ("mark", str(tmp_path / "process")), ("kill", signal.SIGSEGV))).end()
            assert isinstance(end, Failed)
            assert (end.kind, "SIGSEGV" in end.message, "2 attempts" in end.message) == ("crash", True, True)
            assert len(lines(tmp_path / "process")) == 2
            assert isinstance(await work.submit(job(2)).end(), Done)

    run(check())


def test_limits_errors_and_failures_are_not_tried_again(tmp_path: Path) -> None:
    async def check() -> None:
        async with dispatcher(seconds=1.0) as work:
            for step, kind, message in (
                (HOLD, "limit", "time limit"),
                (("raise", "bug"), "model", "ValueError"),
                (("fail", "no sound"), "recording", "no sound"),
            ):
                mark = tmp_path / kind
                end = await work.submit(job(kind, ("mark", str(mark)), step)).end()
                assert isinstance(end, Failed)
                assert (end.kind, message in end.message, len(lines(mark))) == (kind, True, 1)

    run(check())


def test_a_flood_of_reports_leaves_one_update() -> None:
    async def check() -> None:
        async with dispatcher() as work:
            ticket = work.submit(job(1, ("flood", 20_000)))
            await ticket.end()
            assert [type(update) for update in ticket.history] == [Waiting, Started, StageProgress, Done]

    run(check())


def test_stopping_lets_running_work_end_within_its_time(tmp_path: Path) -> None:
    async def check() -> None:
        observed: list[tuple[str, Update]] = []
        note = lambda job, update: observed.append((job.id, update))  # noqa: E731
        async with dispatcher(2, observer=note) as work:
            short, long = work.submit(job("short", ("sleep", 1.0))), work.submit(job("long", HOLD))
            await until(lambda: work.running == 2)
            waiting = work.submit(job("waiting"))
            began = time.monotonic()
            stopping = asyncio.create_task(asyncio.to_thread(work.stop, 3.0))
            assert await waiting.end() == STOPPED
            assert time.monotonic() - began < 0.5, "what waits is not left in doubt"
            assert await work.submit(job("late")).end() == STOPPED
            assert isinstance(await short.end(), Done)
            assert await long.end() == STOPPED
            await stopping
            assert 3.0 <= time.monotonic() - began < 5.5
            assert [end for id, end in observed if id == "long"] == [Started(1), STOPPED]
            assert (work.ready, work.running, work.waiting) == (0, 0, 0)

    run(check())


def test_stopping_does_not_try_again(tmp_path: Path) -> None:
    async def check() -> None:
        async with dispatcher() as work:
            ticket = work.submit(job(1, ("wait", str(tmp_path / "go")), ("kill", 9)))
            await until(lambda: work.running)
            stopping = asyncio.create_task(asyncio.to_thread(work.stop, 30.0))
            await asyncio.sleep(0.1)
            (tmp_path / "go").touch()
            assert await ticket.end() == STOPPED
            await asyncio.wait_for(stopping, 10)

    run(check())


def test_a_dispatcher_that_never_started_stops() -> None:
    async def check() -> None:
        work: Dispatcher[ScriptedJob] = Dispatcher(Program(SERVE), 1, capacity=1)
        ticket = work.submit(job(1))
        await asyncio.to_thread(work.stop, 1.0)
        assert await ticket.end() == STOPPED

    run(check())


def test_without_a_worker_work_fails_and_the_next_job_tries_again(tmp_path: Path) -> None:
    async def check() -> None:
        weights = tmp_path / "weights"
        async with dispatcher(2, Program(SERVE_IF_THERE, str(weights))) as work:
            await until(lambda: work.problem)
            assert "weights are missing" in str(work.problem)
            assert await work.submit(job(1)).end() == UNABLE
            await until(lambda: work.problem)
            weights.touch()
            assert isinstance(await work.submit(job(2)).end(), Done)
            assert (work.problem, work.ready > 0) == (None, True)

    run(check())


def test_a_worker_that_cannot_be_replaced_leaves_the_others_at_work(tmp_path: Path) -> None:
    async def check() -> None:
        weights = tmp_path / "weights"
        weights.touch()
        async with dispatcher(2, Program(SERVE_IF_THERE, str(weights))) as work:
            await until(lambda: work.ready == 2)
            other = work.submit(job("other", ("wait", str(tmp_path / "go"))))
            weights.unlink()
            ticket = work.submit(job(1, ("die once", str(tmp_path / "dead"))))
            await until(lambda: work.problem)
            assert not isinstance(other.latest, End)
            (tmp_path / "go").touch()
            assert isinstance(await other.end(), Done)
            assert isinstance(await ticket.end(), Done), "by the worker that is left"

    run(check())


def test_an_observer_knows_of_starts_and_ends_before_any_reader() -> None:
    async def check() -> None:
        observed: list[tuple[str, Update]] = []

        def note(job: ScriptedJob, update: Update) -> None:
            time.sleep(0.05)
            observed.append((threading.current_thread().name, update))
            raise OSError("an observer that fails harms nothing")

        async with dispatcher() as work:
            end = await work.submit(job(1, ("report", "a")), observer=note).end()
            assert observed == [("dispatcher", Started(1)), ("dispatcher", end)]

    run(check())


def test_workers_that_are_killed_at_random_cost_nothing_but_attempts(tmp_path: Path) -> None:
    async def check() -> None:
        choose = random.Random(5)
        async with dispatcher(2, capacity=50, attempts=50) as work:
            tickets = [work.submit(job(n, ("mark", str(tmp_path / f"{n}")), ("sleep", 0.6))) for n in range(20)]
            kills = 0
            while not all(isinstance(ticket.latest, End) for ticket in tickets):
                await asyncio.sleep(choose.uniform(0.2, 1.5))
                processes = [worker._process.pid for worker in list(work._pool._workers)]  # type: ignore[attr-defined]
                if kills < 10 and processes:
                    os.kill(choose.choice(processes), signal.SIGKILL)
                    kills += 1
            assert {type(await ticket.end()) for ticket in tickets} == {Done}
            attempts = [len(lines(tmp_path / f"{n}")) for n in range(20)]
            assert min(attempts) == 1
            assert sum(attempts) <= 20 + kills

    run(check())


def test_nothing_heavy_is_imported() -> None:
    modules = "dispatcher", "tickets", "jobs", "downloads", "worker", "renderer"
    script = f"import sys\nfor name in {modules}: __import__('pipeline.server.' + name)\n" + (
        "print(sorted({'numpy', 'scipy', 'torch', 'av', 'docx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
