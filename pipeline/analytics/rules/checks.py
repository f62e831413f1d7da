"""Checks of the rules of a file against each other: names, references, and rules that no call can pass."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.analytics.rules.document import DEEPEST, Item
from pipeline.analytics.rules.types import Combined, Condition, Measured, Phrases, Reference, Rule
from pipeline.analytics.rules.words import phrase_tokens


@dataclass(frozen=True, slots=True)
class _Required:
    """Phrases that a rule asks for or forbids, and the rule's item."""

    rule: str
    condition: Phrases
    item: Item


def check(rules: Sequence[Rule], items: Sequence[Item]) -> None:
    """Raise `SettingsError` for two rules of one name, unknown rules, circles, and contradictions."""
    places: dict[str, Item] = {}
    for rule, item in zip(rules, items, strict=True):
        if rule.name in places:
            item.mapping()["name"].fail(f"two rules have the name {rule.name!r}", f"see {places[rule.name].place}")
        places[rule.name] = item
    conditions = {rule.name: rule.condition for rule in rules}
    for rule in rules:
        for reference, item in _references(rule.condition, places[rule.name]):
            if reference.rule not in places:
                close = difflib.get_close_matches(reference.rule, places, n=1)
                hint = f"did you mean {close[0]}?" if close else "name a rule of this file"
                item.fail(f"{reference.rule!r} is not a rule", hint)
    done: set[str] = set()
    for rule in rules:
        _check_circle(rule.name, conditions, places, (), done)
    _check_contradictions(rules, places)
    _check_limits(rules, places)


def _references(condition: Condition, item: Item) -> Iterator[tuple[Reference, Item]]:
    if isinstance(condition, Reference):
        yield condition, item
    if isinstance(condition, Combined):
        below = item.mapping()[condition.mode]
        items = (below,) if condition.mode == "not" else below.list()
        for part, each in zip(condition.conditions, items, strict=True):
            yield from _references(part, each)


def _check_circle(
    name: str, conditions: Mapping[str, Condition], places: Mapping[str, Item], path: tuple[str, ...], done: set[str]
) -> None:
    if name in path:
        circle = " → ".join((*path[path.index(name) :], name))
        places[name].fail(f"rules refer to each other in a circle: {circle}")
    if len(path) > DEEPEST:
        places[name].fail(f"rules refer to each other over more than {DEEPEST} levels")
    if name not in done:
        for reference, _ in _references(conditions[name], places[name]):
            _check_circle(reference.rule, conditions, places, (*path, name), done)
        done.add(name)


def _check_contradictions(rules: Sequence[Rule], places: Mapping[str, Item]) -> None:
    """A phrase that has to be said in every call and may not be said there, by the same speaker or anyone."""
    every = [each for rule in rules for each in _required(rule.name, rule.condition, places[rule.name])]
    banned = [each for each in every if each.condition.mode == "never"]
    for one in every:
        if one.condition.mode == "never":
            continue
        for two in banned:
            both = _tokens(one.condition) & _tokens(two.condition)
            enough = both == _tokens(one.condition) or (both and one.condition.mode == "all")
            if enough and _covers(two.condition, one.condition):
                phrase = " ".join(min(both))
                two.item.fail(
                    f"{two.rule!r} forbids {phrase!r}, which {one.rule!r} asks for: no call passes both",
                    f"see {one.item.place}",
                )


def _required(name: str, condition: Condition, item: Item) -> Iterator[_Required]:
    """The phrases that have to be said, or not, in each call that passes a rule."""
    if isinstance(condition, Phrases):
        yield _Required(name, condition, item)
    if isinstance(condition, Combined) and condition.mode == "all":
        for part, each in zip(condition.conditions, item.mapping()["all"].list(), strict=True):
            yield from _required(name, part, each)


def _check_limits(rules: Sequence[Rule], places: Mapping[str, Item]) -> None:
    """Two rules whose limits of one measure exclude every value together."""
    limits = [(rule.name, rule.condition) for rule in rules if isinstance(rule.condition, Measured)]
    for one, low in limits:
        for two, high in limits:
            same = (low.measure, low.speaker, low.range) == (high.measure, high.speaker, high.range)
            if same and low.gte is not None and high.lte is not None and low.gte > high.lte:
                places[two].fail(
                    f"{two!r} asks for {high.measure} of at most {high.lte:g}, and {one!r} for at least {low.gte:g}",
                    f"see {places[one].place}",
                )


def _tokens(condition: Phrases) -> frozenset[tuple[str, ...]]:
    return frozenset(phrase_tokens(phrase, None) for phrase in condition.phrases)


def _covers(never: Phrases, asked: Phrases) -> bool:
    """Whether a phrase that passes ``asked`` always lies in the place, and is by a speaker, that ``never`` forbids."""
    return (
        never.trigger == asked.trigger
        and never.speaker in (None, asked.speaker)
        and never.range in (None, asked.range)
        and (never.within is None or (asked.within is not None and asked.within <= never.within))
    )
