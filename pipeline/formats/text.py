"""``txt``: one readable line per utterance.

    [00:00:12.3 – 00:00:15.0]   SPEAKER_00: And then we agreed
    [00:00:14.1 – 00:00:16.2] ‖ SPEAKER_01: No, we did not.

``‖`` marks an utterance that overlaps another speaker's; ``grep ‖`` lists them, ``grep ' SPEAKER_01:'`` one speaker.
"""

from __future__ import annotations

from pipeline.core.doubts import with_marks
from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.checklist import as_text
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import clock, millis
from pipeline.formats.words import overlapping


def dumps(transcript: Transcript, session: str, mark_doubts: bool = False) -> str:
    """The transcript as lines, with ``mark_doubts`` followed by the passages to check; ``session`` is not written."""
    shown = with_marks(transcript) if mark_doubts else transcript
    overlapped = overlapping(shown.utterances)
    lines = []
    for i, utterance in enumerate(shown.utterances):
        start, end = (clock(time, digits=1) for time in millis(utterance))
        bar = "‖" if i in overlapped else " "
        lines.append(f"[{start} – {end}] {bar} {clean(utterance.speaker)}: {clean(utterance.text)}\n")
    return "".join(lines) + (as_text(transcript) if mark_doubts else "")


FORMAT = Format("txt", ".txt", encoded(dumps), options=("mark_doubts",), help="Readable lines with times and speakers.")
