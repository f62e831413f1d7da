"""Stage two, both voices: streams per speaker, separated where two or more talk at once. (First version by the lead: every
overlap keeps the mixture; helper sep replaces this file, same names.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.audio import Audio, Clip, Stream
from pipeline.config import SeparationConfig
from pipeline.events import Progress, no_progress
from pipeline.protocols import Embedder, Separator
from pipeline.timeline import by_speaker, overlaps
from pipeline.values import Region, Turn, Voice


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """One stream per speaker, and the ledger's entry of every overlap region."""

    streams: tuple[Stream, ...]
    regions: tuple[Region, ...]


def separate(
    audio: Audio,
    turns: Sequence[Turn],
    separator: Separator,
    embedder: Embedder | None,
    config: SeparationConfig,
    progress: Progress = no_progress,
) -> Separation:
    """Streams and ledger."""
    streams = tuple(
        Stream(speaker, tuple(Clip(audio.cut(turn.span), turn.start) for turn in own))
        for speaker, own in by_speaker(turns).items()
    )
    regions = tuple(
        Region(o.start, o.end, tuple(Voice(s) for s in o.speakers), config.backend, "mixture", "nothing was tried")
        for o in overlaps(turns)
    )
    return Separation(streams, regions)
