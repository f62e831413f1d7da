"""``vtt``: WebVTT (W3C) with a voice tag ``<v NAME>`` in each cue; overlapping voices are cues that overlap in time."""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.sanitize import clean, distinct
from pipeline.formats.subtitles import cues
from pipeline.formats.timestamps import clock

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def dumps(transcript: Transcript, session: str) -> str:
    """The transcript as WebVTT cues; ``session`` is not written."""
    voices = distinct(transcript.speakers, clean)
    blocks = ["WEBVTT\n"]
    for number, cue in enumerate(cues(transcript, labelled=False), start=1):
        text = "\n".join(cue.lines).translate(_ESCAPES)
        voice = voices[cue.speaker].translate(_ESCAPES)
        blocks.append(f"{number}\n{clock(cue.start)} --> {clock(cue.end)}\n<v {voice}>{text}\n")
    return "\n".join(blocks)
