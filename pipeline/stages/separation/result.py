"""The value of the separation stage."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.core.audio import Stream
from pipeline.core.types import Notice, OverlapDecision


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """One stream per speaker, the decision for every overlap region, and notices about the separator."""

    streams: tuple[Stream, ...]
    regions: tuple[OverlapDecision, ...]
    notices: tuple[Notice, ...] = ()
