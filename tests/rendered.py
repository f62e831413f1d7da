"""Transcripts as the text of a format."""

from __future__ import annotations

from pipeline import formats
from pipeline.core.types import Transcript


def rendered(transcript: Transcript, name: str, session: str | None = None, mark_doubts: bool = False) -> str:
    """The output of `formats.dumps`, decoded."""
    return formats.dumps(transcript, name, session, mark_doubts).decode("utf-8", "surrogateescape")
