"""Transcripts as the text of a format."""

from __future__ import annotations

from typing import Unpack

from pipeline import formats
from pipeline.core.types import Transcript
from pipeline.formats import Options


def rendered(transcript: Transcript, name: str, session: str | None = None, **options: Unpack[Options]) -> str:
    """The output of `formats.dumps`, decoded."""
    return formats.dumps(transcript, name, session, **options).decode("utf-8", "surrogateescape")
