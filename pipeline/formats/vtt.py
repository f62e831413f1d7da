"""``vtt``: WebVTT (W3C) with a voice tag ``<v NAME>`` in each cue; cues of overlapping speakers overlap in time."""

from __future__ import annotations

from pipeline.core.doubts import with_marks
from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import clean, distinct
from pipeline.formats.subtitles import cues
from pipeline.formats.timestamps import clock

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def dumps(transcript: Transcript, session: str, mark_doubts: bool = False) -> str:
    """The transcript as WebVTT cues; ``session`` is not written."""
    transcript = with_marks(transcript) if mark_doubts else transcript
    names = distinct(transcript.speakers, clean)
    blocks = ["WEBVTT\n"]
    for number, cue in enumerate(cues(transcript, labelled=False), start=1):
        text = "\n".join(cue.lines).translate(_ESCAPES)
        name = names[cue.speaker].translate(_ESCAPES)
        blocks.append(f"{number}\n{clock(cue.start)} --> {clock(cue.end)}\n<v {name}>{text}\n")
    return "\n".join(blocks)


FORMAT = Format("vtt", ".vtt", encoded(dumps), options=("mark_doubts",), help="WebVTT subtitles with voice tags.")
