"""Reading of rules files, strictly: unknown keys, other types and contradictions name their line and column.

rules:
  - name: greeting
    speaker: agent                       # a label, a role or a name; default: any speaker
    says: [thank you for calling, how can I help]      # at least one of them; {all: [...]} for all
    within: 20                           # in the first 20 seconds
    severity: critical                   # info, warning (the default) or critical
  - name: no promises
    role: agent                          # a role only
    never: [I guarantee, I promise]
  - name: recording notice
    says: [this call is recorded]
    before: {speaker: customer, says: [my card number is]}     # or after: [phrases]
    similarity: 0.85                     # 0 to 1; the default is 0.7
  - name: a good end
    any:                                 # all, any, not: of conditions, and of rules by name
      - greeting
      - {measure: sentiment, speaker: customer, range: last quarter, gte: 0.2}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.analytics.roles.spec import RoleSpec, require_consistent
from pipeline.analytics.rules import time_range
from pipeline.analytics.rules.checks import check
from pipeline.analytics.rules.document import Item, load
from pipeline.analytics.rules.matching import DEFAULT_SIMILARITY
from pipeline.analytics.rules.measure_names import MEASURES
from pipeline.analytics.rules.time_range import TimeRange
from pipeline.analytics.rules.types import (
    SEVERITIES,
    Combined,
    Condition,
    Measured,
    Phrases,
    Reference,
    Rule,
    Severity,
    Speaker,
    Trigger,
)
from pipeline.core.serialization import DataError, from_plain
from pipeline.core.text import read_settings

_PHRASE_KEYS = ("says", "never", "within", "after", "before", "similarity")
_MEASURE_KEYS = ("measure", "gte", "lte", "is")
_SHARED_KEYS = ("speaker", "role", "range")
_COMBINED_KEYS = ("all", "any", "not")
CONDITION_KEYS = (*_PHRASE_KEYS, *_MEASURE_KEYS, *_SHARED_KEYS, *_COMBINED_KEYS)
"""Keys of a condition."""
RULE_KEYS = ("name", "severity", *CONDITION_KEYS)
"""Keys of a rule."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The content of a rules file."""

    rules: tuple[Rule, ...] = ()
    roles: tuple[RoleSpec, ...] = ()


def read_file(path: Path | None) -> str:
    """The text of a rules file, checked; "" without a file. Raises `SettingsError`."""
    if path is None:
        return ""
    text = read_settings(path)
    read(text, str(path))
    return text


def read(text: str, where: str = "rules") -> RuleFile:
    """The rules and roles of a YAML text; raises `SettingsError` with line and column for what is wrong in it."""
    top = load(text, where).mapping(("rules", "roles"))
    items = top["rules"].list() if "rules" in top else ()
    rules = tuple(_rule(item) for item in items)
    check(rules, items)
    return RuleFile(rules, _roles(top["roles"]) if "roles" in top else ())


def _roles(item: Item) -> tuple[RoleSpec, ...]:
    roles = tuple(_role(each) for each in item.list())
    require_consistent(roles, f"{item.where}, line {item.line}, column {item.column}")
    return roles


def _role(item: Item) -> RoleSpec:
    try:
        return from_plain(RoleSpec, item.plain(), item.path)
    except DataError as error:
        item.at(error.place).fail_at_key(error)


def _rule(item: Item) -> Rule:
    keys = item.mapping(RULE_KEYS)
    if "name" not in keys:
        item.fail("a rule needs a name")
    severity: Severity = "warning"
    if "severity" in keys:
        if keys["severity"].value not in SEVERITIES:
            keys["severity"].fail(f"must be {', '.join(SEVERITIES)}, not {keys['severity'].shown}")
        severity = keys["severity"].value
    return Rule(keys["name"].text(), _condition(item, keys), severity)


def _condition(item: Item, keys: dict[str, Item]) -> Condition:
    """The condition of a rule or of a part of one; exactly one kind."""
    kinds = [key for key in ("says", "never", "measure", *_COMBINED_KEYS) if key in keys]
    if len(kinds) != 1:
        found = f", not {' and '.join(map(repr, kinds))}" if kinds else ""
        item.fail(f"needs one of 'says', 'never', 'measure', 'all', 'any' and 'not'{found}")
    (kind,) = kinds
    allowed = {"measure": (*_MEASURE_KEYS, *_SHARED_KEYS), "says": (*_PHRASE_KEYS, *_SHARED_KEYS)}
    allowed["never"] = allowed["says"]
    for key, each in keys.items():
        if key not in ("name", "severity", kind, *allowed.get(kind, ())):
            each.fail(f"does not go with {kind!r}")
    if kind == "measure":
        return _measured(keys)
    return _combined(keys[kind], kind) if kind in _COMBINED_KEYS else _phrases(keys, kind)


def _combined(item: Item, kind: Any) -> Combined:
    items = (item,) if kind == "not" else item.list()
    if not items:
        item.fail("needs conditions, or names of rules")
    return Combined(kind, tuple(_part(each) for each in items))


def _part(item: Item) -> Condition:
    if isinstance(item.value, str):
        return Reference(item.text())
    return _condition(item, item.mapping(CONDITION_KEYS))


def _phrases(keys: dict[str, Item], kind: str) -> Phrases:
    mode, texts = _modes(keys[kind], kind)
    within = _positive(keys["within"]) if "within" in keys else None
    if "after" in keys and "before" in keys:
        keys["before"].fail("a condition has either 'after' or 'before'", "combine two conditions with 'all'")
    trigger = next((_trigger(keys[key], key == "before") for key in ("after", "before") if key in keys), None)
    if "range" in keys and within is not None and trigger is None:
        keys["range"].fail("a condition has either 'range' or 'within', unless it has 'after' or 'before'")
    return Phrases(
        mode,
        texts,
        _speaker(keys),
        _similarity(keys["similarity"]) if "similarity" in keys else DEFAULT_SIMILARITY,
        _range(keys["range"]) if "range" in keys else None,
        within,
        trigger,
    )


def _modes(item: Item, kind: str) -> tuple[Any, tuple[str, ...]]:
    """How the phrases combine, and the phrases: a list is any of them."""
    if kind == "never":
        return "never", _texts(item)
    if not isinstance(item.value, dict):
        return "any", _texts(item)
    keys = item.mapping(("all", "any"))
    if len(keys) != 1:
        item.fail("needs either 'all' or 'any'")
    ((mode, phrases),) = keys.items()
    return mode, _texts(phrases)


def _texts(item: Item) -> tuple[str, ...]:
    """Phrases, at least one, each with a letter or digit."""
    if isinstance(item.value, str):
        item.fail(f"must be a list, not {item.shown}", f"write [{item.value}]")
    if not item.list():
        item.fail("needs phrases")
    for each in item.list():
        if not isinstance(each.value, str):
            each.fail(f"must be a text, not {each.shown}", "put it into quotes")
        if not any(c.isalnum() for c in each.value):
            each.fail(f"a phrase needs a letter or digit, not {each.shown}")
    return tuple(each.value for each in item.list())


def _trigger(item: Item, is_before: bool) -> Trigger:
    if not isinstance(item.value, dict):
        return Trigger(_texts(item), is_before)
    keys = item.mapping(("says", "speaker", "role"))
    if "says" not in keys:
        item.fail("needs 'says', with phrases")
    return Trigger(_texts(keys["says"]), is_before, _speaker(keys))


def _speaker(keys: dict[str, Item]) -> Speaker | None:
    if "speaker" in keys and "role" in keys:
        keys["role"].fail("a condition has either 'speaker' or 'role'")
    if "role" in keys:
        return Speaker(keys["role"].text(), is_role=True)
    if "speaker" not in keys or keys["speaker"].value is None:  # null: any speaker, as without the key
        return None
    return Speaker(keys["speaker"].text())


def _measured(keys: dict[str, Item]) -> Measured:
    item = keys["measure"]
    name = item.text()
    if name not in MEASURES:
        item.fail(f"{name!r} is not a measure", f"known are {', '.join(MEASURES)}")
    measure, speaker = MEASURES[name], _speaker(keys)
    if measure.speaker == "needed" and speaker is None:
        item.fail(f"{name!r} is a measure of one speaker", "add 'speaker' or 'role'")
    if measure.speaker == "refused" and speaker is not None:
        item.fail(f"{name!r} is a measure of the call, not of a speaker")
    if "range" in keys and not measure.has_range:
        keys["range"].fail(f"{name!r} is measured for the whole call only")
    low, high = (keys[key].number() if key in keys else None for key in ("gte", "lte"))
    if measure.is_label:
        if "is" not in keys or low is not None or high is not None:
            item.fail(f"{name!r} needs 'is', with a speaker or role")
        return Measured(name, is_=Speaker(keys["is"].text()))
    if "is" in keys:
        keys["is"].fail(f"{name!r} is a number: use 'gte' or 'lte'")
    if low is None and high is None:
        item.fail("a measure needs 'gte' (at least) or 'lte' (at most), or both")
    for key in sorted(keys.keys() & {"gte", "lte"}):
        _check_limit(keys[key], name)
    if low is not None and high is not None and low > high:
        keys["gte"].fail(f"the limits exclude every value: at least {low:g} and at most {high:g}")
    return Measured(name, speaker, _range(keys["range"]) if "range" in keys else None, low, high)


def _check_limit(item: Item, name: str) -> None:
    """Refuse a limit that no value of the measure can have: 70 for a share, where 0.7 is meant."""
    measure = MEASURES[name]
    if not measure.lowest <= item.number() <= measure.highest:
        bounds = "not negative" if measure.highest == float("inf") else f"{measure.lowest:g} to {measure.highest:g}"
        item.fail(f"{item.shown} is no value of {name!r}, which is {bounds}")


def _range(item: Item) -> TimeRange:
    try:
        if isinstance(item.value, dict):
            keys = item.mapping(("from", "to"))
            if not keys:
                item.fail("needs 'from' or 'to', in seconds")
            start, end = (_seconds(keys[key]) if key in keys else None for key in ("from", "to"))
            return time_range.between(start, end)
        return time_range.parse(item.text())
    except ValueError as error:
        item.fail(f"{item.shown} {error}")


def _seconds(item: Item) -> float:
    if item.number() < 0:
        item.fail(f"must be at least 0, not {item.number():g}")
    return item.number()


def _positive(item: Item) -> float:
    if item.number() <= 0:
        item.fail(f"must be above 0, not {item.number():g}")
    return item.number()


def _similarity(item: Item) -> float:
    if _positive(item) > 1:
        item.fail(f"must be at most 1, not {item.number():g}")
    return item.number()
