"""What is accepted of a model's answer: numbers that it was given, known kinds, and short labels.

Lengths are cut (labels, lists) and repetitions are left out; an answer that differs in anything else is refused as a
whole, since a model that invents a number cannot be trusted with the other ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.formats.sanitize import clean
from pipeline.minutes.llm.failures import EMPTY, FIRST, WRONG, BadAnswer
from pipeline.minutes.llm.prompts import LABEL, Limits
from pipeline.minutes.llm.segments import Chunk, Segment


@dataclass(frozen=True, slots=True)
class Labelled:
    """A segment that the model chose, and what it called it."""

    segment: Segment
    label: str | None
    """The model's words, one line; null where it gave none."""
    who: str | None = None
    """Of actions: the label of the speaker whom the model named."""


@dataclass(frozen=True, slots=True)
class ChunkAnswer:
    """The model's answer about one chunk."""

    topics: tuple[Labelled, ...]
    """Segments at which a topic begins, in order of time."""
    items: Mapping[str, tuple[Labelled, ...]]
    """Chosen segments of each kind, in the model's order."""


def read_chunk(answer: Any, chunk: Chunk, limits: Limits, secret: str | None) -> ChunkAnswer:
    """The answer to `prompts.about_chunk`. Raises `BadAnswer`; a label with ``secret`` in it is left out."""
    fields = _fields(answer, "first", "topics", "items")
    given = {segment.number: segment for segment in chunk.segments}
    _check_first(fields["first"], chunk.segments)
    topics: dict[int, Labelled] = {}
    for entry in _entries(fields["topics"], limits.topics, "segment", "label"):
        segment = _segment(entry["segment"], given)
        topics.setdefault(segment.number, Labelled(segment, _label(entry["label"], secret)))
    items: dict[str, dict[int, Labelled]] = {kind: {} for kind in limits.kinds}
    for entry in _entries(fields["items"], limits.items, "kind", "segment", "label", "who"):
        kind, segment = entry["kind"], _segment(entry["segment"], given)
        if not isinstance(kind, str) or kind not in items:
            raise BadAnswer(WRONG)
        who = None if entry["who"] is None else chunk.people[_number(entry["who"], range(len(chunk.people)))]
        items[kind].setdefault(segment.number, Labelled(segment, _label(entry["label"], secret), who))
    return ChunkAnswer(
        tuple(topics[number] for number in sorted(topics)),
        {kind: tuple(found.values()) for kind, found in items.items()},
    )


def read_choice(answer: Any, candidates: Sequence[Segment], most: int) -> list[int]:
    """The numbers in the answer to `prompts.choice`, the best first. Raises `BadAnswer`."""
    fields = _fields(answer, "first", "chosen")
    _check_first(fields["first"], candidates)
    if not isinstance(fields["chosen"], list):
        raise BadAnswer(WRONG)
    if not fields["chosen"]:
        raise BadAnswer(EMPTY)
    given = {segment.number for segment in candidates}
    return list(dict.fromkeys(_number(each, given) for each in fields["chosen"]))[:most]


def _check_first(number: Any, segments: Sequence[Segment]) -> None:
    """Raise where the model may not have seen the first segment, because its server cut the request off."""
    if type(number) is not int:
        raise BadAnswer(WRONG)
    if number != segments[0].number:
        raise BadAnswer(FIRST)


def _fields(value: Any, *names: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or value.keys() != set(names):
        raise BadAnswer(WRONG)
    return value


def _entries(value: Any, most: int, *names: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, up to ``most``; those after it are looked at as well."""
    if not isinstance(value, list):
        raise BadAnswer(WRONG)
    yield from [_fields(each, *names) for each in value][:most]


def _number(value: Any, given: range | set[int] | Mapping[int, Any]) -> int:
    if type(value) is not int or value not in given:  # True is an int to isinstance
        raise BadAnswer(WRONG)
    return value


def _segment(value: Any, given: Mapping[int, Segment]) -> Segment:
    return given[_number(value, given)]


def _label(value: Any, secret: str | None) -> str | None:
    if not isinstance(value, str):
        raise BadAnswer(WRONG)
    if secret is not None and secret in value:
        return None
    line = clean(value)
    return (line if len(line) <= LABEL else line[: LABEL - 1].rstrip() + "…") or None
