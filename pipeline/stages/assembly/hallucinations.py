"""Words that may be none: loops and stock phrases of Whisper's. Marked with the evidence, never deleted."""

from __future__ import annotations

from dataclasses import replace

from pipeline.core.text import letters
from pipeline.core.types import Utterance, Word

STOCK = frozenset(
    {
        "thanks for watching", "thank you for watching", "thank you for listening", "thank you so much for watching",
        "please subscribe", "like and subscribe", "subscribe to my channel", "see you in the next video",
        "subtitles by the amaraorg community", "untertitel der amaraorg community", "untertitel im auftrag des zdf",
        "soustitres realises para la communaute damaraorg", "transcription by castingwords",
    }
)  # fmt: skip
"""Phrases of the subtitles that Whisper learnt from; nobody says them in a meeting."""
LONGEST_UNIT = 8
"""Loops of units of up to so many words are looked for."""
REPEATS = 4
"""So many repeats of one unit in a row, and over `LOOP_WORDS` words, are a loop."""
LOOP_WORDS = 8


def flag_hallucinations(utterance: Utterance) -> Utterance:
    """The utterance, its words marked ``suspect`` where they are a stock phrase or a loop after its first round."""
    words = utterance.words
    plain = [letters(word.text) for word in words]
    if " ".join(plain) in STOCK:
        return replace(utterance, words=tuple(_suspect(word, "stock phrase") for word in words))
    marked = list(words)
    for first, last, unit in _loops(plain):
        for i in range(first + unit, last):
            marked[i] = _suspect(words[i], f"loop: {unit} words, {(last - first) // unit} times")
    return replace(utterance, words=tuple(marked))


def _loops(plain: list[str]) -> list[tuple[int, int, int]]:
    """Loops as (first, one past the last, unit length): a run in which each word equals the one a unit before."""
    found: list[tuple[int, int, int]] = []
    position = 0
    while position < len(plain):
        units = range(1, min(LONGEST_UNIT, len(plain) - 1 - position) + 1)
        runs = [(_run(plain, position, u), u) for u in units if plain[position + u] == plain[position]]
        loops = [(run, unit) for run, unit in runs if run >= REPEATS * unit and run >= LOOP_WORDS]
        if loops:
            run, unit = max(loops, key=lambda pair: (pair[0], -pair[1]))
            found.append((position, position + run, unit))
            position += run
        else:
            position += 1
    return found


def _run(plain: list[str], position: int, unit: int) -> int:
    """How many words from ``position`` on repeat with the period ``unit``."""
    end = position + unit
    while end < len(plain) and plain[end] == plain[end - unit]:
        end += 1
    return end - position


def _suspect(word: Word, reason: str) -> Word:
    return replace(word, suspect=reason)
