"""The main loop of a batch: claim each recording once, hand it to a worker, record how the attempt ended."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.analytics.roles.request import digest, role_specs
from pipeline.batch.discovery import Recording
from pipeline.batch.estimate import done_key
from pipeline.batch.journal import RESUMABLE, Decision, Journal, Outcome
from pipeline.batch.manifest import Validate
from pipeline.batch.recording_pool import Engine, RecordingPool
from pipeline.batch.redacted import parts_of_key
from pipeline.batch.superseded import archive_outdated
from pipeline.batch.worker import Job, Limits, Setup
from pipeline.config.schema import Config, assign, check
from pipeline.core.atomic_write import TEMPORARY
from pipeline.corrections.saved import digest_of
from pipeline.engine import preflight
from pipeline.engine.artifact_cache import recipe_key
from pipeline.engine.model_pool import ModelPool
from pipeline.models.weights import Store
from pipeline.workers.pool import GRACE

BLOCKED_WAIT = 60.0
"""Seconds after which a watching run retries a blocked recording; other runs leave it to the next run. Chosen by hand;
a smaller value retries more often while the obstacle lasts."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch is run.

    ``jobs`` workers; each recording is tried up to ``attempts`` times; at most ``limit`` recordings in this run.
    ``again`` retries what failed before, ``only_failed`` leaves out everything else. ``engine`` is ``local`` for
    processes on this machine, or ``ray`` for actors on the Ray cluster at ``address`` (None starts one here).
    """

    jobs: int = 1
    attempts: int = 3
    limit: int | None = None
    again: bool = False
    only_failed: bool = False
    limits: Limits = field(default_factory=Limits)
    engine: Engine = "local"
    address: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """Result of this run for a recording: the ``outcome`` of an attempt, or None and the journal's ``decision``."""

    recording: Recording
    decision: Decision
    outcome: Outcome | None = None
    reason: str = ""
    status: str = ""
    """Status of its last attempt, in this run or an earlier one."""
    remark: str = ""
    """A further sentence about its results."""

    @property
    def failed(self) -> bool:
        if self.outcome is None:
            return self.decision in ("refused", "quarantined")
        return self.outcome.status != "done"

    @property
    def resumable(self) -> bool:
        """Whether it failed because the machine lacked something."""
        return self.failed and self.status in RESUMABLE

    @property
    def notices(self) -> tuple[tuple[str, str], ...]:
        """The notices of its result, each as code and message."""
        return self.outcome.notices if self.outcome else ()


OnResult = Callable[[RecordingResult], None]
NewRecordings = Callable[[], Sequence[Recording]]


@dataclass(frozen=True, slots=True)
class Task:
    """A recording with its settings, the key of its result, and the models' identities."""

    recording: Recording
    config: Config
    key: str
    models: Mapping[str, str] = field(default_factory=dict)

    @property
    def job(self) -> Job:
        return Job(self.recording.path, self.recording.name, self.config, self.recording.columns)


def settings_of(settings: Mapping[str, Any], setup: Setup, where: str = "") -> Config:
    """The shared settings with those of one recording on top. Discovery rejects a row for which this raises."""
    config = check(assign(setup.config, settings, where=where))
    preflight.check_models(config, Store(offline=config.runtime.offline))
    return config


def validator(setup: Setup) -> Validate:
    """Raises for settings of one recording that cannot be used; equal settings are checked once."""
    valid: set[tuple[tuple[str, Any], ...]] = set()

    def validate(settings: Mapping[str, Any]) -> None:
        key = tuple(sorted(settings.items()))
        if key not in valid:
            settings_of(settings, setup)
            valid.add(key)

    return validate


def tasks(recordings: Sequence[Recording], setup: Setup) -> list[Task]:
    """A task for each recording, whose settings discovery has checked. Raises for missing models."""
    store = Store(offline=setup.config.runtime.offline)
    preflight.require(setup.config, store)
    models = ModelPool(setup.config, store).identities
    result: list[Task] = []
    keys: dict[tuple[tuple[str, Any], ...], tuple[Config, str]] = {}
    specs = role_specs(setup.analytics)
    for recording in recordings:
        given = tuple(sorted(recording.settings.items()))
        if given not in keys:
            config = settings_of(recording.settings, setup, str(recording.path))
            keys[given] = config, done_key(config, _kinds(setup), setup.analytics, models)
        config, key = keys[given]
        key = _with_columns(key, recording.columns) if setup.analytics is not None else key
        roles = digest(specs, config.diarization.roles, recording.columns)
        result.append(Task(recording, config, key + digest_of(recording.path)[:8] + roles, models))
    return result


def _with_columns(key: str, columns: Mapping[str, str]) -> str:
    """The key of a recording whose analytics hold further columns, which the tables show."""
    return recipe_key(key=key, columns=dict(columns)) if columns else key


def _kinds(setup: Setup) -> tuple[str, ...]:
    """The formats, and whatever else changes what is written."""
    options = (f"{name}={value}" for name, value in sorted(setup.options.items()))
    sound = [f"sound={setup.sound}"] * (setup.sound != "embed")
    return (*setup.formats, *options, *sound, *parts_of_key(setup.redaction))


def run(
    recordings: Sequence[Recording],
    setup: Setup,
    options: BatchOptions,
    on_result: OnResult,
    new_recordings: NewRecordings | None = None,
) -> tuple[RecordingResult, ...]:
    """Process the recordings; each result is given to ``on_result`` at once, and all are returned in that order.

    With ``new_recordings``, which is asked again and again, the run goes on until it is interrupted. An interruption
    ends the workers, releases the claims, removes temporary files, and is raised again.
    """
    results: list[RecordingResult] = []

    def add(result: RecordingResult) -> None:
        results.append(result)
        on_result(result)

    def new_tasks() -> list[Task]:
        new = new_recordings() if new_recordings else ()
        return tasks(new, setup) if new else []

    waiting = deque(tasks(recordings, setup))
    with open_journal(setup.out, options.attempts) as journal:
        pool = RecordingPool(setup, options.jobs, options.limits, options.engine, options.address)
        scheduler = _Scheduler(waiting, journal, pool, options, add)
        try:
            scheduler.work(new_tasks if new_recordings else None)
        except BaseException:
            pool.shutdown(GRACE)
            for name, (_, attempt) in scheduler.claimed.items():
                journal.finish(attempt, name, Outcome("stopped"))
            raise
        pool.shutdown()
    return tuple(results)


class _Scheduler:
    """State of the main loop. ``claimed`` holds task and attempt number of each recording in progress, by name."""

    def __init__(
        self,
        waiting: deque[Task],
        journal: Journal,
        pool: RecordingPool,
        options: BatchOptions,
        on_result: OnResult,
    ) -> None:
        self.claimed: dict[str, tuple[Task, int]] = {}
        self._waiting, self._journal, self._pool = waiting, journal, pool
        self._options, self._on_result = options, on_result
        self._ready: deque[Task] = deque()
        self._tried: set[str] = set()
        self._blocked: Counter[str] = Counter()
        self._retries: deque[tuple[float, Task]] = deque()
        self._remarks: dict[str, str] = {}

    def work(self, new_tasks: Callable[[], list[Task]] | None) -> None:
        while self._waiting or self.claimed or new_tasks:
            if new_tasks:
                self._waiting.extend((*new_tasks(), *self._due()))
            for _ in range(len(self._waiting)):
                if len(self.claimed) < self._options.jobs:
                    self._claim(self._waiting.popleft())
            self._pool.scale(len(self.claimed))
            while self._ready and self._pool.idle:
                self._pool.submit(self._ready.popleft().job)
            if self.claimed or new_tasks:
                for job, outcome in self._pool.receive():
                    self._finish(job, outcome)

    def _due(self) -> Iterator[Task]:
        """Blocked tasks whose wait is over; only a watching run retries them."""
        while self._retries and self._retries[0][0] <= time.monotonic():
            yield self._retries.popleft()[1]

    def _claim(self, task: Task) -> None:
        """Claim a recording, or report why there is nothing to do. One that is in progress goes to the end."""
        name, options = task.recording.name, self._options
        if name in self.claimed:
            self._waiting.append(task)
            return
        again = (options.again or options.only_failed) and name not in self._tried
        if options.only_failed and name not in self._tried and not self._journal.has_failed(name):
            return
        if options.limit is not None and len(self._tried | {name}) > options.limit:
            decision, attempt = self._journal.decide(task.recording, task.key, again), 0
            decision = "over_limit" if decision == "do" else decision
        else:
            decision, attempt = self._journal.claim(task.recording, task.key, again)
        if decision == "do":
            self._tried.add(name)
            self.claimed[name] = task, attempt
            self._ready.append(task)
        else:
            failed = decision in ("refused", "quarantined")
            status, reason = self._journal.last(name) if failed else ("", "")
            remark = archive_outdated(self._journal, task.recording) if failed else ""
            self._on_result(RecordingResult(task.recording, decision, None, reason, status, remark))

    def _finish(self, job: Job, outcome: Outcome) -> None:
        """Record how an attempt ended. A task that is tried again goes to the end of the queue."""
        task, attempt = self.claimed.pop(job.name)
        if outcome.status != "blocked":
            remark = archive_outdated(self._journal, task.recording, outcome.outputs)
            self._remarks |= {job.name: remark} if remark else {}
        self._journal.finish(attempt, job.name, outcome)
        if self._is_tried_again(task, outcome):
            self._waiting.append(task)
            return
        if outcome.status == "blocked":
            self._retries.append((time.monotonic() + BLOCKED_WAIT, task))
        del self._blocked[job.name]
        remark = self._remarks.pop(job.name, "")
        self._on_result(RecordingResult(task.recording, "do", outcome, outcome.error, outcome.status, remark))

    def _is_tried_again(self, task: Task, outcome: Outcome) -> bool:
        """Whether this run makes another attempt. Blocked attempts count within one run only."""
        name = task.recording.name
        self._blocked[name] += outcome.status == "blocked"
        if outcome.status in ("done", "refused") or self._blocked[name] >= self._options.attempts:
            return False
        return self._journal.decide(task.recording, task.key) == "do"


@contextmanager
def open_journal(out: Path, attempts: int) -> Iterator[Journal]:
    """The folder's journal. Temporary files of killed runs are removed while no other run uses the folder."""
    journal = Journal(out, attempts)
    try:
        _remove_temporary(journal)
        journal.locks.join()
        try:
            yield journal
        finally:
            _remove_temporary(journal)
    finally:
        journal.close()


def _remove_temporary(journal: Journal) -> None:
    if journal.locks.try_exclusive():
        for path in journal.out.rglob(f"{TEMPORARY}*"):
            with suppress(OSError):  # on a failing disk they are left to a later run
                if path.is_file():
                    path.unlink(missing_ok=True)
