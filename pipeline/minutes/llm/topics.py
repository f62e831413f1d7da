"""Topics from the boundaries that the model chose; their titles stay key phrases that were said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipeline.minutes.llm import prompts
from pipeline.minutes.llm.answers import Labelled
from pipeline.minutes.llm.asking import Session
from pipeline.minutes.llm.choosing import best
from pipeline.minutes.llm.parts import Gap, Part, gap_of_group, gaps_of, is_in
from pipeline.minutes.segmentation import shortest
from pipeline.minutes.talk import Talk
from pipeline.minutes.titles import titled
from pipeline.minutes.types import Topic

NEAR = 4
"""A topic begins no nearer to the one before than this part of `segmentation.shortest`, and in no utterance next to it.
Chosen by hand: small models begin a topic at every segment."""


def topics_of(
    session: Session, talk: Talk, parts: Sequence[Part], base: Sequence[Topic], rarity: Mapping[str, float]
) -> tuple[tuple[Topic, ...], list[Gap]]:
    """Topics with the model's boundaries and labels, and in the gaps those of ``base``; and the gaps of the choice.

    There are at most as many as `segmentation.shortest` allows.
    """
    first, begins = _begins(parts, max(2, shortest(len(talk.tokens)) // NEAR))
    gaps = gaps_of(parts)
    outside = sum(is_in(gaps, each.first_utterance, 0) for each in base)
    most = max(1, len(talk.tokens) // shortest(len(talk.tokens)) - 1 - outside)
    chosen, failed = best(session, begins, most, prompts.TOPICS, labels=True)
    more = [gap_of_group(group, "topics") for group in failed]
    starts: dict[int, str | None] = {0: first}
    for each in chosen:
        starts.setdefault(each.segment.evidence.utterance, each.label)
    for topic in base:
        if is_in((*gaps, *more), topic.first_utterance, 0):
            starts.setdefault(topic.first_utterance, None)
    return _labelled(titled(talk, sorted(starts)[1:], rarity), starts), more


def _begins(parts: Iterable[Part], apart: int) -> tuple[str | None, list[Labelled]]:
    """The label of the topic with which the recording begins, and the later beginnings, ``apart`` utterances or more
    from each other."""
    first: str | None = None
    found: list[Labelled] = []
    before = 0
    for part in parts:
        for each in part.answer.topics if part.answer else ():
            line = each.segment.evidence.utterance
            if each.segment.number == 0:
                first = each.label
            elif line - before >= apart:
                found.append(each)
                before = line
    return first, found


def _labelled(topics: Iterable[Topic], labels: Mapping[int, str | None]) -> tuple[Topic, ...]:
    return tuple(replace(topic, label=labels[topic.first_utterance]) for topic in topics)
