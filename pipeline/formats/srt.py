"""``srt``: SubRip subtitles, each cue labelled with its speaker.

SubRip has no escapes, and players interpret ``<i>`` and ``{\\an8}``: angle brackets and braces become look-alikes.
"""

from __future__ import annotations

from pipeline.core.doubts import with_marks
from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.subtitles import cues
from pipeline.formats.timestamps import clock

LOOKALIKES = str.maketrans("<>{}", "‹›❴❵")


def dumps(
    transcript: Transcript,
    session: str,
    mark_doubts: bool = False,
    overlap_cues: bool = True,
    speaker_names: bool = True,
) -> str:
    """The transcript as SubRip cues; ``session`` is not written."""
    transcript = with_marks(transcript) if mark_doubts else transcript
    blocks = []
    for number, cue in enumerate(cues(transcript, speaker_names, overlap_cues), start=1):
        text = "\n".join(cue.lines).translate(LOOKALIKES)
        blocks.append(f"{number}\n{clock(cue.start, ',')} --> {clock(cue.end, ',')}\n{text}\n")
    return "\n".join(blocks)


FORMAT = Format(
    "srt",
    ".srt",
    encoded(dumps),
    options=("mark_doubts", "overlap_cues", "speaker_names"),
    per_speaker=True,
    help="SubRip subtitles with speaker names.",
)
