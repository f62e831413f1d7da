"""Duplicates: words that two speakers' streams hold at the same time, spoken once; one speaker keeps them.

They are looked for only within `BOUNDARY` seconds of overlaps, where one microphone records both speakers, and only
where the two words share time: two speakers who say "yes" one after the other both keep it, and words of one hypothesis
never share time.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from pipeline.core.text import letters
from pipeline.core.timeline import BOUNDARY, MidpointIndex
from pipeline.core.types import Overlap, Span, Utterance, Word

Lines = Mapping[str, Sequence[Word]]
"""Words by speaker."""


def remove_cross_stream_duplicates(
    lines: Lines, regions: Sequence[Overlap]
) -> tuple[dict[str, tuple[Word, ...]], tuple[tuple[Span, Utterance], ...]]:
    """The lines without duplicates, and the removed words, each with its span and as an utterance."""
    removed: dict[str, list[Word]] = {}
    removed_ids: set[int] = set()
    index = {speaker: MidpointIndex(words) for speaker, words in lines.items()}
    for region in regions:
        near = {s: _near(index[s], region, removed_ids) if s in index else [] for s in region.speakers}
        for position, one in enumerate(region.speakers):
            for other in region.speakers[position + 1 :]:
                for first, second in _duplicates(near[one], near[other]):
                    loser, word = (other, second) if _is_better(first, second) else (one, first)
                    near[loser] = [remaining for remaining in near[loser] if remaining is not word]
                    removed.setdefault(loser, []).append(word)
                    removed_ids.add(id(word))
    remaining_lines = {s: tuple(word for word in words if id(word) not in removed_ids) for s, words in lines.items()}
    utterances = tuple(
        (Span(word.start, word.end), Utterance(speaker, (word,)))
        for speaker in sorted(removed)
        for word in removed[speaker]
    )
    return remaining_lines, utterances


def _near(words: MidpointIndex[Word], region: Overlap, removed_ids: Container[int]) -> list[Word]:
    near = words.between(region.start - BOUNDARY, region.end + BOUNDARY)
    return [word for word in near if id(word) not in removed_ids]


def _duplicates(one: Sequence[Word], other: Sequence[Word]) -> Iterator[tuple[Word, Word]]:
    """Pairs of equal words that share time; each word is in one pair at most."""
    unpaired = list(other)
    for word in one:
        equal = [
            w for w in unpaired if w.start < word.end and word.start < w.end and letters(w.text) == letters(word.text)
        ]
        if equal:
            nearest = min(equal, key=lambda w: abs(w.middle - word.middle))
            unpaired = [w for w in unpaired if w is not nearest]
            yield word, nearest


def _is_better(one: Word, other: Word) -> bool:
    """Whether ``one`` is at least as probable for the recognizer; in a tie the first speaker keeps the word."""
    return (one.probability or 0.0) >= (other.probability or 0.0)
