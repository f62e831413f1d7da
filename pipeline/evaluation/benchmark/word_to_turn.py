"""The common flow's last step, to compare with: each word of a transcribed mixture goes to one turn's speaker."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from pipeline.core.types import Turn, Utterance, Word

NOBODY = "SPEAKER_00"
"""The speaker of all words when diarization found nobody."""


def assign(words: Sequence[Word], turns: Sequence[Turn]) -> tuple[Utterance, ...]:
    """Utterances of neighbouring words whose speaker is the same.

    A word goes to the speaker whose turns overlap it longest; on a tie, or where nobody speaks, to the turn nearest to
    its middle, and of equally near ones to the first.
    """
    named = [(_speaker(word, turns), word) for word in sorted(words, key=lambda w: (w.start, w.end))]
    return tuple(
        Utterance(speaker, tuple(word for _, word in group)) for speaker, group in groupby(named, lambda pair: pair[0])
    )


def _speaker(word: Word, turns: Sequence[Turn]) -> str:
    if not turns:
        return NOBODY
    shared: dict[str, float] = {}
    for turn in turns:
        seconds = min(word.end, turn.end) - max(word.start, turn.start)
        if seconds > 0:
            shared[turn.speaker] = shared.get(turn.speaker, 0.0) + seconds
    most = max(shared.values(), default=0.0)
    tied = [turn for turn in sorted(turns) if shared.get(turn.speaker, 0.0) == most]
    return min(tied, key=lambda turn: _distance(word, turn)).speaker


def _distance(word: Word, turn: Turn) -> float:
    """Seconds between the word's middle and the turn, 0 inside it."""
    return max(turn.start - word.middle, word.middle - turn.end, 0.0)
