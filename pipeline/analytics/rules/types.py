"""The values of phrase rules: what a rule asks for, and what was found. The syntax is that of `reading`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.analytics.rules.time_range import TimeRange
from pipeline.core.types import Word

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
"""What a failed rule means to people, from the least to the most serious; it changes no result."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whom a condition is about: ``name`` is a label, a role or a person's name, or with ``is_role`` a role only."""

    name: str
    is_role: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """Phrases that start the time of a condition (``after``) or end it (``before``), by anyone or one speaker."""

    phrases: tuple[str, ...]
    is_before: bool = False
    speaker: Speaker | None = None


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases that are said (``any`` or ``all`` of them) or not (``never``).

    ``range`` is a part of the call; ``within`` seconds from the start of the call, or from each ``trigger``.
    """

    mode: Literal["any", "all", "never"]
    phrases: tuple[str, ...]
    speaker: Speaker | None
    similarity: float
    range: TimeRange | None = None
    within: float | None = None
    trigger: Trigger | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure of the call or of a speaker within limits, both included; ``is_`` for measures that are a label."""

    measure: str
    speaker: Speaker | None = None
    range: TimeRange | None = None
    gte: float | None = None
    lte: float | None = None
    is_: Speaker | None = None


@dataclass(frozen=True, slots=True)
class Combined:
    """All of the conditions, any of them, or the contrary of the only one (``not``)."""

    mode: Literal["all", "any", "not"]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Another rule, by its name."""

    rule: str


Condition = Phrases | Measured | Combined | Reference


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, what it asks for, and how serious it is where it fails."""

    name: str
    condition: Condition
    severity: Severity = "warning"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A moment of the call that decided: the words of a phrase, or what a measure counted.

    ``confidence`` is the mean probability of the words by the recognizer. Without a phrase, ``phrase`` is empty and
    ``similarity`` None; ``speaker`` is empty for silence.
    """

    start: float
    end: float
    speaker: str
    text: str
    phrase: str = ""
    similarity: float | None = None
    confidence: float | None = None
    role: str | None = None

    def meets(self, other: Evidence) -> bool:
        """Whether both are words of one speaker that share time."""
        return self.speaker == other.speaker and self.start < other.end and other.start < self.end


def confidence_of(words: Sequence[Word]) -> float | None:
    """The mean probability of words by the recognizer; None where no word has one."""
    known = [word.probability for word in words if word.probability is not None]
    return sum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a condition: ``passed`` None where it does not apply, with the ``reason``."""

    passed: bool | None
    expected: str
    evidence: tuple[Evidence, ...] = ()
    measured: Mapping[str, Any] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a rule for a call.

    ``passed``: None if the rule does not apply, for the ``reason``. ``expected``: what the rule asks for, in a line.
    ``measured``: the value and the limit of a measure. ``evidence``: the moments that decided, for or against.
    """

    rule: str
    severity: Severity
    passed: bool | None
    expected: str
    measured: Mapping[str, Any] | None = None
    evidence: tuple[Evidence, ...] = ()
    reason: str | None = None
