"""Programs for dispatchers in tests: a job is a list of steps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.core.errors import MissingModel
from pipeline.server.work import Done, Failed, StageProgress
from pipeline.workers.program import Control, Handler

SERVE = "tests.server.work_programs:serve"
SERVE_IF_THERE = "tests.server.work_programs:serve_if_there"
Step = tuple[str, Any]


@dataclass(frozen=True)
class ScriptedJob:
    """A job: what its handler does, step by step, before it is done."""

    id: str
    steps: tuple[Step, ...] = ()
    results: list[str] = field(default_factory=list)
    """Not hashable and not equal to itself in another process, as the settings of real work are."""


def serve(setup: Any) -> Handler:
    """A handler of `ScriptedJob`; its result has the process as ``duration``."""

    def handle(job: ScriptedJob, control: Control) -> Done | Failed:
        for verb, argument in job.steps:
            end = VERBS[verb](argument, control)
            if isinstance(end, Failed):
                return end
        return Done(duration=os.getpid(), seconds=0.01)

    return handle


def serve_if_there(path: str) -> Handler:
    """The same, but a model is missing until there is a file at ``path``."""
    if not Path(path).exists():
        raise MissingModel("the weights are missing", hint="run: transcribe models pull")
    return serve(None)


def _report(stages: str, control: Control) -> None:
    for stage in stages:
        control.report(StageProgress(stage, 1.0, 2.0))


def _flood(count: int, control: Control) -> None:
    for number in range(count):
        control.report(StageProgress("flood", number, count))


def _wait(path: str, control: Control) -> None:
    """Wait for a file."""
    while not Path(path).exists():
        time.sleep(0.01)


def _until_abandoned(nothing: object, control: Control) -> None:
    while not control.is_abandoned():
        time.sleep(0.01)


def _mark(path: str, control: Control) -> None:
    """Note the process in a file: one line for each attempt."""
    with Path(path).open("a") as file:
        file.write(f"{os.getpid()}\n")


def _raise(text: str, control: Control) -> None:
    raise ValueError(text)


def _die_once(path: str, control: Control) -> None:
    """Die, unless a process has died here before."""
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), 9)


VERBS: dict[str, Callable[[Any, Control], Failed | None]] = {
    "report": _report,
    "flood": _flood,
    "wait": _wait,
    "mark": _mark,
    "until abandoned": _until_abandoned,
    "raise": _raise,
    "die once": _die_once,
    "sleep": lambda seconds, control: time.sleep(seconds),
    "kill": lambda number, control: os.kill(os.getpid(), number),
    "fail": lambda message, control: Failed("recording", message),
}
