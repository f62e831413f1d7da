"""Worker processes on this machine, with time and memory limits."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from pipeline.workers.pool import TICK, Crashed, J, Pool, R, Worker, ignore
from pipeline.workers.program import ABANDON, Message, Program

_COMMAND = "import sys; sys.path[:] = {path!r}; from pipeline.workers.worker_process import main; main({handle})"
_PAGE = os.sysconf("SC_PAGE_SIZE")


class ProcessWorker(Worker[J]):
    """One worker process, the leader of its process group."""

    def __init__(self, program: bytes, environment: Mapping[str, str], memory: int | None) -> None:
        pipe, remote = multiprocessing.Pipe()
        super().__init__(pipe)
        self.environment = environment
        self._pipe, self._memory = pipe, memory
        path = [str(Path(entry or ".").absolute()) for entry in sys.path]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _COMMAND.format(path=path, handle=remote.fileno())],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[remote.fileno()],
            start_new_session=True,
        )
        remote.close()
        self._send_bytes(program)

    def _send(self, job: J) -> None:
        self._send_bytes(pickle.dumps(job))

    def _ask_to_return(self) -> None:
        self._send_bytes(ABANDON)

    def _send_bytes(self, data: bytes) -> None:
        with suppress(OSError):  # the worker has died: `receive` reports it
            self._pipe.send_bytes(data)

    def receive(self) -> Message | Crashed:
        try:
            message: Message = pickle.loads(self._pipe.recv_bytes())
        except (EOFError, OSError):
            return self._death()
        return message

    def check(self) -> Crashed | None:
        if self.assignment and self._memory is not None and _resident(self._process.pid) > self._memory:
            return self.fail(f"memory limit exceeded: more than {self._memory / 1e9:.1f} GB of memory", "limit")
        return super().check()

    def terminate(self) -> None:
        self._process.terminate()

    def end(self, grace: float = 0.0) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._pipe.close()

    def _death(self) -> Crashed:
        crashed = self.fail("")
        code = self._process.returncode
        cause = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        hint = " (possibly out of memory)" if code == -signal.SIGKILL else ""
        return Crashed(f"the worker died {cause}{hint}", crashed.seconds)


class ProcessPool(Pool[J, R]):
    """Up to ``size`` worker processes; see `Pool`.

    Each worker gets one of ``environments`` on top of this process's environment variables: the one that the fewest
    others have. ``memory`` is the limit in bytes of resident memory during a job, where ``/proc`` reports it.
    """

    def __init__(
        self,
        program: Program,
        size: int,
        *,
        environments: Sequence[Mapping[str, str]] = ({},),
        memory: int | None = None,
        on_report: Callable[[J, Any], None] = ignore,
    ) -> None:
        super().__init__(size, on_report)
        self._program, self._environments, self._memory = pickle.dumps(program), environments, memory
        self._woken, self._waker = multiprocessing.Pipe(duplex=False)
        self._is_awake = False

    def wake(self) -> None:
        """Make `receive` return at once, now or at its next call. The only method for other threads."""
        if not self._is_awake:
            self._is_awake = True
            self._waker.send_bytes(b"")

    def _start(self) -> ProcessWorker[J]:
        used = [worker.environment for worker in self._workers if isinstance(worker, ProcessWorker)]
        return ProcessWorker(self._program, min(self._environments, key=used.count), self._memory)

    def _wait(self, workers: Sequence[Worker[J]]) -> Container[Worker[J]]:
        readable = wait([self._woken, *(worker.channel for worker in workers)], TICK)
        if self._woken in readable:
            self._is_awake = False  # before the read: a call in between writes again
            self._woken.recv_bytes()
        return [worker for worker in workers if worker.channel in readable]


def _resident(process: int) -> int:
    """Bytes of memory that a process holds; 0 where the system does not report it."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0
