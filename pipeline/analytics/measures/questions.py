"""Questions, counted by the question marks that the recognizer writes."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.core.types import Word

_CLOSING = "\"'”’»)]"
_QUESTION_MARKS = ("?", "？", "؟", "⁇")
_MARKS = (*_QUESTION_MARKS, ".", ",", "!", "…", "。", "、", "！", "،", "।")


def has_punctuation(words: Iterable[Word]) -> bool:
    """Whether a transcript has punctuation, so that a missing question mark says something."""
    return any(word.text.rstrip(_CLOSING).endswith(_MARKS) for word in words)


def questions(words: Iterable[Word]) -> int:
    """Number of words that end with a question mark."""
    return sum(word.text.rstrip(_CLOSING).endswith(_QUESTION_MARKS) for word in words)
