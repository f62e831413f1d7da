"""The loop of a batch: each recording taken once, handed to a worker, its end written down; a failure costs itself."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.batch.discovery import Recording
from pipeline.batch.estimate import done_key
from pipeline.batch.journal import RESUMABLE, Journal, Outcome, Verdict
from pipeline.batch.superseded import move_aside
from pipeline.batch.worker import Job, Setup
from pipeline.config.schema import Config, assign, check
from pipeline.core.atomic_write import TEMPORARY
from pipeline.engine import preflight
from pipeline.engine.model_pool import ModelPool
from pipeline.models.weights import Store
from pipeline.workers.process_pool import GRACE, Limits, ProcessPool
from pipeline.workers.ray_pool import RayPool

BLOCKED_WAIT = 60.0
"""Seconds after which a watching run tries again what was blocked; a run with an end leaves it to the next one."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a night goes: so many workers, each recording tried so often, at most ``limit`` of them in this run.

    ``again`` gives a new chance to what failed before, ``only_failed`` leaves everything else out. ``engine``: workers
    on this machine, or actors on the Ray cluster at ``address`` (None starts one here).
    """

    jobs: int = 1
    attempts: int = 3
    limit: int | None = None
    again: bool = False
    only_failed: bool = False
    limits: Limits = field(default_factory=Limits)
    engine: Literal["local", "ray"] = "local"
    address: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """A recording is settled for this run: worked on now (``outcome``), or known already (``verdict``)."""

    recording: Recording
    verdict: Verdict
    outcome: Outcome | None = None
    reason: str = ""
    status: str = ""
    """How its last attempt ended, now or before."""
    remark: str = ""
    """What else happened to its results."""

    @property
    def failed(self) -> bool:
        if self.outcome is None:
            return self.verdict in ("refused", "aside")
        return self.outcome.status != "done"

    @property
    def resumable(self) -> bool:
        """Whether it failed because the machine lacked something."""
        return self.failed and self.status in RESUMABLE

    @property
    def notices(self) -> tuple[tuple[str, str], ...]:
        """The warnings of its result: a code and a sentence each."""
        return self.outcome.notices if self.outcome else ()


OnResult = Callable[[RecordingResult], None]
NewRecordings = Callable[[], Sequence[Recording]]


@dataclass(frozen=True, slots=True)
class Task:
    """A recording with the settings it is transcribed under, the key that names them, and the models' identities."""

    recording: Recording
    config: Config
    key: str
    models: Mapping[str, str] = field(default_factory=dict)

    @property
    def job(self) -> Job:
        return Job(self.recording.path, self.recording.name, self.config, self.recording.columns)


def settings_of(settings: Mapping[str, Any], setup: Setup, where: str = "") -> Config:
    """A recording's own settings over those of all; discovery rejects a row for which this raises."""
    config = check(assign(setup.config, settings, where=where))
    preflight.check_models(config, Store(offline=config.runtime.offline))
    return config


def tasks(recordings: Sequence[Recording], setup: Setup) -> list[Task]:
    """The recordings with their own settings over those of all, which discovery has checked; missing models raise."""
    store = Store(offline=setup.config.runtime.offline)
    preflight.require(setup.config, store)
    models = ModelPool(setup.config, store).identities
    made: list[Task] = []
    known: dict[Config, tuple[Config, str]] = {}
    for recording in recordings:
        config = settings_of(recording.settings, setup, str(recording.path))
        if config not in known:
            kinds = (*setup.formats, *["doubts marked"] * setup.mark_doubts)
            known[config] = config, done_key(config, kinds, setup.analytics, models)
        made.append(Task(recording, *known[config], models))
    return made


def run(
    recordings: Sequence[Recording],
    setup: Setup,
    orders: BatchOptions,
    witness: OnResult,
    arrivals: NewRecordings | None = None,
) -> tuple[RecordingResult, ...]:
    """Work through the recordings; each one is told to ``witness`` when it is settled, and returned in that order.

    With ``arrivals`` it goes on until it is interrupted, with what these give. An interruption passes through: workers
    are ended, claims let go of, temporary files removed.
    """
    ended: list[RecordingResult] = []

    def settle(end: RecordingResult) -> None:
        ended.append(end)
        witness(end)

    def arrive() -> list[Task]:
        new = arrivals() if arrivals else ()
        return tasks(new, setup) if new else []

    waiting = deque(tasks(recordings, setup))
    with open_journal(setup.out, orders.attempts) as journal:
        crew = _start_worker(setup, orders)
        night = _Scheduler(waiting, journal, crew, orders, settle)
        try:
            night.work(arrive if arrivals else None)
        except BaseException:
            crew.shutdown(GRACE)
            for name, (_, attempt) in night.claimed.items():
                journal.finish(attempt, name, Outcome("stopped"))
            raise
        crew.shutdown()
    return tuple(ended)


class _Scheduler:
    """The loop's state: what waits, what is claimed (with its attempt's number), and what of it waits for a worker."""

    def __init__(
        self,
        waiting: deque[Task],
        journal: Journal,
        crew: ProcessPool | RayPool,
        orders: BatchOptions,
        settle: OnResult,
    ) -> None:
        self.claimed: dict[str, tuple[Task, int]] = {}
        self._waiting, self._journal, self._crew, self._orders, self._settle = waiting, journal, crew, orders, settle
        self._ready: deque[Task] = deque()
        self._tried: set[str] = set()
        self._blocked: Counter[str] = Counter()
        self._later: deque[tuple[float, Task]] = deque()
        self._remarks: dict[str, str] = {}

    def work(self, arrive: Callable[[], list[Task]] | None) -> None:
        while self._waiting or self.claimed or arrive:
            if arrive:
                self._waiting.extend((*arrive(), *self._due()))
            for _ in range(len(self._waiting)):
                if len(self.claimed) < self._orders.jobs:
                    self._take(self._waiting.popleft())
            self._crew.scale(len(self.claimed))
            while self._ready and (worker := self._crew.free()):
                worker.submit(self._ready.popleft().job)
            if self.claimed or arrive:
                for job, outcome in self._crew.events():
                    self._note(job, outcome)

    def _due(self) -> Iterator[Task]:
        """What was blocked a while ago: a run that does not end tries it again."""
        while self._later and self._later[0][0] <= time.monotonic():
            yield self._later.popleft()[1]

    def _take(self, task: Task) -> None:
        """Claim a recording, or settle it because there is nothing to do; what changed while it is worked on waits."""
        name, orders = task.recording.name, self._orders
        if name in self.claimed:
            self._waiting.append(task)
            return
        again = (orders.again or orders.only_failed) and name not in self._tried
        if orders.only_failed and name not in self._tried and not self._journal.has_failed(name):
            return
        if orders.limit is not None and len(self._tried | {name}) > orders.limit:
            verdict, attempt = self._journal.look(task.recording, task.key, again), 0
            verdict = "later" if verdict == "do" else verdict
        else:
            verdict, attempt = self._journal.claim(task.recording, task.key, again)
        if verdict == "do":
            self._tried.add(name)
            self.claimed[name] = task, attempt
            self._ready.append(task)
        else:
            failed = verdict in ("refused", "aside")
            status, reason = self._journal.last(name) if failed else ("", "")
            remark = move_aside(self._journal, task.recording) if failed else ""
            self._settle(RecordingResult(task.recording, verdict, None, reason, status, remark))

    def _note(self, job: Job, outcome: Outcome) -> None:
        """Write down how an attempt ended; what may succeed in another attempt goes to the end of the queue."""
        task, attempt = self.claimed.pop(job.name)
        if outcome.status != "blocked" and (remark := move_aside(self._journal, task.recording, outcome.outputs)):
            self._remarks[job.name] = remark
        self._journal.finish(attempt, job.name, outcome)
        if self._is_tried_again(task, outcome):
            self._waiting.append(task)
            return
        if outcome.status == "blocked":
            self._later.append((time.monotonic() + BLOCKED_WAIT, task))
        del self._blocked[job.name]
        remark = self._remarks.pop(job.name, "")
        self._settle(RecordingResult(task.recording, "do", outcome, outcome.error, outcome.status, remark))

    def _is_tried_again(self, task: Task, outcome: Outcome) -> bool:
        """Whether another attempt is made in this run; one that was blocked counts in this run only."""
        name = task.recording.name
        self._blocked[name] += outcome.status == "blocked"
        if outcome.status in ("done", "refused") or self._blocked[name] >= self._orders.attempts:
            return False
        return self._journal.look(task.recording, task.key) == "do"


def _start_worker(setup: Setup, orders: BatchOptions) -> ProcessPool | RayPool:
    if orders.engine == "ray":
        return RayPool(setup, orders.jobs, orders.limits, orders.address)
    return ProcessPool(setup, orders.jobs, orders.limits)


@contextmanager
def open_journal(out: Path, attempts: int) -> Iterator[Journal]:
    """The folder's journal; temporary files of runs that were killed are removed when no other run is there."""
    journal = Journal(out, attempts)
    try:
        _sweep(journal)
        journal.claims.arrive()
        try:
            yield journal
        finally:
            _sweep(journal)
    finally:
        journal.close()


def _sweep(journal: Journal) -> None:
    if journal.claims.is_alone():
        for path in journal.out.rglob(f"{TEMPORARY}*"):
            with suppress(OSError):  # on a disk that fails they stay for a later run
                if path.is_file():
                    path.unlink(missing_ok=True)
