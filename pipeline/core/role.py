"""The role ledger: which role each speaker of a call has, with the evidence for it. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

RoleBasis = Literal["channel", "manifest", "voice", "given", "phrase", "first", "other", "unknown"]
"""What a role rests on. ``channel``: the speaker's channel; ``manifest``: a column of the manifest, which names the
person or who speaks first; ``voice``: the speaker is a person of the role by voice prints; ``given``: by a name that a
person gave; ``phrase``: they say a phrase of the role; ``first``: they speak first; ``other``: they are the other
speaker of two; ``unknown``: not enough evidence."""
AGENT = "agent"
"""The role whose first response is measured, and that of the people whom a report compares by default."""
ROLES_UNUSED = ", and roles were not used"
"""End of the notice `channels_mixed`, which the assignment of roles by other evidence replaces."""
MERGED = "speakers of different roles were given one name"
"""Reason of a speaker without a role after speakers were merged."""


@dataclass(frozen=True, slots=True)
class RoleEvidence:
    """A passage of the transcript that speaks for a role."""

    start: float
    """Seconds from the start of the recording."""
    end: float
    """Seconds from the start of the recording."""
    text: str
    """The speaker's words there."""
    phrase: str = ""
    """The phrase that they match; empty where the speaker speaks first."""
    confidence: float | None = None
    """Mean probability of these words, 0 to 1, by the recognizer; null where it gives none."""


@dataclass(frozen=True, slots=True)
class RoleDecision:
    """An entry of the role ledger: the decision on one speaker, its evidence and reason."""

    speaker: str
    """Present label of the speaker."""
    role: str | None
    """The speaker's role, such as `agent`; null where it is unknown."""
    decision: RoleBasis
    """What the decision rests on; `unknown` without a role."""
    reason: str
    """Why, in a sentence."""
    evidence: tuple[RoleEvidence, ...] = ()
    """The passages that decided, in order of time."""


def with_labels(decisions: Sequence[RoleDecision], labels: Mapping[str, str]) -> tuple[RoleDecision, ...]:
    """The ledger with other labels; of speakers who get one label, one entry remains."""
    found: dict[str, RoleDecision] = {}
    for each in decisions:
        one = replace(each, speaker=labels.get(each.speaker, each.speaker))
        found[one.speaker] = _merged(found[one.speaker], one) if one.speaker in found else one
    return tuple(found.values())


def _merged(one: RoleDecision, other: RoleDecision) -> RoleDecision:
    """The decision on a speaker who was two: the role of either, unless both have one and they differ."""
    if one.role is None or other.role is None or one.role == other.role:
        return other if one.role is None else one
    evidence = tuple(sorted((*one.evidence, *other.evidence), key=lambda each: (each.start, each.end)))
    return RoleDecision(one.speaker, None, "unknown", MERGED, evidence)
