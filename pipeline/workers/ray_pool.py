"""The same work on a Ray cluster (extra ``[ray]``): an actor per seat, its models loaded once; the journal stays here.

Recordings and results lie on a file system that every node sees under the same paths. Without an address a cluster of
this machine alone is started: loopback, no dashboard, no usage statistics. A hung actor is given up on by the length
guessed from the file, since nothing is heard from it before its end.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.batch.estimate import guess_duration
from pipeline.batch.journal import Outcome
from pipeline.batch.worker import FatalError, Job, Setup, WorkerRuntime
from pipeline.core.errors import CrosstalkError, ResourceError, SettingsError
from pipeline.models.registry import devices_for
from pipeline.workers.process_pool import TICK, Limits, as_error, shared, size_of

REACH = 5.0
"""Seconds within which an address must answer."""
STILLBORN = 3
"""So many actors that end before their models are loaded end the run."""


class Actor:
    """What runs on the cluster: a `Bench` that reports nothing before the end of a job."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._bench: WorkerRuntime | None = None

    def load(self) -> FatalError | None:
        """Load the models; the error that makes that impossible."""
        try:
            self._bench = WorkerRuntime(self._setup, lambda message: None)
        except CrosstalkError as error:
            return FatalError(error.line, error.exit_code)
        return None

    def work(self, job: Job) -> Outcome | FatalError:
        """Transcribe and write one recording."""
        assert self._bench is not None
        return self._bench.work(job)


class RayWorker:
    """One actor; ``reference`` is what it is busy with."""

    def __init__(self, actor: Any, limits: Limits) -> None:
        self.actor, self._limits = actor, limits
        self.job: Job | None = None
        self.ready = False
        self.reference = actor.load.remote()
        self._began, self._until = time.monotonic(), float("inf")

    def submit(self, job: Job) -> None:
        """Give the actor something to do; it must be ready and idle."""
        path = _absolute(job.path)
        self.job, self._began = job, time.monotonic()
        seconds = self._limits.base + 5 * size_of(path) / 1e6 + self._limits.factor * guess_duration(path)
        self._until = self._began + seconds
        self.reference = self.actor.work.remote(replace(job, path=path))

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def late(self) -> bool:
        return time.monotonic() > self._until


class RayPool:
    """So many actors; takes the place of `pipeline.workers.process_pool.ProcessPool`."""

    def __init__(self, setup: Setup, jobs: int, limits: Limits, address: str | None) -> None:
        self._ray = _connect(address, jobs)
        self._setup = replace(shared(setup, jobs), out=_absolute(setup.out))
        self._jobs, self._limits = jobs, limits
        share = gpu_share(jobs, setup.config.runtime.device, int(self._ray.cluster_resources().get("GPU", 0)))
        self._kind = self._ray.remote(max_restarts=0, num_cpus=1, num_gpus=share)(Actor)
        self._seats: list[RayWorker] = []
        self._stillborn = 0

    def free(self) -> RayWorker | None:
        """An actor that is ready for a job."""
        return next((seat for seat in self._seats if seat.ready and seat.job is None), None)

    def scale(self, wanted: int) -> None:
        """Start actors until there are as many as can be used."""
        while len(self._seats) < min(self._jobs, wanted):
            self._seats.append(RayWorker(self._kind.remote(self._setup), self._limits))

    def events(self) -> Iterator[tuple[Job, Outcome]]:
        """What ended within the next moment. Raises when no actor can ever work."""
        busy = {seat.reference: seat for seat in self._seats if seat.job or not seat.ready}
        if not busy:
            time.sleep(TICK)
            return
        done = self._ray.wait(list(busy), timeout=TICK)[0]
        for reference, seat in busy.items():
            if reference in done:
                yield from self._heard(seat)
            elif seat.late:
                yield from self._lost(seat, f"the worker was ended: it gave no result within {seat.seconds:.0f} s")

    def shutdown(self, grace: float = 0.0) -> None:
        """End all actors, and the cluster if it was started for this run."""
        for seat in self._seats:
            self._ray.kill(seat.actor)
        self._seats.clear()
        self._ray.shutdown()

    def _heard(self, seat: RayWorker) -> Iterator[tuple[Job, Outcome]]:
        try:
            result = self._ray.get(seat.reference)
        except self._ray.exceptions.RayError as error:
            reason = next(iter(str(error).splitlines()), "")
            yield from self._lost(seat, f"the worker died: {type(error).__name__}: {reason}")
            return
        if isinstance(result, FatalError):
            raise as_error(result)
        job, seat.job, seat.ready = seat.job, None, True
        if job is not None:
            yield job, replace(result, error=result.error.replace(str(_absolute(job.path)), str(job.path)))

    def _lost(self, seat: RayWorker, reason: str) -> Iterator[tuple[Job, Outcome]]:
        self._ray.kill(seat.actor)
        self._seats.remove(seat)
        self._stillborn += not seat.ready
        if self._stillborn >= STILLBORN:
            raise ResourceError(f"no worker could be started: {reason}", hint="try fewer --jobs")
        if seat.job is not None:
            yield seat.job, Outcome("crashed", seat.seconds, error=reason)


def gpu_share(jobs: int, device: str, gpus: int) -> float:
    """The part of a GPU that each of so many actors asks Ray for, so that all of them fit and every GPU has its share.

    None on the CPU, and where the cluster has no GPU. Ray shows an actor only the GPU that it was given.
    """
    if device in ("cpu", "mps") or not gpus:
        return 0
    usable = len(set(devices_for(gpus, device, gpus)))
    return 1 / -(-jobs // usable)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 — links stay


def _connect(address: str | None, jobs: int) -> Any:
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
            _reach(address)
            ray.init(address=address, **quiet)
        else:
            quiet |= {"include_dashboard": False, "_node_ip_address": "127.0.0.1", "num_cpus": jobs}
            ray.init(address="local", runtime_env={"env_vars": {"PYTHONPATH": paths}}, **quiet)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise ResourceError(f"no Ray cluster: {error}", where=address or "", hint="check --address") from error
    return ray


def _reach(address: str) -> None:
    """Try ``host:port`` first: Ray itself waits for minutes; ``auto`` and other forms are left to it."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), REACH).close()
