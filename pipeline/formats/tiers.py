"""Tiers: the utterances and words of each speaker as intervals that do not overlap, for annotation programs.

Praat and ELAN allow no overlap inside a tier. One speaker's utterances that overlap (manual annotations have them)
become one interval with both texts; of two words that overlap, the first ends where the second begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.core.types import Transcript, Utterance
from pipeline.formats.sanitize import distinct
from pipeline.formats.timestamps import millis, milliseconds
from pipeline.formats.words import merged


@dataclass(frozen=True, slots=True)
class Interval:
    """A text from ``start`` to ``end``, in milliseconds."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """An utterance, or several that overlap, with its words, which lie inside it."""

    whole: Interval
    words: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class SpeakerTiers:
    """The passages of one speaker, in order of time; ``words_name`` is the name of the tier of words."""

    name: str
    words_name: str
    passages: tuple[Passage, ...]


def speaker_tiers(transcript: Transcript, spelled: Callable[[str], str]) -> tuple[SpeakerTiers, ...]:
    """The tiers of each speaker under distinct names that ``spelled`` writes."""
    names = distinct(transcript.speakers, spelled)
    both = distinct([*names.values(), *(f"{name} words" for name in names.values())], lambda name: name)
    drafts: dict[str, list[Passage]] = {speaker: [] for speaker in names}
    for utterance in transcript.utterances:
        passage = _passage(utterance, spelled)
        if passage is not None:
            drafts[utterance.speaker].append(passage)
    return tuple(
        SpeakerTiers(names[speaker], both[f"{names[speaker]} words"], _joined(passages))
        for speaker, passages in drafts.items()
    )


def last_end(transcript: Transcript, tiers: Iterable[SpeakerTiers]) -> int:
    """The end of the recording in milliseconds: not before the end of any interval, at least 1."""
    ends = [passage.whole.end for tier in tiers for passage in tier.passages]
    return max([milliseconds(transcript.duration), 1, *ends])


def _passage(utterance: Utterance, spelled: Callable[[str], str]) -> Passage | None:
    """One utterance; None where it has no visible character."""
    words = [Interval(*millis(word), spelled(word.text)) for word in merged(utterance.words)]
    if not words:
        return None
    start, end = min(word.start for word in words), max(word.end for word in words)
    return Passage(Interval(start, end, spelled(utterance.text)), tuple(words))


def _joined(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """Passages that overlap joined, and the words of each cut so that they do not overlap."""
    result: list[Passage] = []
    for passage in sorted(passages, key=lambda passage: passage.whole.start):
        if result and passage.whole.start < result[-1].whole.end:
            one, two = result[-1].whole, passage.whole
            whole = Interval(one.start, max(one.end, two.end), f"{one.text} {two.text}")
            result[-1] = Passage(whole, (*result[-1].words, *passage.words))
        else:
            result.append(passage)
    return tuple(replace(passage, words=_cut(passage.words)) for passage in result)


def _cut(words: Iterable[Interval]) -> tuple[Interval, ...]:
    """The words in order of time, each one ended where the next begins; words that begin together share an interval."""
    result: list[Interval] = []
    for word in sorted(words, key=lambda word: word.start):
        before = result[-1] if result else None
        if before is not None and word.start == before.start:
            result[-1] = Interval(before.start, max(before.end, word.end), f"{before.text} {word.text}")
        else:
            if before is not None:
                result[-1] = replace(before, end=min(before.end, word.start))
            result.append(word)
    return tuple(result)
