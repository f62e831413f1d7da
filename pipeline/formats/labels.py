"""``labels``: a label track for Audacity, one line per turn: start, end, speaker, separated by tabs."""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import millis, seconds


def dumps(transcript: Transcript, session: str) -> str:
    """The turns as labels; ``session`` is not written."""
    lines = []
    for turn in transcript.turns:
        start, end = (seconds(time) for time in millis(turn))
        lines.append(f"{start}\t{end}\t{clean(turn.speaker)}\n")
    return "".join(lines)


FORMAT = Format("labels", ".labels", encoded(dumps), help="Label track of the turns for Audacity.")
