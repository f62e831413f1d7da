"""Flags for hallucinated words, loops and stock phrases of Whisper's: marked with the evidence, never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.core.text import letters
from pipeline.core.types import Utterance

STOCK_PHRASES = frozenset(
    {
        "thanks for watching", "thank you for watching", "thank you for listening", "thank you so much for watching",
        "please subscribe", "like and subscribe", "subscribe to my channel", "see you in the next video",
        "subtitles by the amaraorg community", "untertitel der amaraorg community", "untertitel im auftrag des zdf",
        "soustitres realises para la communaute damaraorg", "transcription by castingwords",
    }
)  # fmt: skip
"""Phrases of subtitles in Whisper's training data, as letters. Collected by hand; more phrases mark more utterances."""
REPEATS = 4
"""Fewest repeats of a unit in a row that are a loop, if they have `LOOP_WORDS` words. Chosen by hand; fewer mark more
real repetitions."""
LOOP_WORDS = 8
"""Fewest words of a loop, and most words of its unit. Chosen by hand; fewer mark more real repetitions ("no, no, no,
no") and miss loops of longer units."""


def flag_hallucinations(utterance: Utterance) -> Utterance:
    """The utterance, its words marked ``suspect`` where they are a stock phrase or a loop after its first round."""
    words = utterance.words
    texts = [letters(word.text) for word in words]
    if " ".join(texts) in STOCK_PHRASES:
        return replace(utterance, words=tuple(replace(word, suspect="stock phrase") for word in words))
    flagged = list(words)
    for first, last, unit in _loops(texts):
        for i in range(first + unit, last):
            flagged[i] = replace(words[i], suspect=f"loop: {unit} words, {(last - first) // unit} times")
    return replace(utterance, words=tuple(flagged))


def _loops(texts: Sequence[str]) -> list[tuple[int, int, int]]:
    """Loops as (first, one past the last, unit length): a run in which each word equals the one a unit before."""
    loops: list[tuple[int, int, int]] = []
    position = 0
    while position < len(texts):
        units = range(1, min(LOOP_WORDS, len(texts) - 1 - position) + 1)
        runs = [(_run(texts, position, unit), unit) for unit in units if texts[position + unit] == texts[position]]
        long_runs = [(run, unit) for run, unit in runs if run >= REPEATS * unit and run >= LOOP_WORDS]
        if long_runs:
            run, unit = max(long_runs, key=lambda pair: (pair[0], -pair[1]))
            loops.append((position, position + run, unit))
            position += run
        else:
            position += 1
    return loops


def _run(texts: Sequence[str], position: int, unit: int) -> int:
    """The number of words from ``position`` on that repeat with the period ``unit``."""
    end = position + unit
    while end < len(texts) and texts[end] == texts[end - unit]:
        end += 1
    return end - position
