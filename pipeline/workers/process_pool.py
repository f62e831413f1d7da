"""The parent's side of the workers: started, handed jobs, listened to, given up on, replaced."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from pipeline.batch.journal import Outcome
from pipeline.batch.worker import Decoded, FatalError, Job, Message, Ready, Setup
from pipeline.core.errors import CrosstalkError, ResourceError
from pipeline.models.registry import devices_for, least_used, only

TICK = 0.25
"""Seconds between two looks at the workers' clocks and memory."""
GRACE = 1.0
"""Seconds a worker has to remove its temporary files when the run is interrupted."""
_PROGRAM = "import sys; sys.path[:] = {path!r}; from pipeline.batch.worker import main; main({handle})"
_PAGE = os.sysconf("SC_PAGE_SIZE")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Numpy's algebra takes all cores in every worker, unless it is told otherwise before it is loaded."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may take: ``base`` seconds and ``factor`` seconds per second of the recording; ``memory`` bytes.

    Until it is decoded a recording has ``base`` seconds and five per megabyte.
    """

    base: float = 300.0
    factor: float = 30.0
    memory: int | None = None


class Worker:
    """One worker process; ``job`` is what it is busy with."""

    def __init__(self, setup: Setup, limits: Limits, device: str) -> None:
        self.job: Job | None = None
        self.device = device
        self.ready = False
        self._limits = limits
        self._until = float("inf")
        self._began = 0.0
        self.pipe, theirs = multiprocessing.Pipe()
        path = [str(Path(entry or ".").absolute()) for entry in sys.path]
        program = _PROGRAM.format(path=path, handle=theirs.fileno())
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", program],
            env={
                **os.environ,
                **dict.fromkeys(_THREADS, str(setup.config.runtime.threads)),
                **only(device, os.environ),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        with suppress(OSError):  # a worker that could not start is told by its pipe
            self.pipe.send(setup)

    def submit(self, job: Job) -> None:
        """Give the worker something to do; it must be ready and idle."""
        self.job, self._began = job, time.monotonic()
        self._until = self._began + self._limits.base + 5 * size_of(job.path) / 1e6
        with suppress(OSError):  # a worker that died meanwhile is told by its pipe
            self.pipe.send(job)

    def listen(self) -> Message | None:
        """What the worker has to say; None for a sign that concerns nobody else. A dead worker is an outcome."""
        try:
            message: Message = self.pipe.recv()
        except (EOFError, OSError):
            return self._dead()
        if isinstance(message, Decoded):
            self._until = time.monotonic() + self._limits.base + self._limits.factor * message.duration
            return None
        if isinstance(message, Ready):
            self.ready = True
        return message

    def check(self) -> Outcome | None:
        """The end of a worker that took too long or too much memory; it is killed."""
        if self.job is None:
            return None
        if time.monotonic() > self._until:
            return self._end(f"gave no result within {self._until - self._began:.0f} s")
        if self._limits.memory is not None and _resident(self._process.pid) > self._limits.memory:
            return self._end(f"took more than {self._limits.memory / 1e9:.1f} GB of memory")
        return None

    def terminate(self) -> None:
        """Ask the worker to remove its temporary files and go."""
        self._process.terminate()

    def end(self, grace: float = 0.0) -> None:
        """End the worker and all its children, if it is not gone within ``grace`` seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.pipe.close()

    def _end(self, why: str) -> Outcome:
        self.end()
        return Outcome("crashed", time.monotonic() - self._began, error=f"the worker was ended: it {why}")

    def _dead(self) -> Outcome:
        self.end()
        code = self._process.returncode
        why = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        hint = ", for want of memory perhaps" if code == -signal.SIGKILL else ""
        return Outcome("crashed", time.monotonic() - self._began, error=f"the worker died {why}{hint}")


class ProcessPool:
    """So many workers; one that ends is replaced when there is work for it."""

    def __init__(self, setup: Setup, jobs: int, limits: Limits) -> None:
        self._setup, self._jobs, self._limits = shared(setup, jobs), jobs, limits
        self._devices = devices_for(jobs, setup.config.runtime.device)
        self._workers: list[Worker] = []
        self._stillborn = 0

    @property
    def busy(self) -> int:
        return sum(worker.job is not None for worker in self._workers)

    def free(self) -> Worker | None:
        """A worker that is ready for a job."""
        return next((worker for worker in self._workers if worker.ready and worker.job is None), None)

    def scale(self, wanted: int) -> None:
        """Start workers until there are as many as can be used."""
        while len(self._workers) < min(self._jobs, wanted):
            device = least_used(self._devices, [worker.device for worker in self._workers])
            self._workers.append(Worker(self._setup, self._limits, device))

    def events(self) -> Iterator[tuple[Job, Outcome]]:
        """What ended within the next moment. Raises when no worker can ever work."""
        pipes: dict[Any, Worker] = {worker.pipe: worker for worker in self._workers}
        heard = [pipe for pipe in wait(list(pipes), TICK) if isinstance(pipe, Connection)]
        for worker in list(self._workers):
            message = worker.listen() if worker.pipe in heard else worker.check()
            if isinstance(message, FatalError):
                raise as_error(message)
            if isinstance(message, Outcome):
                yield from self._ended(worker, message)

    def shutdown(self, grace: float = 0.0) -> None:
        """End all workers; with ``grace`` they may clean up, all at the same time."""
        for worker in self._workers if grace else ():
            worker.terminate()
        deadline = time.monotonic() + grace
        for worker in self._workers:
            worker.end(max(0.0, deadline - time.monotonic()))
        self._workers.clear()

    def _ended(self, worker: Worker, outcome: Outcome) -> Iterator[tuple[Job, Outcome]]:
        job, worker.job = worker.job, None
        if worker.pipe.closed:
            self._workers.remove(worker)
            if not worker.ready:
                self._stillborn += 1
                if self._stillborn >= 3:
                    raise ResourceError(f"no worker could be started: {outcome.error}", hint="try fewer --jobs")
        if job is not None:
            yield job, outcome


def shared(setup: Setup, jobs: int) -> Setup:
    """The setup of each of so many workers: its share of the threads, at least one.

    A worker that shall use one GPU sees no other (`only`), so that its device is the first that it sees.
    """
    runtime = setup.config.runtime
    threads = max(1, (runtime.threads or os.cpu_count() or 1) // jobs)
    device = "cuda" if runtime.device.startswith("cuda:") else runtime.device
    return replace(setup, config=replace(setup.config, runtime=replace(runtime, threads=threads, device=device)))


def as_error(message: FatalError) -> CrosstalkError:
    error = ResourceError(message.line)
    error.exit_code = message.exit_code
    return error


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _resident(process: int) -> int:
    """Bytes of memory a process holds; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0
