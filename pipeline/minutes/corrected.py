"""Items that people added to the minutes or took out, by the corrections of the transcript.

Two spans of one speaker are the same words where more than half of the shorter one is shared. Of corrections of the
same words the last one counts. Where people added words that the method chose too, there is one item, theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from pipeline.core.correction import Correction
from pipeline.core.types import Transcript, Utterance
from pipeline.minutes.actions import as_action
from pipeline.minutes.choosing import topic_at
from pipeline.minutes.talk import Talk
from pipeline.minutes.types import KINDS, Evidence, Item, Minutes, Topic

ADDED = "added by a person"
"""The reason of an item that a person added."""
SHARED = 0.5
"""Share of the shorter of two spans above which they are the same words. Chosen by hand: times of words differ between
models by less; a larger value lets a rejected item return with a word more."""
AnyItem = TypeVar("AnyItem", bound=Item)


@dataclass(frozen=True, slots=True)
class _Marked:
    """Words that a person added or took out."""

    is_added: bool
    speaker: str
    start: float
    end: float
    evidence: tuple[Evidence, ...]


def with_corrections(
    find: Callable[[int], Sequence[AnyItem]],
    talk: Talk,
    topics: Sequence[Topic],
    kind: str,
    most: int,
    rarity: Mapping[str, float],
) -> tuple[AnyItem, ...]:
    """Up to ``most`` items of a kind that no person took out, and all that people added, in order of time.

    ``find(n)`` gives up to n items, best first; it is asked for as many more as were taken out. ``kind`` is one of
    `core.correction.ITEM_KINDS`; ``rarity`` is that of the weights.
    """
    marked = list(_marked(talk.transcript, kind))
    out, added = [each for each in marked if not each.is_added], _in_force(marked)
    more = 0
    while True:
        found = find(most + more)
        others = [item for item in found if not _is_any(item, added)]
        chosen = [item for item in others if not _is_any(item, out)]
        if len(others) - len(chosen) <= more:
            break
        more = len(others) - len(chosen)
    score = max((item.score for item in found), default=0.0)
    items = [_item(talk, topics, each, score) for each in added]
    if kind == "actions":
        items = [as_action(item, talk, rarity) for item in items]
    return tuple(sorted([*chosen[:most], *cast(list[AnyItem], items)], key=lambda item: (item.start, item.evidence)))


def corrected(minutes: Minutes, transcript: Transcript, rarity: Mapping[str, float]) -> Minutes:
    """Minutes that are made already, such as with a language model, as people corrected them.

    Nothing takes the place of an item that was taken out. Minutes that are corrected already stay as they are.
    """
    talk = Talk.of(transcript)
    items: dict[str, Any] = {
        kind: _corrected_items(getattr(minutes, kind), talk, minutes.topics, kind, rarity)
        for kind in minutes.settings.get("only", KINDS)
    }
    return replace(minutes, **items)


def _corrected_items(
    items: Sequence[AnyItem], talk: Talk, topics: Sequence[Topic], kind: str, rarity: Mapping[str, float]
) -> tuple[AnyItem, ...]:
    return with_corrections(lambda most: items, talk, topics, kind, len(items), rarity)


def _marked(transcript: Transcript, kind: str) -> Iterator[_Marked]:
    """What people marked, in the order in which they did; words that are not there any more are left out."""
    operations = ("include", "exclude")
    ledger = (each for each in transcript.corrections if each.operation in operations and each.problem is None)
    entries = [each for each in ledger if each.after == kind]
    lines: dict[str, list[tuple[int, Utterance]]] = defaultdict(list)
    for number, line in enumerate(transcript.utterances) if entries else ():
        lines[line.speaker].append((number, line))
    for entry in entries:
        for speaker in dict.fromkeys((entry.speaker, *lines)):
            evidence = tuple(_evidence(lines.get(speaker, ()), entry))
            if evidence and (speaker == entry.speaker or _text(evidence, transcript) == entry.before):
                words = [word for each in evidence for word in each.words(transcript)]
                start, end = min(word.start for word in words), max(word.end for word in words)
                yield _Marked(entry.operation == "include", speaker, start, end, evidence)
                break


def _evidence(lines: Iterable[tuple[int, Utterance]], entry: Correction) -> Iterator[Evidence]:
    """The words of a speaker's numbered lines at the time of an entry."""
    for number, line in lines:
        if line.start < entry.end and entry.start < line.end:
            inside = [i for i, word in enumerate(line.words) if entry.start <= word.middle <= entry.end]
            if inside:
                yield Evidence(number, inside[0], inside[-1])


def _text(evidence: Sequence[Evidence], transcript: Transcript) -> str:
    return " ".join(each.text(transcript) for each in evidence)


def _in_force(marked: Sequence[_Marked]) -> list[_Marked]:
    """What was added and not marked again later."""
    added: list[_Marked] = []
    for each in marked:
        added = [one for one in added if not _is_same(one, each)]
        added += [each] if each.is_added else []
    return added


def _is_any(item: Item, marked: Sequence[_Marked]) -> bool:
    return any(_is_same(item, each) for each in marked)


def _is_same(one: Item | _Marked, other: _Marked) -> bool:
    """Whether both are the same words of one speaker."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return one.speaker == other.speaker and shared > SHARED * min(one.end - one.start, other.end - other.start)


def _item(talk: Talk, topics: Sequence[Topic], marked: _Marked, score: float) -> Item:
    return Item(
        start=marked.start,
        end=marked.end,
        speaker=marked.speaker,
        text=_text(marked.evidence, talk.transcript),
        evidence=marked.evidence,
        topic=topic_at(topics, marked.evidence[0].utterance),
        reason=ADDED,
        score=score,
    )
