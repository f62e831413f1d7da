"""Workers as actors of a Ray cluster (extra ``[ray]``). The caller's process hands out jobs and receives their ends.

Without an address, a cluster of this machine alone is started: loopback, no dashboard, no usage statistics.
"""

from __future__ import annotations

import os
import pickle
import socket
import sys
import time
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

from pipeline.core.errors import CrosstalkError, ResourceError, SettingsError
from pipeline.workers.pool import TICK, Crashed, J, Pool, R, Worker
from pipeline.workers.program import Control, Fatal, Handler, Message, Program, Ready, answer

CONNECT_TIMEOUT = 5.0
"""Seconds within which an address must answer. Chosen by hand; Ray itself would wait for minutes."""


class Actor:
    """What runs on the cluster. It sends nothing before a job ends, which can neither report nor extend its limit."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._handler: Handler | None = None

    def start(self) -> bytes:
        """Start the program; the pickled `Ready` or `Fatal`."""
        try:
            self._handler = self._program.start()
        except CrosstalkError as error:
            return pickle.dumps(Fatal(error.line, error.exit_code))
        return pickle.dumps(Ready())

    def work(self, job: bytes) -> bytes:
        """The pickled message that ends a pickled job."""
        assert self._handler is not None
        return answer(self._handler, job, Control())


class RayWorker(Worker[J]):
    """One actor; its channel is the reference of the call that it is busy with."""

    def __init__(self, ray: Any, actor: Any) -> None:
        super().__init__(actor.start.remote())
        self._ray, self._actor = ray, actor

    def _send(self, job: J) -> None:
        self.channel = self._actor.work.remote(pickle.dumps(job))

    def receive(self) -> Message | Crashed:
        try:
            message: Message = pickle.loads(self._ray.get(self.channel))
        except self._ray.exceptions.RayError as error:
            reason = next(iter(str(error).splitlines()), "")
            return self.fail(f"the worker died: {type(error).__name__}: {reason}")
        return message

    def terminate(self) -> None:
        """Nothing: Ray has no way to let an actor clean up in the middle of a call."""

    def end(self, grace: float = 0.0) -> None:
        self._ray.kill(self._actor)


class RayPool(Pool[J, R]):
    """Up to ``size`` actors of the cluster at ``address`` (None starts one on this machine); see `Pool`.

    Time limits cannot be extended: the seconds given to `submit` apply to the whole job. ``gpu_share`` returns the part
    of a GPU that each actor asks for, given the number of GPUs of the cluster.
    """

    def __init__(
        self,
        program: Program,
        size: int,
        *,
        address: str | None = None,
        gpu_share: Callable[[int], float] = lambda gpus: 0,
    ) -> None:
        super().__init__(size)
        self._program, self._ray = program, _connect(address, size)
        share = gpu_share(int(self._ray.cluster_resources().get("GPU", 0)))
        self._actor_class = self._ray.remote(max_restarts=0, num_cpus=1, num_gpus=share)(Actor)

    def shutdown(self, grace: float = 0.0) -> None:
        """End all actors, and the cluster if this pool started it."""
        super().shutdown(grace)
        self._ray.shutdown()

    def _start(self) -> RayWorker[J]:
        return RayWorker(self._ray, self._actor_class.remote(self._program))

    def _wait(self, workers: Sequence[Worker[J]]) -> Container[Worker[J]]:
        pending = [worker.channel for worker in workers if worker.assignment or not worker.is_ready]
        if not pending:
            time.sleep(TICK)
            return ()
        done = self._ray.wait(pending, timeout=TICK)[0]
        return [worker for worker in workers if worker.channel in done]


def _connect(address: str | None, size: int) -> Any:
    """The module ``ray``, connected to the cluster."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # on by default; read when ray is imported
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise SettingsError("the engine 'ray' needs ray", hint="install crosstalk-transcribe[ray]") from error
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    paths = os.pathsep.join(str(Path(entry or ".").absolute()) for entry in sys.path)
    try:
        if address:
            _check_reachable(address)
            ray.init(address=address, **quiet)
        else:
            quiet |= {"include_dashboard": False, "_node_ip_address": "127.0.0.1", "num_cpus": size}
            ray.init(address="local", runtime_env={"env_vars": {"PYTHONPATH": paths}}, **quiet)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise ResourceError(f"no Ray cluster: {error}", where=address or "", hint="check --address") from error
    return ray


def _check_reachable(address: str) -> None:
    """Try ``host:port`` with a short timeout before Ray does; ``auto`` and other forms are left to Ray."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT).close()
