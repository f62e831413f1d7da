"""Conditions of roles, as ``roles:`` of a rules file has them.

roles:
  - role: agent
    people: [Ana, Ben]                     # names by voice prints (--names, --known) or given by hand
    says: [thank you for calling, how can I help you]
    within: 20                             # seconds from the first word of the call
    speaks_first: true
  - role: customer                         # without conditions: the other speaker of two
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.core.errors import SettingsError
from pipeline.core.identity import is_label
from pipeline.core.serialization import setting
from pipeline.core.text import fold, letters

DEFAULT_WITHIN = 20.0
"""Seconds from the first word of a call in which the phrases of a role count. Chosen by hand: a greeting with an
announcement takes up to 15 s; a larger value finds more greetings, and more phrases that customers repeat."""
_RESERVED = frozenset("=:,;")
"""Characters that have a meaning in ``--roles``."""


def check_role(name: str) -> str:
    """A name of a role; ``ValueError`` for one that cannot be a label."""
    if not name.strip() or name != name.strip() or not name.isprintable() or _RESERVED & {*name}:
        raise ValueError(f"the name of a role is a text without '=', ':', ',' and ';', not {name!r}")
    if is_label(name):
        raise ValueError(f"{name!r} looks like the label of a speaker without a role")
    return name


def _texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Phrases or names, each with at least one letter or digit."""
    for text in texts:
        if not letters(text):
            raise ValueError(f"needs a letter or digit, not {text!r}")
    return texts


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError(f"must be above 0, not {value:g}")
    return value


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """A role and the conditions by which its speaker is recognized; without conditions, the other speaker of two."""

    role: str
    """Name of the role: the speaker's label where they have no name."""
    people: tuple[str, ...] = setting((), _texts)
    """Names of the people who have the role."""
    says: tuple[str, ...] = setting((), _texts)
    """Phrases of which the role's speaker says at least one, and no other speaker any."""
    within: float = setting(DEFAULT_WITHIN, _positive)
    """Seconds from the first word of the call in which ``says`` counts."""
    speaks_first: bool = False
    """Whether the role's speaker is the first to speak."""
    unless: tuple[str, ...] = setting((), _texts)
    """Phrases that hold a phrase of ``says`` and do not count: `thank you for calling back`."""

    def __post_init__(self) -> None:
        check_role(self.role)
        if self.unless and not self.says:
            raise ValueError("'unless' needs 'says'")

    @property
    def has_conditions(self) -> bool:
        """Whether a speaker can have the role by evidence that does not depend on the other speaker."""
        return bool(self.people or self.says or self.speaks_first)


def require_consistent(specs: Sequence[RoleSpec], where: str) -> None:
    """Raise `SettingsError` for roles that contradict each other, with what and where."""
    for what, items in (
        ("roles has the role {} twice", [spec.role for spec in specs]),
        ("{} is a person of two roles", [name for spec in specs for name in dict.fromkeys(map(fold, spec.people))]),
        ("the phrase {} is of two roles", [text for spec in specs for text in {_words(each): 0 for each in spec.says}]),
    ):
        repeated = next((item for item, count in Counter(items).items() if count > 1), None)
        if repeated is not None:
            raise SettingsError(what.format(repr(_as_written(repeated, specs))), where=where, hint="leave one of them")
    first = [spec.role for spec in specs if spec.speaks_first]
    if len(first) > 1:
        raise SettingsError(f"{' and '.join(first)} cannot both speak first", where=where, hint="give it to one role")
    others = [spec.role for spec in specs if not spec.has_conditions]
    if len(others) > 1:
        hint = "give all roles but one people, says or speaks_first"
        raise SettingsError(f"{' and '.join(others)} cannot both be the other speaker", where=where, hint=hint)


def _words(phrase: str) -> str:
    """A phrase as phrases are compared."""
    return " ".join(text for text in map(letters, phrase.split()) if text)


def _as_written(item: str, specs: Sequence[RoleSpec]) -> str:
    """A repeated role, person or phrase as the file has it."""
    written = [text for spec in specs for text in (spec.role, *spec.people, *spec.says)]
    return next(text for text in written if item in (text, fold(text), _words(text)))
