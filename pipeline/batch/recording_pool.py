"""Workers that transcribe recordings: a pool with the batch's limits, whose ends become outcomes for the journal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pipeline.batch.estimate import guess_duration
from pipeline.batch.journal import Outcome
from pipeline.batch.naming import absolute
from pipeline.batch.worker import PROGRAM, Job, Limits, Setup, WorkerSetup
from pipeline.config.schema import Config
from pipeline.models.registry import devices_for, only
from pipeline.workers.pool import Crashed, Finished, Pool
from pipeline.workers.process_pool import ProcessPool
from pipeline.workers.program import Program
from pipeline.workers.ray_pool import RayPool

Engine = Literal["local", "ray"]
DECODING_SECONDS_PER_MB = 5.0
"""Seconds of decoding per megabyte of file that the time limit allows before the duration is known. Chosen by hand; a
smaller value would end workers on slow disks."""
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Environment variables for numpy's linear algebra, which takes all cores unless they are set before it is loaded."""


class RecordingPool:
    """``jobs`` workers on this machine, or on the Ray cluster at ``address`` (None starts one here).

    A Ray cluster's nodes must see the recordings and the output folder under the same absolute paths.
    """

    def __init__(
        self, setup: Setup, jobs: int, limits: Limits, engine: Engine = "local", address: str | None = None
    ) -> None:
        self._limits, self._remote = limits, engine == "ray"
        self._pool = _start_ray(setup, jobs, limits, address) if self._remote else _start_local(setup, jobs, limits)
        self._jobs: dict[str, Job] = {}

    @property
    def idle(self) -> int:
        """Number of workers that are ready for a recording."""
        return self._pool.idle

    def scale(self, wanted: int) -> None:
        """Start workers until there are ``wanted``, at most one for each of the batch's jobs."""
        self._pool.scale(wanted)

    def submit(self, job: Job) -> None:
        """Give a recording to an idle worker."""
        self._jobs[job.name] = job
        sent = replace(job, path=absolute(job.path)) if self._remote else job
        self._pool.submit(sent, self._seconds(job.path))

    def receive(self) -> Iterator[tuple[Job, Outcome]]:
        """The recordings that ended since the last call; see `Pool.receive`."""
        for sent, end in self._pool.receive():
            job = self._jobs.pop(sent.name)
            outcome = outcome_of(end)
            yield job, replace(outcome, error=outcome.error.replace(str(sent.path), str(job.path)))

    def shutdown(self, grace: float = 0.0) -> None:
        """End all workers; with ``grace`` (seconds) they may remove their temporary files first."""
        self._pool.shutdown(grace)

    def _seconds(self, path: Path) -> float:
        """The time limit to begin with. It must do for the whole recording where workers cannot extend it."""
        duration = guess_duration(path) if self._remote else 0.0
        return self._limits.seconds(duration) + DECODING_SECONDS_PER_MB * _size(path) / 1e6


def outcome_of(end: Finished[Outcome] | Crashed) -> Outcome:
    """The end of a job as the journal records it."""
    return end.value if isinstance(end, Finished) else Outcome("crashed", end.seconds, error=end.reason)


def share_of(config: Config, workers: int) -> Config:
    """The settings of each of these workers: its share of the threads, at least one.

    A worker that uses one GPU sees no other GPU, so its device is the first that it sees.
    """
    runtime = config.runtime
    threads = max(1, (runtime.threads or os.cpu_count() or 1) // workers)
    device = "cuda" if runtime.device.startswith("cuda:") else runtime.device
    return replace(config, runtime=replace(runtime, threads=threads, device=device))


def environments_of(config: Config, workers: int) -> list[dict[str, str]]:
    """The environment variables of each of these worker processes: its threads, and the GPU that it sees."""
    threads = dict.fromkeys(_THREAD_VARIABLES, str(share_of(config, workers).runtime.threads))
    return [{**threads, **only(device, os.environ)} for device in devices_for(workers, config.runtime.device)]


def gpu_share(jobs: int, device: str, gpus: int) -> float:
    """The part of a GPU that each of ``jobs`` Ray actors asks for, so that all fit and every GPU is used.

    0 on the CPU and where the cluster has no GPU. Ray shows an actor only the GPU that it was given.
    """
    if device in ("cpu", "mps") or not gpus:
        return 0
    usable = len(set(devices_for(gpus, device, gpus)))
    return 1 / -(-jobs // usable)


def _start_local(setup: Setup, jobs: int, limits: Limits) -> Pool[Job, Outcome]:
    share = replace(setup, config=share_of(setup.config, jobs))
    program = Program(PROGRAM, WorkerSetup(share, limits))
    return ProcessPool(program, jobs, environments=environments_of(setup.config, jobs), memory=limits.memory)


def _start_ray(setup: Setup, jobs: int, limits: Limits, address: str | None) -> Pool[Job, Outcome]:
    share = replace(setup, config=share_of(setup.config, jobs), out=absolute(setup.out))
    program = Program(PROGRAM, WorkerSetup(share, limits))
    device = setup.config.runtime.device
    return RayPool(program, jobs, address=address, gpu_share=lambda gpus: gpu_share(jobs, device, gpus))


def _size(path: Path) -> int:
    """Bytes of a file; 0 when it cannot be read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
