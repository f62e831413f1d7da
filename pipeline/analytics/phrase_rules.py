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

from dataclasses import dataclass
from pathlib import Path

from pipeline.analytics.roles.spec import RoleSpec, require_consistent
from pipeline.config.constraints import Range
from pipeline.config.schema import load_plain
from pipeline.core.errors import SettingsError
from pipeline.core.serialization import DataError, from_plain, setting
from pipeline.core.text import read_settings

DEFAULT_SIMILARITY = 0.8
"""Minimum similarity of a match, 0 to 1, if a rule has none. Chosen by hand; a lower value finds more
misrecognized phrases and more false matches."""


def _phrases(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Phrases, each with at least one letter or digit."""
    for text in texts:
        if not any(c.isalnum() for c in text):
            raise ValueError(f"a phrase needs a letter or digit, not {text!r}")
    return texts


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError(f"must be above 0, not {value:g}")
    return value


def _similarity(value: float) -> float:
    return Range(0, 1)(_positive(value))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; exactly one of ``says`` and ``never`` has phrases.

    ``within``: seconds from the start of the call, or from the end of each ``after`` phrase.
    """

    name: str
    says: tuple[str, ...] = setting((), _phrases)
    never: tuple[str, ...] = setting((), _phrases)
    speaker: str | None = None
    within: float | None = setting(None, _positive)
    after: tuple[str, ...] = setting((), _phrases)
    similarity: float = setting(DEFAULT_SIMILARITY, _similarity)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a rule needs a name")
        if bool(self.says) == bool(self.never):
            raise ValueError("a rule has either 'says' or 'never', with phrases")
        if self.after and self.within is None:
            raise ValueError("'after' needs 'within'")


@dataclass(frozen=True, slots=True)
class _RuleFile:
    """The content of a file of rules."""

    rules: tuple[Rule, ...] = ()
    roles: tuple[RoleSpec, ...] = ()


def read_file(path: Path | None) -> str:
    """The text of a rules file, checked; "" without a file. Raises `SettingsError`."""
    if path is None:
        return ""
    text = read_settings(path)
    read(text, str(path))
    return text


def read(text: str, where: str = "rules") -> tuple[Rule, ...]:
    """The rules of a YAML text; raises `SettingsError` for unknown keys, repeated names and contradictions."""
    file = _read(text, where)
    rules = file.rules
    names = [rule.name for rule in rules]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise SettingsError(f"two rules have the name {repeated!r}", where=where)
    return rules


def read_roles(text: str, where: str = "rules") -> tuple[RoleSpec, ...]:
    """The roles of a YAML text; raises `SettingsError` as `read`."""
    return _read(text, where).roles


def _read(text: str, where: str) -> _RuleFile:
    try:
        file = from_plain(_RuleFile, load_plain(text, where))
    except DataError as error:
        raise SettingsError(error.line(quote=True), where=where, hint=error.hint) from error
    require_consistent(file.roles, where)
    return file
