"""Loudness of speakers and shouting, from the loudness of turns (LUFS, ITU-R BS.1770)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from pipeline.core.timeline import covered
from pipeline.core.types import Turn

SHOUTING = 9.0
"""Loudness units above a speaker's median from which a turn is shouted. ANSI S3.5-1997 has raised speech 6 dB and loud
speech 12.5 dB above normal speech; 9 lies between. A lower value counts raised voices."""
MIN_TURNS = 5
"""Fewest turns with a loudness from which shouting is decided. Chosen by hand: the median of fewer may be that of
shouted turns; a lower value decides for more speakers."""


def median_loudness(turns: Iterable[Turn]) -> float | None:
    """Median loudness of turns in LUFS; None where none of them was measured."""
    return statistics.median(values) if (values := _values(turns)) else None


def shouting(turns: Sequence[Turn]) -> float | None:
    """Seconds of one speaker's turns at least `SHOUTING` above their median loudness.

    None with fewer than `MIN_TURNS` measured turns.
    """
    values = _values(turns)
    if len(values) < MIN_TURNS:
        return None
    limit = statistics.median(values) + SHOUTING
    return covered(turn.span for turn in turns if turn.loudness is not None and turn.loudness >= limit)


def _values(turns: Iterable[Turn]) -> list[float]:
    return [turn.loudness for turn in turns if turn.loudness is not None]
