"""Programs for pools in tests: jobs are pairs of a verb and an argument."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.core.errors import MissingModel, SettingsError
from pipeline.workers.program import Control, Handler

HOLD = 3600.0


def serve(setup: Any) -> Handler:
    """A handler that knows its setup and counts its jobs."""
    count = 0

    def handle(job: tuple[str, Any], control: Control) -> Any:
        nonlocal count
        count += 1
        verb, argument = job
        return VERBS[verb](argument, control) if verb in VERBS else (setup, count, os.getpid())

    return handle


def missing(setup: Any) -> Handler:
    raise MissingModel("the weights are missing")


def die(setup: Any) -> Handler:
    os._exit(9)


def _sleep(seconds: float, control: Control) -> float:
    time.sleep(seconds)
    return seconds


def _extend(steps: int, control: Control) -> int:
    for _ in range(steps):
        control.extend(2.0)
        time.sleep(0.5)
    return steps


def _report(values: list[Any], control: Control) -> int:
    for value in values:
        control.report(value)
    return len(values)


def _report_and_hold(value: Any, control: Control) -> None:
    control.report(value)
    time.sleep(HOLD)


def _report_on_and_on(value: Any, control: Control) -> None:
    while True:
        control.report(value)
        time.sleep(0.02)


def _until_abandoned(seconds: float, control: Control) -> None:
    while not control.is_abandoned():
        control.report("working")
        control.extend(60.0)
        time.sleep(seconds)


def _eat(size: int, control: Control) -> None:
    data = bytearray(size)
    data[::4096] = b"x" * len(data[::4096])
    time.sleep(HOLD)


def _touch_at_exit(path: str, control: Control) -> None:
    """Create a file while it waits, and remove it when the process is asked to exit."""
    Path(path).touch()
    try:
        time.sleep(HOLD)
    finally:
        Path(path).unlink()


def _raise(error: str, control: Control) -> None:
    raise {"fatal": MissingModel("none"), "refused": SettingsError("no"), "bug": ValueError("bug")}[error]


VERBS: dict[str, Callable[[Any, Control], Any]] = {
    "sleep": _sleep,
    "extend": _extend,
    "report": _report,
    "hold": _report_and_hold,
    "report on": _report_on_and_on,
    "until abandoned": _until_abandoned,
    "eat": _eat,
    "touch": _touch_at_exit,
    "raise": _raise,
    "kill": lambda number, control: os.kill(os.getpid(), number),
    "exit": lambda code, control: os._exit(code),
    "lock": lambda argument, control: threading.Lock(),
    "environment": lambda name, control: os.environ.get(name),
}
SEGFAULT = ("kill", signal.SIGSEGV)
