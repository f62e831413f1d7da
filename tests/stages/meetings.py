"""Synthetic meetings: turns and words of four speakers; times count their comparisons and additions."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from pipeline.core.timeline import normalize, overlaps
from pipeline.core.types import OverlapDecision, SpeakerEvidence, Turn, Utterance, Word

TEXTS = ["yes", "no", "and", "then", "he", "said", "well", "really", "what", "do", "you", "think", "of", "it"]


class Time(float):
    """A float that counts its comparisons, sums and differences in ``Time.count``; sums and differences count too."""

    count = 0

    __hash__ = float.__hash__


def _counting(name: str) -> Callable[[Any, Any], Any]:
    operation = getattr(float, name)

    def count(self: Any, other: Any) -> Any:
        Time.count += 1
        result = operation(self, other)
        return Time(result) if type(result) is float else result

    return count


for _name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__add__", "__radd__", "__sub__", "__rsub__"):
    setattr(Time, _name, _counting(_name))


def converse(
    minutes: float, seed: int = 0, kind: Callable[[float], float] = Time
) -> tuple[tuple[Turn, ...], dict[str, list[Word]], float]:
    """Turns, each speaker's words sorted, and the duration in seconds."""
    choose = random.Random(seed)
    turns: list[Turn] = []
    words: dict[str, list[Word]] = {}
    time = 1.0
    while time < minutes * 60 - 10:
        speaker, length = f"SPEAKER_{choose.randrange(4):02d}", choose.uniform(0.6, 6.0)
        turns.append(Turn(kind(time), kind(time + length), speaker, choose.random()))
        at = time
        while at < time + length - 0.05:
            end = min(time + length, at + choose.uniform(0.12, 0.5))
            text = choose.choice(TEXTS) + choose.choice(["", "", ".", "?"])
            words.setdefault(speaker, []).append(Word(kind(at), kind(end), text, choose.random()))
            at = end + choose.choice([0.0, 0.0, 0.05, 0.4])
        time = max(time + length + choose.choice([-0.8, -0.4, 0.1, 0.5, 0.5, 1.2]), time + 0.3)
    sorted_words = {
        speaker: sorted(spoken_words, key=lambda word: (word.start, word.end))
        for speaker, spoken_words in words.items()
    }
    return normalize(turns, kind(minutes * 60)), sorted_words, minutes * 60


def ledger(turns: tuple[Turn, ...]) -> tuple[OverlapDecision, ...]:
    """A region for each overlap, every third one kept as the mixture."""
    return tuple(
        OverlapDecision(
            o.start, o.end, tuple(map(SpeakerEvidence, o.speakers)), "fake", "separated" if n % 3 else "mixture", "test"
        )
        for n, o in enumerate(overlaps(turns))
    )


def spoken(words: dict[str, list[Word]]) -> list[Utterance]:
    return [Utterance(speaker, tuple(spoken_words)) for speaker, spoken_words in sorted(words.items())]
