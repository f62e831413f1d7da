"""Causes of word errors: why cpWER's alignment has no hit for a reference word, and why it has an inserted word.

Every error has one cause, the first that applies in the order of `MISSING` and `INSERTED`. They follow from times, so
they are as exact as the word times and turns of both sides: in formats without word times these are interpolated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.core.timeline import MidpointIndex
from pipeline.core.types import Turn
from pipeline.evaluation.metrics.attribution import active_speakers, counterparts, is_hit, nearest
from pipeline.evaluation.metrics.normalization import Token
from pipeline.evaluation.metrics.wer import SpeakerAlignment

MISSING = (
    "other_speaker",
    "removed_as_hallucination",
    "removed_as_duplicate",
    "outside_all_turns",
    "outside_speaker_turns",
    "misrecognized",
    "no_word",
)
"""Causes of a missing reference word (substituted or deleted), in the order in which they are tested:

- ``other_speaker``: another hypothesis speaker has the word within the collar, see `AttributionErrors`.
- ``removed_as_hallucination``, ``removed_as_duplicate``: the pipeline removed the word; known from its JSON only.
- ``outside_all_turns``: no hypothesis speaker is active at the word's middle.
- ``outside_speaker_turns``: speakers are active there, but not the one that cpWER pairs with the word's speaker.
- ``misrecognized``: that speaker is active, and another word of theirs is aligned with it.
- ``no_word``: that speaker is active, and no word is aligned with it.
"""
INSERTED = ("other_speaker", "duplicate", "outside_reference_turns", "other")
"""Causes of an inserted hypothesis word, in the order in which they are tested:

- ``other_speaker``: it is the word that a missing word with this cause has with another speaker.
- ``duplicate``: another hypothesis speaker has the same word within `SAME_TIME`, right or as such a counterpart.
- ``outside_reference_turns``: no reference speaker is active at the word's middle.
- ``other``: the rest.
"""
SAME_TIME = 1.0
"""Maximum distance in seconds between the middles of a hypothesis word and its duplicate of another speaker. Chosen by
hand: times of one hypothesis are exact to some tenths of a second; with more, common words of two sentences count as
duplicates.
"""


@dataclass(frozen=True, slots=True)
class WordError:
    """A missing or inserted word, its cause, and whether two or more reference speakers are active at its middle."""

    token: Token
    cause: str
    in_overlap: bool


@dataclass(frozen=True, slots=True)
class CauseCount:
    """Number of errors with one cause, by `WordError.in_overlap`."""

    in_overlap: int = 0
    no_overlap: int = 0

    @property
    def total(self) -> int:
        return self.in_overlap + self.no_overlap


@dataclass(frozen=True, slots=True)
class ErrorCauses:
    """Missing reference words and inserted hypothesis words with their causes. Those of sessions can be added."""

    missing: tuple[WordError, ...] = ()
    inserted: tuple[WordError, ...] = ()

    def __add__(self, other: ErrorCauses) -> ErrorCauses:
        return ErrorCauses(self.missing + other.missing, self.inserted + other.inserted)

    @property
    def missing_by_cause(self) -> dict[str, CauseCount]:
        return _by_cause(self.missing, MISSING)

    @property
    def inserted_by_cause(self) -> dict[str, CauseCount]:
        return _by_cause(self.inserted, INSERTED)

    def frequent_missing(self, most: int) -> tuple[tuple[str, int], ...]:
        """The most frequent missing words with their counts; equally frequent ones in alphabetical order."""
        counts = Counter(error.token.text for error in self.missing)
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most])


@dataclass(frozen=True, slots=True)
class Removed:
    """Words that the pipeline recognized and removed from the text: probable hallucinations, and duplicates."""

    hallucinations: Sequence[Token] = ()
    duplicates: Sequence[Token] = ()


def error_causes(
    alignment: SpeakerAlignment, reference: Iterable[Turn], hypothesis: Iterable[Turn], removed: Removed, collar: float
) -> ErrorCauses:
    """The causes of all errors of cpWER's alignment, from the turns of both sides and the removed words.

    ``collar`` is the maximum distance in seconds between the middles of two words that count as the same word.
    """
    active = active_speakers(reference)
    moved = counterparts(alignment, collar)
    missing = _missing(alignment, moved.keys(), hypothesis, removed, collar)
    inserted = _inserted(alignment, {*moved.values()}, active)
    return ErrorCauses(
        tuple(WordError(token, cause, len(active(token)) > 1) for token, cause in missing),
        tuple(WordError(token, cause, len(active(token)) > 1) for token, cause in inserted),
    )


def _by_cause(errors: Iterable[WordError], causes: Iterable[str]) -> dict[str, CauseCount]:
    """The number of errors for each cause, in the order of ``causes``, with those that have none."""
    counts = Counter((error.cause, error.in_overlap) for error in errors)
    return {cause: CauseCount(counts[cause, True], counts[cause, False]) for cause in causes}


def _missing(
    alignment: SpeakerAlignment, moved: Iterable[int], hypothesis: Iterable[Turn], removed: Removed, collar: float
) -> Iterator[tuple[Token, str]]:
    """The missing words with their causes; ``moved`` are the positions of those that another speaker has."""
    missing = {i: pair[0] for i, pair in enumerate(alignment.pairs) if pair[0] and not is_hit(pair)}
    causes = dict.fromkeys(moved, "other_speaker")
    for cause, tokens in (
        ("removed_as_hallucination", removed.hallucinations),
        ("removed_as_duplicate", removed.duplicates),
    ):
        unexplained = {i: token for i, token in missing.items() if i not in causes}
        causes |= dict.fromkeys(nearest(unexplained, dict(enumerate(tokens)), collar), cause)
    active, partner = active_speakers(hypothesis), dict(alignment.assignment)
    for i, token in missing.items():
        if i in causes:
            yield token, causes[i]
        elif not active(token):
            yield token, "outside_all_turns"
        elif partner.get(token.speaker) not in active(token):
            yield token, "outside_speaker_turns"
        else:
            yield token, "misrecognized" if alignment.pairs[i][1] else "no_word"


def _inserted(
    alignment: SpeakerAlignment, moved: Container[int], active: Callable[[Token], frozenset[str]]
) -> Iterator[tuple[Token, str]]:
    """The inserted words with their causes; ``moved`` are the positions of those that are another speaker's."""
    recognized: dict[str, list[Token]] = {}
    for i, pair in enumerate(alignment.pairs):
        if pair[1] and (i in moved or is_hit(pair)):
            recognized.setdefault(pair[1].text, []).append(pair[1])
    index = {text: MidpointIndex(tokens) for text, tokens in recognized.items()}

    def is_duplicate(token: Token) -> bool:
        times = token.middle - SAME_TIME, token.middle + SAME_TIME
        return token.text in index and any(same.speaker != token.speaker for same in index[token.text].between(*times))

    for i, (reference, token) in enumerate(alignment.pairs):
        if token and not reference:
            if i in moved:
                yield token, "other_speaker"
            elif is_duplicate(token):
                yield token, "duplicate"
            else:
                yield token, "other" if active(token) else "outside_reference_turns"
