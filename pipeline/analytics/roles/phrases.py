"""Matches of a role's phrases at the beginning of a call."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.analytics.roles.spec import RoleSpec
from pipeline.analytics.rules.matching import find
from pipeline.analytics.rules.types import Evidence
from pipeline.core.role import RoleEvidence
from pipeline.core.text import letters
from pipeline.core.types import Transcript

QUOTING = frozenset(
    {"said", "says", "say", "saying", "ask", "asked", "asks", "asking", "told", "tells", "wrote", "writes"}
)
"""English words after which a phrase is another person's. Collected by hand; more of them leave more agents unknown,
and take fewer customers who quote one for the agent."""
QUOTED_AFTER = 2
"""Words before a phrase that `QUOTING` is looked for in. Chosen by hand: "you said that how can I help"."""
SIMILARITY = 0.7
"""Least similarity of a match, 0 to 1. Chosen on constructed calls that the benchmark does not report: 0.8, as for
rules, leaves more agents unknown and takes no fewer customers for agents."""


@dataclass(frozen=True, slots=True)
class Match:
    """A passage that matches a phrase, and who says it."""

    speaker: str
    evidence: RoleEvidence


def matches(transcript: Transcript, spec: RoleSpec) -> tuple[Match, ...]:
    """The matches of a role's phrases that begin in time, in order; those of ``unless`` do not count."""
    if not transcript.utterances or not spec.says:
        return ()
    latest = transcript.utterances[0].start + spec.within
    beginning = replace(transcript, utterances=tuple(u for u in transcript.utterances if u.start <= latest))
    excluded = find(beginning, spec.unless, SIMILARITY)
    return tuple(
        Match(each.speaker, _evidence(each))
        for each in find(beginning, spec.says, SIMILARITY)
        if each.start <= latest
        and not any(_takes(other, each) for other in excluded)
        and not _is_quoted(beginning, each)
    )


def _is_quoted(transcript: Transcript, found: Evidence) -> bool:
    """Whether the speaker reports what another one said: a word of `QUOTING` stands just before."""
    words = [word for u in transcript.utterances if u.speaker == found.speaker for word in u.words]
    before = [letters(word.text) for word in words if word.start < found.start][-QUOTED_AFTER:]
    return not QUOTING.isdisjoint(before)


def _takes(other: Evidence, each: Evidence) -> bool:
    """Whether the same words are the phrase ``other`` at least as much: "calling Acme" is not "calling me"."""
    return other.meets(each) and (other.similarity or 0.0) >= (each.similarity or 0.0)


def _evidence(found: Evidence) -> RoleEvidence:
    confidence = None if found.confidence is None else round(found.confidence, 3)
    return RoleEvidence(found.start, found.end, found.text, found.phrase, confidence)
