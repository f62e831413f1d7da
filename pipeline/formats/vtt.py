"""``vtt``: WebVTT (W3C) with a voice tag ``<v NAME>`` in each cue; cues of overlapping speakers overlap in time.

See https://www.w3.org/TR/webvtt1/.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.core.doubts import with_marks
from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import clean, distinct
from pipeline.formats.subtitles import Cue, cues
from pipeline.formats.timestamps import clock

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def dumps(
    transcript: Transcript,
    session: str,
    mark_doubts: bool = False,
    overlap_cues: bool = True,
    speaker_names: bool = True,
) -> str:
    """The transcript as WebVTT cues; ``session`` is not written."""
    transcript = with_marks(transcript) if mark_doubts else transcript
    names = distinct(transcript.speakers, clean) if speaker_names else {}
    blocks = ["WEBVTT\n"]
    for number, cue in enumerate(cues(transcript, labelled=False, overlap=overlap_cues), start=1):
        blocks.append(f"{number}\n{clock(cue.start)} --> {clock(cue.end)}\n{_payload(cue, names)}\n")
    return "\n".join(blocks)


def _payload(cue: Cue, names: Mapping[str, str]) -> str:
    """The cue's text in voice tags of the speakers that have a name; only several tags need an end."""
    if cue.with_other is None:
        return _voice(names.get(cue.speaker)) + "\n".join(cue.lines).translate(_ESCAPES)
    lines = zip(cue.parts, cue.lines, strict=True)
    end = "</v>" if names else ""
    return "\n".join(f"{_voice(names.get(part.speaker))}{line.translate(_ESCAPES)}{end}" for part, line in lines)


def _voice(name: str | None) -> str:
    return f"<v {name.translate(_ESCAPES)}>" if name is not None else ""


FORMAT = Format(
    "vtt",
    ".vtt",
    encoded(dumps),
    options=("mark_doubts", "overlap_cues", "speaker_names"),
    per_speaker=True,
    help="WebVTT subtitles with voice tags.",
)
