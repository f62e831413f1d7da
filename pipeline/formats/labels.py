"""``labels``: a label track for Audacity, one line a turn: start, end, speaker, between tabs."""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import millis, seconds


def dumps(transcript: Transcript, session: str) -> str:
    """The turns as labels; ``session`` is not written."""
    lines = []
    for turn in transcript.turns:
        start, end = (seconds(time) for time in millis(turn))
        lines.append(f"{start}\t{end}\t{clean(turn.speaker)}\n")
    return "".join(lines)
