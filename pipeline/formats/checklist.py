"""The list "Please check" of a readable format: the most doubtful passages of a transcript, in order of time."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.core.doubts import find_doubts
from pipeline.core.types import Transcript
from pipeline.formats.sanitize import clean
from pipeline.formats.timestamps import whole_seconds

TITLE = "Please check"
MAX_ENTRIES = 40
"""Maximum number of passages in the list, chosen by hand; those with the least doubt are only counted.

A larger value gives longer lists for long recordings."""
MAX_QUOTE = 80
"""Maximum number of characters quoted from a passage, chosen by hand so that an entry fits on one line or two."""


def entries(transcript: Transcript) -> Iterator[tuple[str, str, str]]:
    """Time, the passage (speaker and text, or nothing) and the reason of each doubt."""
    doubts = find_doubts(transcript)
    for doubt in sorted(doubts[:MAX_ENTRIES], key=lambda doubt: doubt.start):
        text = clean(doubt.text)
        text = text if len(text) <= MAX_QUOTE else f"{text[:MAX_QUOTE].rstrip()} …"
        passage = f"{clean(doubt.speaker)}: “{text}”" if doubt.speaker is not None else ""
        yield whole_seconds(doubt.start), passage, clean(doubt.reason)
    if len(doubts) > MAX_ENTRIES:
        yield "", "", f"and {len(doubts) - MAX_ENTRIES} passages with less doubt"


def as_text(transcript: Transcript) -> str:
    """The list as plain lines under its title; empty when nothing is doubtful."""
    lines = [" – ".join(part for part in entry if part) for entry in entries(transcript)]
    return "\n".join(["", f"{TITLE}:", *lines, ""]) if lines else ""
