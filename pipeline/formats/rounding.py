"""A transcript with all its times in whole milliseconds, as results hold them and the JSON format writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import TypeVar

from pipeline.core.pause import Pause
from pipeline.core.role import RoleDecision
from pipeline.core.types import Coverage, OverlapDecision, Transcript, Turn, Utterance, Word
from pipeline.formats.timestamps import milliseconds

Item = TypeVar("Item", Turn, Word, OverlapDecision, Pause)


def rounded(transcript: Transcript) -> Transcript:
    """The transcript with times rounded to whole milliseconds; times that are whole already are not changed.

    Items shorter than a millisecond last one. Items that did not overlap do not overlap afterwards.
    """
    utterances = _utterances(transcript.utterances)
    speakers = dict.fromkeys(turn.speaker for turn in transcript.turns)
    turns = [t for s in speakers for t in _items(turn for turn in transcript.turns if turn.speaker == s)]
    overlaps = tuple(
        replace(region, leaked=_utterances(region.leaked))
        for single in transcript.overlaps
        for region in _items([single])
    )
    pauses = tuple(_items(transcript.pauses))
    ends = [item.end for items in (utterances, turns, overlaps, pauses) for item in items]
    return replace(
        transcript,
        duration=max([_seconds(milliseconds(transcript.duration)), *ends]),
        utterances=utterances,
        turns=tuple(sorted(turns)),
        overlaps=overlaps,
        coverage=_coverage(transcript.coverage),
        roles=tuple(_role(each) for each in transcript.roles),
        pauses=pauses,
    )


def rounded_words(words: Iterable[Word]) -> tuple[Word, ...]:
    """Words in order of their start with times in whole milliseconds, as `rounded` has them."""
    return tuple(_items(words))


def _utterances(utterances: Iterable[Utterance]) -> tuple[Utterance, ...]:
    return tuple(replace(utterance, words=rounded_words(utterance.words)) for utterance in utterances)


def _items(items: Iterable[Item]) -> list[Item]:
    """Items in order of their start, rounded."""
    result: list[Item] = []
    before: Item | None = None
    first = last = 0
    for item in items:
        after = last if before is not None and item.start >= before.end else first
        first = max(milliseconds(item.start), after)
        last = max(milliseconds(item.end), first + 1)
        result.append(replace(item, start=_seconds(first), end=_seconds(last)))
        before = item
    return result


def _role(decision: RoleDecision) -> RoleDecision:
    times = [(_seconds(milliseconds(each.start)), _seconds(milliseconds(each.end))) for each in decision.evidence]
    evidence = (
        replace(each, start=start, end=end) for each, (start, end) in zip(decision.evidence, times, strict=True)
    )
    return replace(decision, evidence=tuple(evidence))


def _coverage(coverage: Coverage | None) -> Coverage | None:
    if coverage is None:
        return None
    times = {field.name: _seconds(milliseconds(getattr(coverage, field.name))) for field in fields(coverage)}
    return Coverage(**times)


def _seconds(whole: int) -> float:
    return whole / 1000
