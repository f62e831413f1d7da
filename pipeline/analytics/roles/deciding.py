"""Which speaker has which role: by their channel or name, by phrases, by who speaks first, as the other of two.

Reasons hold no names of people but labels: redaction knows labels, not the names of a manifest.

Evidence is used in that order. Where it contradicts itself (two speakers for a role, two roles for a speaker), weaker
evidence does not decide: the role stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.analytics.roles.defaults import LANGUAGE
from pipeline.analytics.roles.phrases import Match, matches
from pipeline.analytics.roles.request import RoleRequest, channel_roles
from pipeline.analytics.roles.spec import RoleSpec
from pipeline.analytics.rules.types import confidence_of
from pipeline.core.identity import Identity
from pipeline.core.role import RoleBasis, RoleDecision, RoleEvidence
from pipeline.core.text import counted, fold
from pipeline.core.timeline import BOUNDARY
from pipeline.core.types import Transcript, Word

MIN_MARGIN = 0.32
"""Least mean margin of the words of two speakers (`Word.margin`) at which what they say decides. Chosen on constructed
calls with synthetic voices: below it are the calls whose speakers diarization mixed up, and few others. A higher value
leaves more roles unknown, a lower one takes more customers for agents."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Evidence that a speaker has a role."""

    role: str
    speaker: str
    basis: RoleBasis
    reason: str
    evidence: tuple[RoleEvidence, ...] = ()

    @property
    def decision(self) -> RoleDecision:
        return RoleDecision(self.speaker, self.role, self.basis, self.reason, self.evidence)


@dataclass(slots=True)
class Call:
    """A call whose roles are being decided. ``open`` holds the reason of each role whose evidence contradicts itself,
    ``doubts`` those claims by speaker."""

    transcript: Transcript
    request: RoleRequest
    identities: dict[str, Identity]
    speakers: tuple[str, ...]
    decided: dict[str, Claim] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, tuple[RoleEvidence, ...]] = field(default_factory=dict)

    @property
    def roles(self) -> set[str]:
        """The roles that a speaker has."""
        return {claim.role for claim in self.decided.values()}

    @property
    def is_mixed_up(self) -> bool:
        """Whether words of either of two speakers may be the other's all over the call."""
        margins = [word.margin for word in self.transcript.words if word.margin is not None]
        return len(self.speakers) == 2 and bool(margins) and sum(margins) / len(margins) < MIN_MARGIN


def decide(transcript: Transcript, request: RoleRequest) -> tuple[tuple[RoleDecision, ...], dict[str, str]]:
    """A decision for each speaker, and why each role that was asked for is unknown, by role."""
    words = dict.fromkeys(utterance.speaker for utterance in transcript.utterances)
    identities = {each.label: each for each in transcript.identities}
    call = Call(transcript, request, identities, tuple(words))
    for claims in _BASES:
        _accept(call, list(claims(call)))
    unknown = {spec.role: _why(call, spec) for spec in request.specs if spec.role not in call.roles}
    return tuple(_decision(call, speaker, unknown) for speaker in transcript.speakers), unknown


def _accept(call: Call, claims: Sequence[Claim]) -> None:
    """Decide for the claims on open roles and speakers; those that contradict each other leave their roles unknown."""
    shared = {claim.role for claim in claims if claim.basis == "channel"}
    usable = [c for c in claims if c.speaker not in call.decided and c.role not in call.open
              and (c.role not in call.roles or c.role in shared)]  # fmt: skip
    clashes: dict[str, str] = {}
    for claim in usable:
        speakers = sorted({other.speaker for other in usable if other.role == claim.role})
        roles = sorted({other.role for other in usable if other.speaker == claim.speaker})
        if len(speakers) > 1 and claim.role not in shared:
            clashes[claim.role] = f"{' and '.join(speakers)} both count as {claim.role}"
        elif len(roles) > 1:
            clashes[claim.role] = f"{claim.speaker} counts as {' and '.join(roles)}"
    for claim in usable:
        if claim.role in clashes:
            call.doubts[claim.speaker] = (*call.doubts.get(claim.speaker, ()), *claim.evidence)
        else:
            call.decided.setdefault(claim.speaker, claim)
    call.open |= clashes


def _by_channel(call: Call) -> Iterator[Claim]:
    """Speakers whose channel has the role, by the settings that made the transcript."""
    roles = channel_roles(call.transcript)
    for speaker in call.transcript.speakers:
        label = call.identities[speaker].speaker if speaker in call.identities else speaker
        for role in roles:
            one = role.speakers == 1 and role.name == label
            shared = role.speakers != 1 and re.fullmatch(rf"{re.escape(role.name)}_\d+", label, re.ASCII)
            if one or shared:
                yield Claim(role.name, speaker, "channel", f"channel {role.channel + 1} is the {role.name}'s")


def _by_earlier(call: Call) -> Iterator[Claim]:
    """Roles by the manifest, which is not there when a transcript is analyzed again."""
    for each in call.transcript.roles:
        if each.role is not None and each.decision in ("channel", "manifest") and each.speaker in call.speakers:
            yield Claim(each.role, each.speaker, each.decision, each.reason, each.evidence)


def _by_label(call: Call) -> Iterator[Claim]:
    """Speakers whom a person called by the role's name."""
    for role in call.request.roles:
        if role in call.transcript.speakers:
            yield Claim(role, role, "given", f"the speaker is called {role}")


def _by_column(call: Call) -> Iterator[Claim]:
    for role, person in call.request.people.items():
        for speaker, name in _names(call):
            if fold(name) == fold(person):
                yield Claim(role, speaker, "manifest", f"has the name in the manifest's column {role}")


def _by_people(call: Call) -> Iterator[Claim]:
    """Speakers with the name of a person of the role."""
    for spec in call.request.specs:
        people = {fold(person) for person in spec.people}
        for speaker, name in _names(call):
            if fold(name) in people:
                yield _person(call, spec.role, speaker, f"is one of the people of {spec.role}")


def _person(call: Call, role: str, speaker: str, reason: str) -> Claim:
    identity = call.identities.get(speaker)
    if identity is not None and identity.decision == "named":
        return Claim(role, speaker, "voice", f"{reason}, named by voice print: {identity.reason}")
    return Claim(role, speaker, "given", f"{reason}, a name that was given")


def _by_enrolled(call: Call) -> Iterator[Claim]:
    """The only speaker with a voice print, where only ``--roles`` says what an agent is; phrases may contradict it."""
    enrolled = [s for s in call.speakers if s in call.identities and call.identities[s].decision == "named"]
    for spec in call.request.specs:
        if spec.role in call.request.by_default and spec.says and len(enrolled) == 1:
            yield _person(call, spec.role, enrolled[0], "is the only speaker with a name")
            for claim in _by_phrase(call):
                if claim.role == spec.role and claim.speaker != enrolled[0]:
                    yield claim


def _by_phrase(call: Call) -> Iterator[Claim]:
    """Speakers who say a phrase of the role in time, and no announcements."""
    if len(call.speakers) < 2 or call.is_mixed_up:
        return
    for spec in call.request.specs:
        if spec.role in call.request.by_default and call.transcript.language not in (None, LANGUAGE):
            continue
        said: dict[str, list[Match]] = {}
        for match in matches(call.transcript, spec):
            said.setdefault(match.speaker, []).append(match)
        for speaker, found in said.items():
            if len(call.speakers) == 2 or _answers(call, speaker):
                evidence = tuple(match.evidence for match in found)
                phrases = ", ".join(dict.fromkeys(f"“{each.phrase}”" for each in evidence))
                reason = f"says {phrases} in the first {spec.within:g} s"
                yield Claim(spec.role, speaker, "phrase", reason, evidence)


def _answers(call: Call, speaker: str) -> bool:
    """Whether the speaker speaks after another one began, which a recorded announcement before the call does not."""
    others = min(u.start for u in call.transcript.utterances if u.speaker != speaker)
    return any(u.start > others for u in call.transcript.utterances if u.speaker == speaker)


def _by_first_column(call: Call) -> Iterator[Claim]:
    if call.request.first is not None:
        yield from _first(call, call.request.first, "manifest", "the manifest says so")


def _by_first(call: Call) -> Iterator[Claim]:
    for spec in call.request.specs:
        if spec.speaks_first:
            yield from _first(call, spec.role, "first", "as the role's conditions say")


def _first(call: Call, role: str, basis: RoleBasis, why: str) -> Iterator[Claim]:
    """The first speaker of two or more, if no other begins within `BOUNDARY` seconds."""
    if len(call.speakers) < 2 or call.is_mixed_up:
        return
    first = call.transcript.utterances[0]
    second = next(u for u in call.transcript.utterances if u.speaker != first.speaker)
    if second.start - first.start > BOUNDARY:
        evidence = RoleEvidence(first.start, first.end, first.text, confidence=_confidence(first.words))
        yield Claim(role, first.speaker, basis, f"speaks first, {why}", (evidence,))


def _by_exclusion(call: Call) -> Iterator[Claim]:
    """The other speaker of two, for the one role without conditions, or of two that only ``--roles`` names."""
    rest = [speaker for speaker in call.speakers if speaker not in call.decided]
    possible = {*_without_conditions(call), *call.request.by_default}
    others = [role for role in call.request.roles if role in possible - call.roles]
    if len(call.speakers) == 2 and len(rest) == 1 and len(others) == 1 and not call.open:
        (known,) = call.decided.values()
        yield Claim(others[0], rest[0], "other", f"is the other speaker of two, beside the {known.role}")


_BASES: tuple[Callable[[Call], Iterator[Claim]], ...] = (
    _by_channel, _by_earlier, _by_label, _by_column, _by_people, _by_enrolled, _by_phrase, _by_first_column, _by_first,
    _by_exclusion,
)  # fmt: skip
"""Evidence in the order in which it decides. A different order lets phrases outweigh names, or who speaks first
outweigh both."""


def _names(call: Call) -> Iterator[tuple[str, str]]:
    """Speakers with words, each with their name; one who was not named may have it as label."""
    for speaker in call.speakers:
        identity = call.identities.get(speaker)
        if identity is None or identity.name is not None:
            yield speaker, speaker if identity is None or identity.name is None else identity.name


def _without_conditions(call: Call) -> list[str]:
    """The roles that only the other speaker of two can have."""
    return [spec.role for spec in call.request.specs if not spec.has_conditions]


def _confidence(words: Sequence[Word]) -> float | None:
    confidence = confidence_of(words)
    return None if confidence is None else round(confidence, 3)


def _why(call: Call, spec: RoleSpec) -> str:
    """Why no speaker has the role."""
    if spec.role in call.open:
        return call.open[spec.role]
    if len(call.speakers) < 2:
        return "the call has one speaker" if call.speakers else "the call has no words"
    if spec.has_conditions or spec.role in call.request.people:
        return _what_is_missing(call, spec)
    if len(call.speakers) > 2:
        return f"the call has {counted(len(call.speakers), 'speaker')}, so that there is no other one of two"
    if len(_without_conditions(call)) > 1:
        return f"nothing says how {' and '.join(_without_conditions(call))} are recognized"
    return "the other speaker's role is not known"


def _what_is_missing(call: Call, spec: RoleSpec) -> str:
    """The conditions of a role that no speaker fulfils."""
    if call.is_mixed_up:
        return f"the two voices are hardly distinguished (mean margin below {MIN_MARGIN:g})"
    parts = []
    if spec.role in call.request.people:
        parts.append(f"no speaker has the name in the manifest's column {spec.role}")
    if spec.people:
        parts.append("no speaker is named as one of its people")
    if spec.says and spec.role in call.request.by_default and call.transcript.language not in (None, LANGUAGE):
        parts.append(f"the shipped phrases are English, and the call is in {call.transcript.language}")
    elif spec.says:
        parts.append(f"no speaker says a phrase of it in the first {spec.within:g} s")
    if spec.speaks_first or spec.role == call.request.first:
        parts.append("who speaks first is open")
    return "; ".join(parts)


def _decision(call: Call, speaker: str, unknown: dict[str, str]) -> RoleDecision:
    """The decision on a speaker."""
    if speaker in call.decided:
        return call.decided[speaker].decision
    evidence = call.doubts.get(speaker, ())
    if speaker not in call.speakers:
        reason = "has no words"
    elif evidence:
        reason = next(why for role, why in call.open.items() if speaker in why)
    else:
        reason = "; ".join(f"{role}: {why}" for role, why in unknown.items()) or "no role is left"
    return RoleDecision(speaker, None, "unknown", reason, tuple(sorted(evidence, key=lambda each: each.start)))
