"""Events of a run, for its listeners. The library itself prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins; ``total`` is the amount of work in ``unit`` (0 = unknown)."""

    stage: str
    total: float = 0.0
    unit: str = "s"


@dataclass(frozen=True, slots=True)
class StageAdvanced:
    """``done`` of ``total`` units of the stage are finished."""

    stage: str
    done: float
    total: float


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage ended after ``seconds`` of wall time; ``cached`` when its result came from the cache."""

    stage: str
    seconds: float
    cached: bool = False


@dataclass(frozen=True, slots=True)
class NoticeIssued:
    """A notice; most are also written into the transcript."""

    code: str
    message: str


Event = StageStarted | StageAdvanced | StageFinished | NoticeIssued
Listener = Callable[[Event], None]
Progress = Callable[[float, float], None]
"""``progress(done, total)``: the function through which a stage or a model reports progress."""


def ignore(event: Event) -> None:
    """The listener that does nothing."""


def no_progress(done: float, total: float) -> None:
    """The progress that reports nothing."""
