"""Rules for phrases, read strictly from YAML: who must (or must never) say what, and when.

rules:
  - name: greeting
    speaker: agent                       # a label; left out: anybody
    says: [thank you for calling, how can I help]      # any one of them
    within: 20                           # in the first 20 seconds
  - name: no promises
    speaker: agent
    never: [I guarantee, I promise]
  - name: recording notice
    says: [this call is recorded]
    after: [can I have your card number]  # within so many seconds after anybody says one of these
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

SIMILARITY = 0.8


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; exactly one of ``says`` and ``never`` is not empty. ``within`` counts from the call's start, or from
    each phrase of ``after``."""

    name: str
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    speaker: str | None = None
    within: float | None = None
    after: tuple[str, ...] = ()
    similarity: float = SIMILARITY


_KINDS: Mapping[str, tuple[str, type | tuple[type, ...]]] = {
    "name": ("a text", str),
    "speaker": ("a text", str),
    "says": ("a list of texts", list),
    "never": ("a list of texts", list),
    "after": ("a list of texts", list),
    "within": ("a number of seconds above 0", (int, float)),
    "similarity": ("a number from 0 to 1", (int, float)),
}


def read_file(path: Path | None) -> str:
    """The text of a file of rules, checked; "" without one. Raises `SettingsError`."""
    if path is None:
        return ""
    text = read_settings(path)
    read(text, str(path))
    return text


def read(text: str, where: str = "rules") -> tuple[Rule, ...]:
    """The rules of a YAML text; anything unknown, doubled or contradictory raises `SettingsError`."""
    data = load_plain(text, where)
    if not data:
        return ()
    if set(data) != {"rules"} or not isinstance(data["rules"], list):
        raise SettingsError("a file of rules is a list under the key 'rules'", where=where)
    rules = tuple(_rule(item, f"{where}, rule {number}") for number, item in enumerate(data["rules"], 1))
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"two rules are called {twice!r}", where=where)
    return rules


def _rule(item: Any, where: str) -> Rule:
    if not isinstance(item, dict):
        raise SettingsError("a rule is a mapping", where=where)
    values = {key: _value(key, value, where) for key, value in item.items()}
    if not values.get("name"):
        raise SettingsError("a rule needs a name", where=where)
    if bool(values.get("says")) == bool(values.get("never")):
        raise SettingsError("a rule has either 'says' or 'never', with phrases", where=where)
    if values.get("after") and "within" not in values:
        raise SettingsError("'after' needs 'within'", where=where)
    return Rule(**values)


def _value(key: Any, value: Any, where: str) -> Any:
    if key not in _KINDS:
        raise SettingsError(f"unknown key {key!r}", where=where, hint=f"known are {', '.join(_KINDS)}")
    what, kind = _KINDS[key]
    good = isinstance(value, kind) and not isinstance(value, bool)
    if kind is list:
        good = good and all(isinstance(text, str) and any(c.isalnum() for c in text) for text in value)
        return tuple(value) if good else _refuse(key, what, value, where)
    if key == "within":
        good = good and value > 0
    if key == "similarity":
        good = good and 0 < value <= 1
    return value if good else _refuse(key, what, value, where)


def _refuse(key: str, what: str, value: Any, where: str) -> Any:
    raise SettingsError(f"{key} must be {what}, not {value!r}", where=where)
