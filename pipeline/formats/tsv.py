"""``tsv``: one row an utterance between tabs: start, end, speaker, text.

Readers disagree whether a quote that opens a cell is a letter, so it becomes a typographic one: all read the same rows.
"""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import millis, seconds

HEADER = ("start", "end", "speaker", "text")


def dumps(transcript: Transcript, session: str) -> str:
    """The utterances as rows under a header; ``session`` is not written."""
    return "".join("\t".join(map(_cell, row)) + "\n" for row in (HEADER, *rows(transcript)))


def rows(transcript: Transcript) -> list[tuple[str, str, str, str]]:
    """Start and end in seconds, speaker and text of each utterance, clean."""
    found = []
    for utterance in transcript.utterances:
        start, end = (seconds(time) for time in millis(utterance))
        found.append((start, end, clean(utterance.speaker), clean(utterance.text)))
    return found


def _cell(text: str) -> str:
    return f"“{text[1:]}" if text.startswith('"') else text
