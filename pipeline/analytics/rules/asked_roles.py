"""The roles that rules ask for, and what to say where nothing gives them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pipeline.analytics.roles.defaults import AGENT_ROLES
from pipeline.analytics.rules.types import Combined, Condition, Measured, Phrases, Rule, Speaker

USUAL_ROLES = AGENT_ROLES | {"customer"}
"""Names that count as roles where a rule has them as ``speaker``, which may be a label or a person's name as well.
Chosen by hand; more names warn of more rules that do not apply."""


def line_without(rules: Sequence[Rule], given: Collection[str]) -> str:
    """A line about roles that rules ask for and that are not among the ``given`` ones; "" without any."""
    speakers = (speaker for rule in rules for speaker in _speakers(rule.condition))
    names = (each.name for each in speakers if each.is_role or each.name in USUAL_ROLES)
    missing = sorted({name for name in names if name not in given})
    if not missing:
        return ""
    what = "the role" if len(missing) == 1 else "the roles"
    return f"rules ask for {what} {', '.join(missing)}, which nothing gives: add roles: to the rules file, or --roles"


def _speakers(condition: Condition) -> Iterator[Speaker]:
    if isinstance(condition, Combined):
        for part in condition.conditions:
            yield from _speakers(part)
    if isinstance(condition, Phrases):
        yield from filter(None, (condition.speaker, condition.trigger.speaker if condition.trigger else None))
    if isinstance(condition, Measured):
        yield from filter(None, (condition.speaker, condition.is_))
