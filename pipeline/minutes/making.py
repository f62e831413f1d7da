"""Minutes of a transcript, made without a language model: deterministic, and quoting only what was said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.core.types import Notice, Transcript
from pipeline.formats.words import talk_of
from pipeline.minutes.actions import actions
from pipeline.minutes.corrected import with_corrections
from pipeline.minutes.cues import LANGUAGES
from pipeline.minutes.passages import central, decision_scores, decisions, point_scores, points
from pipeline.minutes.questions import questions
from pipeline.minutes.segmentation import boundaries
from pipeline.minutes.talk import Talk
from pipeline.minutes.titles import titled
from pipeline.minutes.types import KINDS, DoubtfulName, Item, LeftOut, Minutes, Share, Topic
from pipeline.minutes.weights import Weights, load

METHOD = "crosstalk-minutes 2"
"""Name and version of the method; the version rises when results differ."""
MOST = 10
"""Items of each kind unless another number is asked for. Chosen by hand: one page."""
NOTICE = "minutes_language"
"""Code of the notice for a language without cue lists."""
_LANGUAGE = "decisions, actions and questions are found in English only; this transcript's language is {}"
Finder = Callable[[int], Sequence[Item]]
"""Gives up to the given number of items of a kind, best first."""


def make_minutes(
    transcript: Transcript, max_items: int = MOST, weights: Weights | None = None, only: Collection[str] = KINDS
) -> Minutes:
    """The minutes of a transcript: of the kinds ``only`` up to ``max_items`` items each, and those that people added.

    Decisions, actions and questions are looked for in `cues.LANGUAGES` only; elsewhere a notice says so. A transcript
    without a language is read as English. Raises ``ValueError`` for fewer than one item.
    """
    if max_items < 1:
        raise ValueError(f"the number of items is 1 or more, not {max_items}")
    weights = weights or load()
    known = has_cues(transcript.language)
    kinds = [kind for kind in KINDS if kind in only and (known or kind == "points")]
    talk, rarity = Talk.of(transcript), rarity_for(transcript.language, weights)
    empty = replace(_without_items(transcript, talk, known), settings={"max_items": max_items, "only": kinds})
    if not transcript.utterances:
        return empty
    topics = titled(talk, boundaries(talk, weights.boundaries, rarity), rarity)
    finders = _finders(talk, topics, weights) if known else _language_free_finders(talk, topics, rarity)
    items: dict[str, Any] = {
        kind: with_corrections(finders.get(kind, _nothing), talk, topics, kind, max_items, rarity)
        for kind in KINDS
        if kind in only
    }
    shown = [kind for kind in items if kind in kinds or items[kind]]
    return replace(empty, topics=topics, settings={**empty.settings, "only": shown}, **items)


def has_cues(language: str | None) -> bool:
    """Whether decisions, actions and questions are found in a language; an unknown one is read as English."""
    return language is None or language in LANGUAGES


def rarity_for(language: str | None, weights: Weights | None = None) -> Mapping[str, float]:
    """The rarity of words in meetings of a language; empty where it is not known."""
    return (weights or load()).rarity if has_cues(language) else {}


def _finders(talk: Talk, topics: Sequence[Topic], weights: Weights) -> dict[str, Finder]:
    """What finds the items of each kind, given their largest number."""
    rarity = weights.rarity
    decided, important = decision_scores(talk, weights), point_scores(talk, weights)
    return {
        "points": lambda most: points(talk, topics, important, rarity, most),
        "decisions": lambda most: decisions(talk, topics, decided, rarity, most),
        "actions": lambda most: actions(talk, topics, decided, rarity, most),
        "questions": lambda most: questions(talk, topics, most),
    }


def _language_free_finders(talk: Talk, topics: Sequence[Topic], rarity: Mapping[str, float]) -> dict[str, Finder]:
    important = central(talk, rarity)
    return {"points": lambda most: points(talk, topics, important, rarity, most)}


def _nothing(most: int) -> Sequence[Item]:
    return ()


def _without_items(transcript: Transcript, talk: Talk, known: bool) -> Minutes:
    talked = talk_of(transcript)
    whole = sum(seconds for seconds, _ in talked.values())
    people = [
        Share(name, round(seconds, 3), round(seconds / whole, 4) if whole else 0.0, words)
        for name, (seconds, words) in talked.items()
    ]
    coverage = transcript.coverage
    unsure = [each for each in transcript.identities if each.undecided]
    names = tuple(DoubtfulName(each.label, tuple(candidate.name for candidate in each.undecided)) for each in unsure)
    left_out = LeftOut(coverage.uncovered if coverage else None, len(transcript.removed), len(talk.suspect), names)
    return Minutes(
        transcript.duration,
        transcript.language,
        tuple(people),
        left_out=left_out,
        made_by=METHOD,
        date=transcript.provenance.recorded if transcript.provenance else None,
        notices=() if known else (Notice(NOTICE, _LANGUAGE.format(transcript.language)),),
    )
