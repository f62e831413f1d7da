"""Corrections of the minutes: words that are, or are not, an item, and where they are after other corrections.

They change no words, so the ledger has them behind the corrections that do, with the present times, speaker and words.
Those that were given to several speakers since are one entry for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from pipeline.core.correction import CONTEXT, ITEM_KINDS, Correction
from pipeline.core.types import Utterance, Word, join_words
from pipeline.corrections.placing import Misfit, Place


@dataclass(frozen=True, slots=True)
class Mark:
    """The words of a correction of the minutes: those of a label whose middle is between the times beside it."""

    correction: Correction
    spans: tuple[tuple[str, float, float], ...]

    @classmethod
    def of(cls, entry: Correction) -> Mark:
        """The mark of an entry of the ledger."""
        return cls(entry, ((entry.speaker, entry.start, entry.end),))

    def has(self, speaker: str, word: Word) -> bool:
        """Whether it has a word of a speaker."""
        return any(label == speaker and start <= word.middle <= end for label, start, end in self.spans)

    def parts(self, lines: Iterable[Utterance]) -> list[tuple[Utterance, int]]:
        """Its words, each given by its line and its index there; the lines are in order of their start."""
        first, last = min(start for _, start, _ in self.spans), max(end for _, _, end in self.spans)
        labels = {label for label, _, _ in self.spans}
        begun = takewhile(lambda line: line.start <= last, lines)
        near = (line for line in begun if line.speaker in labels and first <= line.end)
        return [(line, i) for line in near for i, word in enumerate(line.words) if self.has(line.speaker, word)]


def is_mark(correction: Correction) -> bool:
    """Whether a correction is one of the minutes that can be applied."""
    return correction.operation in ("include", "exclude") and correction.problem is None


def placed_mark(lines: Sequence[Utterance], place: Place, correction: Correction) -> Mark:
    """The mark of the words at a place; raises `Misfit` for an unknown kind of item."""
    if correction.after not in ITEM_KINDS:
        raise Misfit(f"minutes have no items of the kind {correction.after}")
    words = [word for run in place.runs for word in lines[run.line].words[run.first : run.after]]
    return Mark(correction, ((lines[place.runs[0].line].speaker, *_times(words)),))


def with_moved_words(marks: Iterable[Mark], source: str, moved: Utterance) -> tuple[Mark, ...]:
    """The marks after words of ``source`` became those of another speaker."""
    return tuple(_with_moved(mark, source, moved) for mark in marks)


def present_entries(marks: Iterable[Mark], lines: Sequence[Utterance]) -> Iterator[Correction]:
    """The entries of the ledger, by speaker; one with the reason where no word is left."""
    for mark in marks:
        parts = mark.parts(lines)
        if not parts:
            yield replace(mark.correction, problem="the speaker has other words or none at this place")
        for speaker in dict.fromkeys(line.speaker for line, _ in parts):
            yield _entry(mark.correction, [part for part in parts if part[0].speaker == speaker])


def _with_moved(mark: Mark, source: str, moved: Utterance) -> Mark:
    words = [word for word in moved.words if mark.has(source, word)]
    return replace(mark, spans=(*mark.spans, (moved.speaker, *_times(words)))) if words else mark


def _entry(correction: Correction, parts: Sequence[tuple[Utterance, int]]) -> Correction:
    """The entry for words of one speaker."""
    words = tuple(line.words[i] for line, i in parts)
    (first, start), (last, end) = parts[0], parts[-1]
    begin, finish = _times(words)
    return replace(
        correction,
        speaker=first.speaker,
        start=begin,
        end=finish,
        before=join_words(words),
        left=join_words(first.words[max(0, start - CONTEXT) : start]),
        right=join_words(last.words[end + 1 : end + 1 + CONTEXT]),
    )


def _times(words: Sequence[Word]) -> tuple[float, float]:
    return min(word.start for word in words), max(word.end for word in words)
