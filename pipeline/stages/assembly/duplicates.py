"""Leakage: the same words at the same time in two streams were said once; one keeps them, the ledger records the other.

Only inside overlaps, where one microphone hears both, and only where the two words share a moment: two people who say
"yes" one after the other both keep it, and words of one hearing never share a moment.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from pipeline.core.text import letters
from pipeline.core.timeline import MidpointIndex
from pipeline.core.types import Overlap, Span, Utterance, Word

EDGE = 0.5
"""Leaks are looked for up to so many seconds around an overlap: word times and turn edges are that inexact."""

Lines = Mapping[str, Sequence[Word]]


def remove_cross_stream_duplicates(
    lines: Lines, regions: Sequence[Overlap]
) -> tuple[dict[str, tuple[Word, ...]], tuple[tuple[Span, Utterance], ...]]:
    """The lines without leaked words, and those words with their span, as the utterances they would have been."""
    removed: dict[str, list[Word]] = {}
    gone: set[int] = set()
    spoken = {speaker: MidpointIndex(words) for speaker, words in lines.items()}
    for region in regions:
        near = {s: _near(spoken[s], region, gone) if s in spoken else [] for s in region.speakers}
        for index, one in enumerate(region.speakers):
            for other in region.speakers[index + 1 :]:
                for mine, theirs in _twins(near[one], near[other]):
                    loser, word = (other, theirs) if _better(mine, theirs) else (one, mine)
                    near[loser] = [kept for kept in near[loser] if kept is not word]
                    removed.setdefault(loser, []).append(word)
                    gone.add(id(word))
    kept = {speaker: tuple(word for word in words if id(word) not in gone) for speaker, words in lines.items()}
    leaked = tuple(
        (Span(word.start, word.end), Utterance(speaker, (word,)))
        for speaker in sorted(removed)
        for word in removed[speaker]
    )
    return kept, leaked


def _near(words: MidpointIndex[Word], region: Overlap, gone: Container[int]) -> list[Word]:
    return [word for word in words.between(region.start - EDGE, region.end + EDGE) if id(word) not in gone]


def _twins(one: Sequence[Word], other: Sequence[Word]) -> Iterator[tuple[Word, Word]]:
    """Pairs of equal words that share a moment, each word in one pair at most."""
    free = list(other)
    for word in one:
        twins = [w for w in free if w.start < word.end and word.start < w.end and letters(w.text) == letters(word.text)]
        if twins:
            twin = min(twins, key=lambda w: abs(w.middle - word.middle))
            free = [w for w in free if w is not twin]
            yield word, twin


def _better(one: Word, other: Word) -> bool:
    """Whether ``one`` is the better attributed: the recogniser surer of it; in a tie the earlier speaker's."""
    return (one.probability or 0.0) >= (other.probability or 0.0)
