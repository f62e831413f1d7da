"""Pauses of a recording and what is audible in them. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PauseKind = Literal["silence", "music", "sound"]
"""What is audible in a pause: nothing, music, or any other sound (noise, a ringing tone, typing)."""
MIN_PAUSE = 3.0
"""Minimum length in seconds of a pause, of a kind of sound within one, and of dead air. Chosen by hand; a lower value
gives more and shorter ones."""


@dataclass(frozen=True, slots=True, order=True)
class Pause:
    """A span of 3 s or more in which no speaker is active, with one kind of sound; pauses may touch."""

    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""
    kind: PauseKind
    """`silence`, `music`, or any other `sound`."""
    level: float | None = None
    """Loudness in LUFS (ITU-R BS.1770); null below -70 LUFS."""

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end < float("inf"):
            raise ValueError(f"a pause needs 0 <= start < end < inf, in seconds; got {self.start!r} to {self.end!r}")

    @property
    def duration(self) -> float:
        return self.end - self.start
