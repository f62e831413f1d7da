"""Phrase rules, read strictly from YAML: phrases that a speaker must or must never say, and when.

rules:
  - name: greeting
    speaker: agent                       # a label; default: any speaker
    says: [thank you for calling, how can I help]      # at least one of them
    within: 20                           # in the first 20 seconds
  - name: no promises
    speaker: agent
    never: [I guarantee, I promise]
  - name: recording notice
    says: [this call is recorded]
    after: [can I have your card number]  # each of these, by any speaker, starts the time
    within: 10
    similarity: 0.85                     # 0 to 1; the default is 0.8
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config.schema import load_plain
from pipeline.core.errors import SettingsError
from pipeline.core.text import read_settings

DEFAULT_SIMILARITY = 0.8
"""Minimum similarity of a match, 0 to 1, if a rule has none. Chosen by hand; a lower value finds more
misrecognized phrases and more false matches."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; exactly one of ``says`` and ``never`` has phrases.

    ``within``: seconds from the start of the call, or from the end of each ``after`` phrase.
    """

    name: str
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    speaker: str | None = None
    within: float | None = None
    after: tuple[str, ...] = ()
    similarity: float = DEFAULT_SIMILARITY


_TYPES: Mapping[str, tuple[str, type | tuple[type, ...]]] = {
    "name": ("text", str),
    "speaker": ("text", str),
    "says": ("a list of texts", list),
    "never": ("a list of texts", list),
    "after": ("a list of texts", list),
    "within": ("a number of seconds above 0", (int, float)),
    "similarity": ("a number from 0 to 1", (int, float)),
}


def read_file(path: Path | None) -> str:
    """The text of a rules file, checked; "" without a file. Raises `SettingsError`."""
    if path is None:
        return ""
    text = read_settings(path)
    read(text, str(path))
    return text


def read(text: str, where: str = "rules") -> tuple[Rule, ...]:
    """The rules of a YAML text; unknown keys, duplicate names and contradictions raise `SettingsError`."""
    data = load_plain(text, where)
    if not data:
        return ()
    if set(data) != {"rules"} or not isinstance(data["rules"], list):
        raise SettingsError("a rules file must have one key, 'rules', with a list", where=where)
    rules = tuple(_rule(item, f"{where}, rule {number}") for number, item in enumerate(data["rules"], 1))
    names = [rule.name for rule in rules]
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate is not None:
        raise SettingsError(f"two rules have the name {duplicate!r}", where=where)
    return rules


def _rule(item: Any, where: str) -> Rule:
    if not isinstance(item, dict):
        raise SettingsError("a rule must be a mapping", where=where)
    values = {key: _value(key, value, where) for key, value in item.items()}
    if not values.get("name"):
        raise SettingsError("a rule needs a 'name'", where=where)
    if bool(values.get("says")) == bool(values.get("never")):
        raise SettingsError("a rule must have phrases either in 'says' or in 'never'", where=where)
    if values.get("after") and "within" not in values:
        raise SettingsError("'after' needs 'within'", where=where)
    return Rule(**values)


def _value(key: Any, value: Any, where: str) -> Any:
    if key not in _TYPES:
        raise SettingsError(f"unknown key {key!r}", where=where, hint=f"the keys are {', '.join(_TYPES)}")
    description, type_ = _TYPES[key]
    valid = isinstance(value, type_) and not isinstance(value, bool)
    if type_ is list:
        valid = valid and all(isinstance(text, str) and any(c.isalnum() for c in text) for text in value)
        return tuple(value) if valid else _refuse(key, description, value, where)
    if key == "within":
        valid = valid and value > 0
    if key == "similarity":
        valid = valid and 0 < value <= 1
    return value if valid else _refuse(key, description, value, where)


def _refuse(key: str, description: str, value: Any, where: str) -> Any:
    raise SettingsError(f"{key!r} must be {description}, not {value!r}", where=where)
