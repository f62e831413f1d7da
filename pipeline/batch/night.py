"""The loop of a batch: each recording taken once, handed to a worker, its end written down; what fails costs itself only."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import config as configuration
from pipeline.batch.crew import GRACE, Crew, Limits
from pipeline.batch.discovery import Recording
from pipeline.batch.journal import Journal, Outcome, Verdict
from pipeline.batch.planning import settings_key
from pipeline.batch.worker import Job, Setup
from pipeline.config import Config


@dataclass(frozen=True, slots=True)
class Orders:
    """How a night goes: so many workers, each recording tried so often, at most ``limit`` of them in this run.

    ``again`` gives a new chance to what failed before, ``only_failed`` leaves everything else out.
    """

    jobs: int = 1
    attempts: int = 3
    limit: int | None = None
    again: bool = False
    only_failed: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Ended:
    """A recording is settled for this run: worked on now (``outcome``), or known already (``verdict``)."""

    recording: Recording
    verdict: Verdict
    outcome: Outcome | None = None
    reason: str = ""

    @property
    def failed(self) -> bool:
        if self.outcome is None:
            return self.verdict in ("refused", "aside")
        return self.outcome.status != "done"


Witness = Callable[[Ended], None]


@dataclass(slots=True)
class _Task:
    recording: Recording
    config: Config
    key: str
    again: bool
    attempt: int = 0


def run(recordings: Sequence[Recording], setup: Setup, orders: Orders, witness: Witness) -> tuple[Ended, ...]:
    """Work through the recordings; every one of them is told to ``witness`` once, and returned in that order.

    An interruption passes through: claims are let go of, workers ended, temporary files removed.
    """
    ended: list[Ended] = []

    def settle(end: Ended) -> None:
        ended.append(end)
        witness(end)

    with _opened(setup, orders) as journal:
        crew = Crew(setup, orders.jobs, orders.limits)
        under_way: dict[str, _Task] = {}
        try:
            _work(deque(_tasks(recordings, setup, orders)), journal, crew, orders, under_way, settle)
        except BaseException:
            crew.dismiss(GRACE)
            for task in under_way.values():
                journal.finish(task.attempt, task.recording.name, Outcome("stopped"))
            raise
        crew.dismiss()
    return tuple(ended)


def _work(
    waiting: deque[_Task],
    journal: Journal,
    crew: Crew,
    orders: Orders,
    under_way: dict[str, _Task],
    settle: Witness,
) -> None:
    left = len(waiting) if orders.limit is None else orders.limit
    while waiting or under_way:
        while waiting and crew.busy + left > 0 and (task := _next(waiting, journal, orders, left, settle)):
            ...
        return
