"""What a run tells its listeners. The library never prints: a listener does, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins; ``total`` counts the units that `StageAdvanced` will report (0 = not known)."""

    stage: str
    total: float = 0.0
    unit: str = "s"


@dataclass(frozen=True, slots=True)
class StageAdvanced:
    """``done`` units of the stage are finished."""

    stage: str
    done: float
    total: float


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage ended after ``seconds`` of wall time; ``cached`` when its result was already on disk."""

    stage: str
    seconds: float
    cached: bool = False


@dataclass(frozen=True, slots=True)
class NoticeIssued:
    """A warning, as it is also written into the transcript."""

    code: str
    message: str


Event = StageStarted | StageAdvanced | StageFinished | NoticeIssued
Listener = Callable[[Event], None]
Progress = Callable[[float, float], None]
"""``progress(done, total)``, what a stage or a model is given to report with."""


def ignore(event: Event) -> None:
    """The listener that does nothing."""


def no_progress(done: float, total: float) -> None:
    """The progress that tells nobody."""
