"""Plans of redaction: which spans of a recording hold personal data, the words in them, and why.

A ``Plan`` holds the text that it covers. It is as confidential as the recording: show it for a review, and write no
``text`` of it into an output that is meant to be redacted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.core.errors import SettingsError

Kind = Literal["card", "cvv", "iban", "phone", "email", "address", "name", "date"]
"""What a span holds."""
KINDS: Final[tuple[Kind, ...]] = ("card", "cvv", "iban", "phone", "email", "address", "name", "date")
"""Every kind, in the order in which options, tables and pages name them: payment data first. A kind that is added
here needs a module that finds it and a row in `plan.FINDERS`."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """One span to cover, with the words in it.

    The span covers every word of ``words`` and a margin on both sides. It holds for every speaker's audio and text
    between ``start`` and ``end`` of ``speaker``; for other speakers, only words that ``words`` lists are covered in
    the text, and the audio of a mixture is covered whoever speaks.
    """

    kind: Kind
    """What the span holds."""
    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""
    speaker: str
    """Label of the speaker."""
    words: tuple[tuple[int, int], ...] = ()
    """Words covered, as (index of the utterance, index of the word in it), in order; empty where speech has no words
    (a turn without words near a cue)."""
    reason: str = ""
    """Why it is covered, one line without the text itself."""
    text: str = ""
    """The words as they are in the transcript: confidential, for a review only."""

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end < float("inf"):
            raise ValueError(f"a span needs 0 <= start < end < inf, in seconds; got {self.start!r} to {self.end!r}")

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that may hold personal data and is not covered, because its place or extent is unknown."""

    kind: Kind
    """What it may hold."""
    start: float
    """Seconds from the start of the recording; with ``end``, where to look for it."""
    end: float
    """Seconds from the start of the recording."""
    reason: str
    """Why it could not be covered, one line without the text itself."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to cover in one recording, and what may be missing."""

    kinds: tuple[Kind, ...]
    """Kinds that were looked for, in the order of ``KINDS``."""
    redactions: tuple[Redaction, ...] = ()
    """Spans to cover, sorted by start; spans of one speaker and kind do not overlap."""
    doubts: tuple[Doubt, ...] = ()
    """What could not be located, sorted by start. A plan with doubts is not known to be complete."""


def parsed_kinds(names: Iterable[str]) -> tuple[Kind, ...]:
    """The kinds of ``names`` in the order of ``KINDS``; raises ``SettingsError`` for a name that is no kind."""
    wanted = tuple(name.strip().lower() for name in names)
    unknown = [name for name in wanted if name not in KINDS]
    if unknown or not wanted:
        problem = f"unknown kind of redaction: {unknown[0]!r}" if unknown else "no kind of redaction was given"
        raise SettingsError(f"{problem}; kinds are {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in wanted)
