"""The list "please check" of a readable format: the most doubtful passages of a transcript, in order of time."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.core.doubts import find_doubts
from pipeline.core.types import Transcript
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import clock, milliseconds

TITLE = "Please check"
LISTED = 40
"""Passages that the list holds at most; those with the least doubt are only counted."""
QUOTED = 80
"""Characters of a passage that are quoted."""


def entries(transcript: Transcript) -> Iterator[tuple[str, str, str]]:
    """Time, what stands there (speaker and text, or nothing), and the reason."""
    found = find_doubts(transcript)
    for doubt in sorted(found[:LISTED], key=lambda doubt: doubt.start):
        text = clean(doubt.text)
        text = text if len(text) <= QUOTED else f"{text[:QUOTED].rstrip()} …"
        place = f"{clean(doubt.speaker)}: “{text}”" if doubt.speaker is not None else ""
        yield clock(milliseconds(doubt.start), digits=0), place, clean(doubt.reason)
    if len(found) > LISTED:
        yield "", "", f"and {len(found) - LISTED} passages with less doubt"


def as_text(transcript: Transcript) -> str:
    """The list as plain lines under its title; nothing where there is no doubt."""
    lines = [" – ".join(part for part in entry if part) for entry in entries(transcript)]
    return "\n".join(["", f"{TITLE}:", *lines, ""]) if lines else ""
