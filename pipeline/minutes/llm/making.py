"""Minutes of a transcript with a language model, which chooses and labels; every item is words that were said."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from pipeline.core.types import Notice, Transcript
from pipeline.formats.sanitize import clean
from pipeline.minutes import making
from pipeline.minutes.actions import addressed, due_words
from pipeline.minutes.choosing import item, topic_at
from pipeline.minutes.llm.answers import Labelled
from pipeline.minutes.llm.asking import Session
from pipeline.minutes.llm.choosing import best
from pipeline.minutes.llm.model import LanguageModel
from pipeline.minutes.llm.parts import Gap, Part, asked, gap_of_group, gaps_of, is_in, notices
from pipeline.minutes.llm.prompts import KINDS, Limits
from pipeline.minutes.llm.segments import chunks_of, segments_of
from pipeline.minutes.llm.topics import topics_of
from pipeline.minutes.talk import Talk
from pipeline.minutes.types import Action, Item, Minutes, Topic

REASON = "chosen by a language model"
"""The reason of an item that the model chose."""
SCORE = 0.0
"""The score of an item that the model chose: a language model gives none."""
Progress = Callable[[int, int], None]
"""Called with the steps that are done and the number of all."""
_NAME = re.compile(r"[^\W\d_]{2,}")


def minutes_with(
    transcript: Transcript,
    base: Minutes,
    model: LanguageModel,
    max_items: int = making.MOST,
    only: Collection[str] = tuple(KINDS),
    progress: Progress | None = None,
) -> Minutes:
    """Minutes with up to ``max_items`` items of each of the kinds ``only`` that a language model chose.

    ``base``: the minutes of this transcript without the model, before an agenda and earlier minutes are compared with
    them. Where the model fails, their items and topics stand in the time spans concerned, and notices say so: nothing
    that a server does raises an error. Corrections by people are applied to what this returns, as to any minutes.
    """
    if max_items < 1:
        raise ValueError(f"the number of items is 1 or more, not {max_items}")
    if base.agenda or base.previous:
        raise ValueError("an agenda and earlier minutes are compared after the language model: topics change")
    talk, limits = Talk.of(transcript), Limits.of(model.context, max_items, only)
    session, chunks = Session(model, limits), list(chunks_of(segments_of(talk), limits.room))
    if not chunks or not limits.kinds:
        return base
    step = _steps(progress, len(chunks) + len(limits.kinds) + 1)
    parts = asked(session, chunks, step)
    if not any(part.answer for part in parts):
        return _without(base, session, parts, step)
    topics, gaps = topics_of(session, talk, parts, base.topics, making.rarity_for(transcript.language))
    step()
    found: dict[str, Any] = {}
    for kind in limits.kinds:
        chosen, failed = _items(session, kind, parts, getattr(base, kind), max_items)
        items = [_entry(transcript, topics, kind, each) for each in chosen]
        found[kind] = tuple(sorted(items, key=lambda each: (each.start, each.evidence)))
        gaps += failed
        step()
    return _finished(replace(base, topics=topics, **found), session, [*gaps_of(parts), *gaps])


def _without(base: Minutes, session: Session, parts: Sequence[Part], step: Callable[[], None]) -> Minutes:
    """The minutes where the model answered nothing that could be used."""
    for _ in range(len(session.limits.kinds) + 1):
        step()
    return replace(base, notices=(*base.notices, *notices(session.model.host, gaps_of(parts))))


def _steps(progress: Progress | None, total: int) -> Callable[[], None]:
    """A function that reports one more step."""
    done = iter(range(1, total + 1))
    return lambda: progress(next(done), total) if progress else None


def _items(
    session: Session, kind: str, parts: Sequence[Part], base: Sequence[Item], most: int
) -> tuple[list[Labelled | Item], list[Gap]]:
    """Up to ``most`` items of a kind: the model's choice, and in the gaps the best of ``base``; and further gaps.

    The items of ``base`` have at most the share of the places that the gaps have of the segments, and places that the
    model leaves; those that it leaves because it could not choose go to items from everywhere.
    """
    candidates = [each for part in parts if part.answer for each in part.answer.items[kind]]
    candidates.sort(key=lambda each: each.segment.number)
    missing = sum(len(part.chunk.segments) for part in parts if part.gap)
    share = missing / sum(len(part.chunk.segments) for part in parts)
    gaps = gaps_of(parts)
    inside = [each for each in base if is_in(gaps, each.evidence[0].utterance, each.evidence[0].first_word)]
    places = min(len(inside), round(most * share))
    chosen, failed = best(session, candidates, max(1, most - places), KINDS[kind])
    others = sorted(base if failed else inside, key=lambda each: (-each.score, each.evidence))
    others = [each for each in others if not any(one.segment.overlaps(each.evidence[0]) for one in chosen)]
    return [*chosen, *others[: most - len(chosen)]], [gap_of_group(group, kind) for group in failed]


def _entry(transcript: Transcript, topics: Sequence[Topic], kind: str, chosen: Labelled | Item) -> Item:
    """The item of a choice, or an item made without the model in the topics made with it."""
    if isinstance(chosen, Labelled):
        return _quoted(transcript, topics, kind, chosen)
    return replace(chosen, topic=topic_at(topics, chosen.evidence[0].utterance))


def _quoted(transcript: Transcript, topics: Sequence[Topic], kind: str, chosen: Labelled) -> Item:
    """The item of a segment: its words, with the model's label beside them."""
    made = replace(item(transcript, topics, chosen.segment.evidence, REASON, SCORE), label=chosen.label)
    if kind != "actions":
        return made
    words = chosen.segment.evidence.words(transcript)
    who = chosen.who
    if who is not None and who != made.speaker:  # the model may think so; the minutes have only names that were said
        who = addressed(words, frozenset(name.lower() for name in _NAME.findall(who)))
    return Action.of(made, who, due_words(words))


def _finished(minutes: Minutes, session: Session, gaps: Sequence[Gap]) -> Minutes:
    """With the method, its settings and notices; the one about languages goes where the model found everything."""
    model, name = session.model, clean(session.model.name)
    others: list[Notice] = [each for each in minutes.notices if gaps or each.code != making.NOTICE]
    described = {"only": list(session.limits.kinds), "model": name, "host": model.host, "context": model.context}
    return replace(
        minutes,
        made_by=f"{minutes.made_by}, items chosen by the language model {name}",
        settings={**minutes.settings, **described},
        notices=(*others, *notices(model.host, gaps)),
    )
