"""Constructed calls with metrics that can be computed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.analytics.analytics_file import file_of
from pipeline.analytics.rules.reading import read
from pipeline.core.types import Transcript, Turn, Utterance, Word


def spoken(speaker: str, start: float, end: float, text: str) -> Utterance:
    """An utterance with words of equal length."""
    texts = text.split()
    step = (end - start) / len(texts)
    return Utterance(speaker, tuple(Word(start + i * step, start + (i + 1) * step, t) for i, t in enumerate(texts)))


def call(duration: float, *utterances: Utterance, language: str | None = "en") -> Transcript:
    """A transcript with one turn for each utterance."""
    turns = tuple(sorted(Turn(u.start, u.end, u.speaker) for u in utterances))
    return Transcript(duration, tuple(sorted(utterances, key=lambda u: u.start)), turns, language=language)


def write_analytics(transcript: Transcript, rules: str, target: Path, columns: Mapping[str, str]) -> Path:
    """Write the analytics of a transcript next to ``target``; returns the path."""
    path, content = file_of(transcript, read(rules).rules, target, columns)
    path.write_bytes(content)
    return path
