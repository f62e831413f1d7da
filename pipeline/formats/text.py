"""``txt``: one readable line an utterance.

    [00:00:12.3 – 00:00:15.0]   SPEAKER_00: And then he said
    [00:00:14.1 – 00:00:16.2] ‖ SPEAKER_01: No, he did not.

``‖`` marks an utterance during which somebody else talks; ``grep ‖`` finds them, ``grep ' SPEAKER_01:'`` one voice.
"""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import clock, millis
from pipeline.formats.words import overlapping


def dumps(transcript: Transcript, session: str) -> str:
    """The transcript as lines to read; ``session`` is not written."""
    marked = overlapping(transcript.utterances)
    lines = []
    for i, utterance in enumerate(transcript.utterances):
        start, end = (clock(time, digits=1) for time in millis(utterance))
        bar = "‖" if i in marked else " "
        lines.append(f"[{start} – {end}] {bar} {clean(utterance.speaker)}: {clean(utterance.text)}\n")
    return "".join(lines)
