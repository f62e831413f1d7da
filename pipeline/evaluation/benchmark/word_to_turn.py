"""Word-to-turn assignment of the baseline: each word of a transcribed mixture gets the speaker of one turn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from pipeline.core.types import Turn, Utterance, Word

FALLBACK_SPEAKER = "SPEAKER_00"
"""The speaker of all words if diarization returns no turns."""


def assign(words: Sequence[Word], turns: Sequence[Turn]) -> tuple[Utterance, ...]:
    """Utterances of consecutive words with the same speaker.

    A word is assigned to the speaker whose turns overlap it longest; on a tie, or without overlap, to the turn nearest
    to its middle, and among equally near turns to the first.
    """
    labeled = [(_speaker(word, turns), word) for word in sorted(words, key=lambda w: (w.start, w.end))]
    return tuple(
        Utterance(speaker, tuple(word for _, word in group))
        for speaker, group in groupby(labeled, lambda pair: pair[0])
    )


def _speaker(word: Word, turns: Sequence[Turn]) -> str:
    if not turns:
        return FALLBACK_SPEAKER
    shared: dict[str, float] = {}
    for turn in turns:
        seconds = min(word.end, turn.end) - max(word.start, turn.start)
        if seconds > 0:
            shared[turn.speaker] = shared.get(turn.speaker, 0.0) + seconds
    most = max(shared.values(), default=0.0)
    tied = [turn for turn in sorted(turns) if shared.get(turn.speaker, 0.0) == most]
    return min(tied, key=lambda turn: _distance(word, turn)).speaker


def _distance(word: Word, turn: Turn) -> float:
    """Seconds from the middle of the word to the turn, 0 inside it."""
    return max(turn.start - word.middle, word.middle - turn.end, 0.0)
