"""Transcripts as the text of a format, for tests that look into it."""

from __future__ import annotations

from pipeline import formats
from pipeline.core.types import Transcript


def rendered(transcript: Transcript, name: str, session: str | None = None, mark_doubts: bool = False) -> str:
    """What `formats.dumps` writes, decoded."""
    return formats.dumps(transcript, name, session, mark_doubts).decode("utf-8", "surrogateescape")
