"""Calls made of turns and words, for numbers that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.analytics.analytics_file import file_of
from pipeline.core.types import Transcript, Turn, Utterance, Word


def say(speaker: str, start: float, end: float, text: str) -> Utterance:
    """An utterance whose words share its time evenly."""
    texts = text.split()
    step = (end - start) / len(texts)
    return Utterance(speaker, tuple(Word(start + i * step, start + (i + 1) * step, t) for i, t in enumerate(texts)))


def call(duration: float, *utterances: Utterance, language: str | None = "en") -> Transcript:
    """A transcript whose turns are its utterances."""
    turns = tuple(sorted(Turn(u.start, u.end, u.speaker) for u in utterances))
    return Transcript(duration, tuple(sorted(utterances, key=lambda u: u.start)), turns, language=language)


def write(transcript: Transcript, rules: str, target: Path, columns: Mapping[str, str]) -> Path:
    """Write the analytics of a call as a batch does; the path written."""
    path, content = file_of(transcript, rules, target, columns)
    path.write_bytes(content)
    return path
