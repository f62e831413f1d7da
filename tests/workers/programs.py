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
from pipeline.workers.program import Extend, Handler

HOLD = 3600.0


def serve(setup: Any) -> Handler:
    """A handler that knows its setup and counts its jobs."""
    count = 0

    def handle(job: tuple[str, Any], extend: Extend) -> Any:
        nonlocal count
        count += 1
        verb, argument = job
        return VERBS[verb](argument, extend) if verb in VERBS else (setup, count, os.getpid())

    return handle


def missing(setup: Any) -> Handler:
    raise MissingModel("the weights are missing")


def die(setup: Any) -> Handler:
    os._exit(9)


def _sleep(seconds: float, extend: Extend) -> float:
    time.sleep(seconds)
    return seconds


def _extend(steps: int, extend: Extend) -> int:
    for _ in range(steps):
        extend(2.0)
        time.sleep(0.5)
    return steps


def _eat(size: int, extend: Extend) -> None:
    data = bytearray(size)
    data[::4096] = b"x" * len(data[::4096])
    time.sleep(HOLD)


def _touch_at_exit(path: str, extend: Extend) -> None:
    """Create a file while it waits, and remove it when the process is asked to exit."""
    Path(path).touch()
    try:
        time.sleep(HOLD)
    finally:
        Path(path).unlink()


def _raise(error: str, extend: Extend) -> None:
    raise {"fatal": MissingModel("none"), "refused": SettingsError("no"), "bug": ValueError("bug")}[error]


VERBS: dict[str, Callable[[Any, Extend], Any]] = {
    "sleep": _sleep,
    "extend": _extend,
    "eat": _eat,
    "touch": _touch_at_exit,
    "raise": _raise,
    "kill": lambda number, extend: os.kill(os.getpid(), number),
    "exit": lambda code, extend: os._exit(code),
    "lock": lambda argument, extend: threading.Lock(),
    "environment": lambda name, extend: os.environ.get(name),
}
SEGFAULT = ("kill", signal.SIGSEGV)
