"""Dead air, hold time and music of a call. Times in seconds.

Where the audio was measured, the transcript has a `Pause` for every span of `MIN_PAUSE` or more without speech; a
transcript that was made without audio (RTTM, an earlier version) has none, and what depends on sound is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.core.pause import MIN_PAUSE, Pause
from pipeline.core.timeline import crop, gaps, turns_of
from pipeline.core.types import Span, Transcript

MIN_HOLD = 10.0
"""Seconds from which a wait without music counts as hold. Chosen by hand: an agent who only looks something up speaks
sooner; a lower value counts more waits as hold."""


def silences(transcript: Transcript) -> tuple[Span, ...]:
    """The spans without speech between the first and the last speech."""
    spans = [turn.span for turn in turns_of(transcript)]
    if not spans:
        return ()
    return gaps(spans, Span(min(span.start for span in spans), max(span.end for span in spans)))


def dead_air(transcript: Transcript) -> tuple[Span, ...]:
    """The silences of at least `MIN_PAUSE`."""
    return tuple(gap for gap in silences(transcript) if gap.duration >= MIN_PAUSE)


def longest_silence(transcript: Transcript) -> Span | None:
    """The longest silence, the first of equals; None where speech has no gap."""
    return max(silences(transcript), key=lambda gap: gap.duration, default=None)


def pauses_of(transcript: Transcript) -> tuple[Pause, ...]:
    """The measured pauses where no speaker is active now: corrections may have moved turns into them."""
    free = _waits(transcript)
    found: list[Pause] = []
    for pause in transcript.pauses:
        for span in crop(free, pause):
            found.append(replace(pause, start=max(pause.start, span.start), end=min(pause.end, span.end)))
    return tuple(found)


def hold(transcript: Transcript) -> float | None:
    """Seconds on hold: dead air with music, and dead air of at least `MIN_HOLD`; None where the sound is unknown."""
    waits = dead_air(transcript)
    if waits and not transcript.pauses:
        return None
    music = [pause for pause in pauses_of(transcript) if pause.kind == "music"]
    return sum((wait.duration for wait in waits if wait.duration >= MIN_HOLD or crop(music, wait)), 0.0)


def music(transcript: Transcript) -> float | None:
    """Seconds of music in pauses, also before the first and after the last speech; None where the sound is unknown."""
    if not transcript.pauses and _waits(transcript):
        return None
    return sum((pause.duration for pause in pauses_of(transcript) if pause.kind == "music"), 0.0)


def _waits(transcript: Transcript) -> Sequence[Span]:
    """The spans of at least `MIN_PAUSE` without speech in the whole recording."""
    if transcript.duration < MIN_PAUSE:
        return ()
    whole = Span(0.0, transcript.duration)
    spans = (turn.span for turn in turns_of(transcript))
    return tuple(gap for gap in gaps(spans, whole) if gap.duration >= MIN_PAUSE)
