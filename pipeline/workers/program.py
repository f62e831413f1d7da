"""The program of a worker: a function by name, called once with a setup value, that returns the handler of jobs."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.core.errors import CrosstalkError, printable


def ignore(value: Any) -> None:
    """The function of a control that has no effect."""


def never() -> bool:
    """The answer of a control whose job is never abandoned."""
    return False


@dataclass(frozen=True, slots=True)
class Control:
    """What a handler calls during a job. On pools without messages during a job, none has an effect."""

    extend: Callable[[float], None] = ignore
    """The job may take this number of seconds more, counted from now."""
    report: Callable[[Any], None] = ignore
    """Give a picklable value to the caller of the pool."""
    is_abandoned: Callable[[], bool] = never
    """Whether the result is not wanted any more: the handler may return anything, soon."""


ABANDON = b""
"""What a pool sends a worker whose job is abandoned; a pickled job is never empty."""
Handler = Callable[[Any, Control], Any]
"""``handler(job, control)`` returns the job's result. One job at a time, always in the same process."""


@dataclass(frozen=True, slots=True)
class Program:
    """``function``, as ``package.module:function``, is called with ``setup`` in each worker and returns a `Handler`.

    ``setup`` must be picklable. A `CrosstalkError` raised by the function ends the work of the whole pool.
    """

    function: str
    setup: Any = None

    def start(self) -> Handler:
        """Import the function and call it: this is where a worker loads its models."""
        module, _, name = self.function.partition(":")
        handler: Handler = getattr(importlib.import_module(module), name)(self.setup)
        return handler


@dataclass(frozen=True, slots=True)
class Ready:
    """Message of a worker: the handler is there."""


@dataclass(frozen=True, slots=True)
class Extended:
    """Message of a worker: its job may take ``seconds`` more from now on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reported:
    """Message of a worker: a value that its handler reports."""

    value: Any


@dataclass(frozen=True, slots=True)
class Result:
    """Message of a worker: the value that the handler returned."""

    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """Message of a worker: the handler raised, so its state is unknown and the worker must be replaced."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fatal:
    """Message of a worker: an error that every job would meet (`CrosstalkError.affects_all`)."""

    line: str
    exit_code: int


Message = Ready | Extended | Reported | Result | Failed | Fatal


def answer(handler: Handler, job: bytes, control: Control) -> bytes:
    """The pickled message that ends a pickled job. Never raises an `Exception`."""
    try:
        return pickle.dumps(Result(handler(pickle.loads(job), control)))
    except CrosstalkError as error:
        return pickle.dumps(Fatal(error.line, error.exit_code) if error.affects_all else Failed(error.line))
    except Exception as error:  # whatever a job raises ends that job only
        return pickle.dumps(Failed(printable(f"{type(error).__name__}: {error}")))
