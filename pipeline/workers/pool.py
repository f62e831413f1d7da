"""The interface of all pools of workers, the bookkeeping they share, and how a job ends."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from pipeline.core.errors import ResourceError
from pipeline.workers.program import Extended, Failed, Fatal, Message, Ready, Reported, Result

J = TypeVar("J")
"""The type of a pool's jobs."""
R = TypeVar("R")
"""The type of their results."""

TICK = 0.25
"""Longest wait of `Pool.receive` in seconds, hence also the time between two checks of limits. Chosen by hand; a larger
value notices exceeded limits later."""
GRACE = 1.0
"""Seconds that a stopped worker has to remove its temporary files. Chosen by hand, so that Ctrl-C ends a run within two
seconds; a smaller value leaves more temporary files behind."""
MAX_FAILED_STARTS = 3
"""Number of consecutive workers that end before they are ready, at which a pool gives up. Chosen by hand; a larger
value delays the error where no worker can start."""


Cause = Literal["died", "failed", "limit"]
"""Why a job crashed: its worker died, its handler raised, or it exceeded a limit of time or memory."""


def ignore(job: Any, value: Any) -> None:
    """The listener that does nothing with what jobs report."""


@dataclass(frozen=True, slots=True)
class Finished(Generic[R]):
    """End of a job: its handler returned ``value``."""

    value: R


@dataclass(frozen=True, slots=True)
class Crashed:
    """End of a job: its worker died, failed or exceeded a limit, ``seconds`` after the job began."""

    reason: str
    seconds: float = 0.0
    cause: Cause = "died"


@dataclass(frozen=True, slots=True)
class Assignment(Generic[J]):
    """The job of a worker; ``began`` and ``deadline`` are readings of `time.monotonic`. The end of an abandoned job is
    not reported."""

    job: J
    began: float
    deadline: float
    is_abandoned: bool = False

    @property
    def seconds(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self.began

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self.deadline


class Worker(ABC, Generic[J]):
    """One worker. ``assignment`` is its job, None while it is idle; ``channel`` is where its messages arrive."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.assignment: Assignment[J] | None = None
        self.is_ready = False

    def submit(self, job: J, seconds: float) -> None:
        """Give the job to the worker, which must be ready and idle, with its time limit."""
        self._send(job)
        now = time.monotonic()
        self.assignment = Assignment(job, now, now + seconds)

    def extend(self, seconds: float) -> None:
        """Move the time limit of the job to ``seconds`` from now."""
        if self.assignment is not None and not self.assignment.is_abandoned:
            self.assignment = replace(self.assignment, deadline=time.monotonic() + seconds)

    def abandon(self, seconds: float) -> None:
        """Ask the handler to return; it has ``seconds`` for that."""
        if self.assignment is not None:
            self.assignment = replace(self.assignment, deadline=time.monotonic() + seconds, is_abandoned=True)
            self._ask_to_return()

    def _ask_to_return(self) -> None:
        """Tell the handler that its result is not wanted; workers without messages during a job get none."""

    def check(self) -> Crashed | None:
        """End the worker if its job has exceeded a limit."""
        if self.assignment is None or not self.assignment.is_late:
            return None
        return self.fail(f"time limit exceeded: no result within {self.assignment.seconds:.0f} s", "limit")

    def fail(self, reason: str, cause: Cause = "died") -> Crashed:
        """End the worker; the end of its job."""
        seconds = self.assignment.seconds if self.assignment else 0.0
        self.end()
        return Crashed(reason, seconds, cause)

    @abstractmethod
    def _send(self, job: J) -> None:
        """Send the job to the worker. A worker that has died reports that through its channel."""

    @abstractmethod
    def receive(self) -> Message | Crashed:
        """The next message of the worker; `Crashed` if it has died."""

    @abstractmethod
    def terminate(self) -> None:
        """Ask the worker to remove its temporary files and exit."""

    @abstractmethod
    def end(self, grace: float = 0.0) -> None:
        """Kill the worker unless it exits within ``grace`` seconds."""


class Pool(ABC, Generic[J, R]):
    """Up to ``size`` workers that run the same program. Not thread-safe: one thread uses a pool.

    Jobs and results must be picklable. A job that crashes its worker ends as `Crashed`, and the worker is replaced by
    the next `scale`. An error that every job would meet is raised by `receive`, which also calls ``on_report`` with a
    job and each value that its handler reports.
    """

    def __init__(self, size: int, on_report: Callable[[J, Any], None] = ignore) -> None:
        self.size = size
        self._on_report = on_report
        self._workers: list[Worker[J]] = []
        self._failed_starts = 0

    @property
    def idle(self) -> int:
        """Number of workers that are ready for a job."""
        return sum(worker.is_ready and worker.assignment is None for worker in self._workers)

    @property
    def ready(self) -> int:
        """Number of workers whose program has started, idle or busy."""
        return sum(worker.is_ready for worker in self._workers)

    @property
    def jobs(self) -> tuple[J, ...]:
        """The jobs that workers have, without abandoned ones."""
        assignments = (worker.assignment for worker in self._workers)
        return tuple(each.job for each in assignments if each is not None and not each.is_abandoned)

    @property
    def busy(self) -> int:
        """Number of `jobs`."""
        return len(self.jobs)

    def scale(self, wanted: int) -> None:
        """Start workers until there are ``wanted``, or as many as the pool may have."""
        while len(self._workers) < min(self.size, wanted):
            self._workers.append(self._start())

    def submit(self, job: J, seconds: float = float("inf")) -> None:
        """Give a job to an idle worker; it must end within ``seconds``, which its handler may extend.

        Raises `RuntimeError` when no worker is idle.
        """
        for worker in self._workers:
            if worker.is_ready and worker.assignment is None:
                worker.submit(job, seconds)
                return
        raise RuntimeError("no worker is idle")

    def receive(self) -> Iterator[tuple[J, Finished[R] | Crashed]]:
        """The jobs that ended since the last call, after at most `TICK` seconds.

        Raises `ResourceError` for an error that every job would meet, and when no worker can be started.
        """
        signalled = self._wait(self._workers)
        for worker in list(self._workers):
            if worker in signalled and worker in self._workers:  # the caller may shut the pool down between two ends
                yield from self._process(worker, worker.receive())
            if worker in self._workers:
                yield from self._process(worker, worker.check())

    def abandon(self, job: J, seconds: float) -> bool:
        """Ask the handler of a running job to return; a worker that has not within ``seconds`` is replaced.

        Returns at once. True if the job was running: `receive` will not report its end.
        """
        for worker in self._workers:
            if worker.assignment is not None and worker.assignment.job is job and not worker.assignment.is_abandoned:
                worker.abandon(seconds)
                return True
        return False

    def shutdown(self, grace: float = 0.0) -> None:
        """End all workers. With ``grace`` (seconds) they may clean up first, all at the same time.

        `scale` starts new ones.
        """
        for worker in self._workers if grace else ():
            worker.terminate()
        deadline = time.monotonic() + grace
        for worker in self._workers:
            worker.end(max(0.0, deadline - time.monotonic()))
        self._workers.clear()
        self._failed_starts = 0

    @abstractmethod
    def _start(self) -> Worker[J]:
        """A new worker, which loads its program in the background."""

    @abstractmethod
    def _wait(self, workers: Sequence[Worker[J]]) -> Container[Worker[J]]:
        """The workers that have a message or died, as soon as there is one, or after `TICK` seconds."""

    def _process(
        self, worker: Worker[J], message: Message | Crashed | None
    ) -> Iterator[tuple[J, Finished[R] | Crashed]]:
        if isinstance(message, Fatal):
            self._workers.remove(worker)
            worker.end()
            raise as_error(message)
        if isinstance(message, Ready):
            worker.is_ready, self._failed_starts = True, 0
        elif isinstance(message, Extended):
            worker.extend(message.seconds)
        elif isinstance(message, Reported) and worker.assignment is not None and not worker.assignment.is_abandoned:
            self._on_report(worker.assignment.job, message.value)
        elif isinstance(message, Result):
            yield from self._release(worker, Finished(message.value))
        elif isinstance(message, Failed):
            yield from self._remove(worker, worker.fail(message.reason, "failed"))
        elif isinstance(message, Crashed):
            yield from self._remove(worker, message)

    def _remove(self, worker: Worker[J], end: Crashed) -> Iterator[tuple[J, Finished[R] | Crashed]]:
        self._workers.remove(worker)
        self._failed_starts += not worker.is_ready
        if self._failed_starts >= MAX_FAILED_STARTS:
            raise ResourceError(
                f"no worker could be started: {end.reason}", hint="use fewer workers (batch: --jobs, serve: --workers)"
            )
        yield from self._release(worker, end)

    def _release(self, worker: Worker[J], end: Finished[R] | Crashed) -> Iterator[tuple[J, Finished[R] | Crashed]]:
        assignment, worker.assignment = worker.assignment, None
        if assignment is not None and not assignment.is_abandoned:
            yield assignment.job, end


def as_error(message: Fatal) -> ResourceError:
    """The error of a worker, with its exit code, for the caller of the pool."""
    error = ResourceError(message.line)
    error.exit_code = message.exit_code
    return error
