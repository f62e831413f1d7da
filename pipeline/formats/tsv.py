"""``tsv``: one row per utterance, separated by tabs: start, end, speaker, text.

Readers disagree on whether a quotation mark at the beginning of a cell is part of the text; it is replaced by a
typographic one, so that all readers see the same rows.
"""

from __future__ import annotations

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import millis, seconds

HEADER = ("start", "end", "speaker", "text")


def dumps(transcript: Transcript, session: str) -> str:
    """The utterances as rows under a header; ``session`` is not written."""
    return "".join("\t".join(map(_cell, row)) + "\n" for row in (HEADER, *rows(transcript)))


def rows(transcript: Transcript) -> list[tuple[str, str, str, str]]:
    """Start and end in seconds, cleaned speaker and cleaned text of each utterance."""
    cells = []
    for utterance in transcript.utterances:
        start, end = (seconds(time) for time in millis(utterance))
        cells.append((start, end, clean(utterance.speaker), clean(utterance.text)))
    return cells


def _cell(text: str) -> str:
    return f"“{text[1:]}" if text.startswith('"') else text


FORMAT = Format("tsv", ".tsv", encoded(dumps), help="Table of utterances separated by tabs.")
