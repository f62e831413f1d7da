"""Response latencies, first response and monologues, from talk spurts. Times in seconds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pipeline.analytics.measures.interactions import OverlapEvent
from pipeline.core.types import Turn


def latencies(spurts: Iterable[Turn]) -> dict[str, list[float]]:
    """Response latencies of each speaker in seconds; ``spurts`` are sorted by start."""
    delays: dict[str, list[float]] = {}
    last: Turn | None = None
    for spurt in spurts:
        if last is not None and spurt.speaker != last.speaker and spurt.start >= last.end:
            delays.setdefault(spurt.speaker, []).append(spurt.start - last.end)
        if last is None or spurt.end > last.end:
            last = spurt
    return delays


def first_response(
    spurts: Iterable[Turn], events: Sequence[OverlapEvent], speakers: Collection[str] | None = None
) -> float | None:
    """Seconds from the end of speech to the first answer of one of ``speakers`` to another speaker; None without one.

    An answer that begins before that end counts as 0 s; backchannels are no answers. None for ``speakers``: anybody.
    """
    backchannels = _backchannels(events)
    last: Turn | None = None
    for spurt in spurts:
        if (spurt.speaker, spurt.start) in backchannels:
            continue
        is_asked = speakers is None or spurt.speaker in speakers
        if last is not None and spurt.speaker != last.speaker and is_asked:
            return max(0.0, spurt.start - last.end)
        if last is None or spurt.end > last.end:
            last = spurt
    return None


def monologues(spurts: Iterable[Turn], events: Sequence[OverlapEvent]) -> dict[str, float]:
    """Longest monologue of each speaker in seconds; backchannels of others do not end it."""
    backchannels = _backchannels(events)
    longest: dict[str, float] = {}
    speaker, start = "", 0.0
    for spurt in spurts:
        if (spurt.speaker, spurt.start) in backchannels:
            continue
        if spurt.speaker != speaker:
            speaker, start = spurt.speaker, spurt.start
        longest[speaker] = max(longest.get(speaker, 0.0), spurt.end - start)
    return longest


def _backchannels(events: Iterable[OverlapEvent]) -> set[tuple[str, float]]:
    """Speaker and start of the talk spurts that are backchannels."""
    return {(event.incomer, event.start) for event in events if event.kind == "backchannel"}
