"""Labels of speakers where names are redacted: a person's name becomes the label of an unnamed speaker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from pipeline.analytics.roles.request import channel_roles
from pipeline.core.identity import Identity, free_label, is_label
from pipeline.core.types import Transcript
from pipeline.formats.editing import with_names
from pipeline.redaction.terms import marker

ROLES: Final = frozenset({"agent", "customer", "caller", "client", "speaker"})
"""Labels that are roles and no names, beside the roles in a transcript's settings and ledger."""
REASON: Final = "names are redacted"
"""Reason of an identity without its name."""


def with_labels(transcript: Transcript, original: Transcript) -> Transcript:
    """The transcript without names of speakers: in labels, in the identity ledger, and in corrections."""
    new = new_labels(original)
    result = with_names(transcript, new)
    identities = tuple(_unnamed(identity, new) for identity in original.identities)
    corrections = tuple(
        replace(each, after=marker("name"), id="") if each.operation == "name" else each for each in result.corrections
    )
    return replace(result, identities=identities, corrections=corrections)


def new_labels(transcript: Transcript) -> dict[str, str]:
    """For each label that may be a person's name, the speaker's role, or the label of an unnamed speaker."""
    labels = tuple(dict.fromkeys(_labels(transcript)))
    earlier = {each.label: each.speaker for each in transcript.identities if is_label(each.speaker)}
    earlier |= {each.speaker: each.role for each in transcript.roles if each.role is not None}
    kept = {label for label in labels if is_label(label) or label.casefold() in _roles(transcript)}
    new: dict[str, str] = {}
    for label in labels:
        if label not in kept:
            taken = {*kept, *new.values()}
            wanted = earlier.get(label)
            new[label] = wanted if wanted and wanted not in taken else free_label(taken)
    return new


def names_of(transcript: Transcript) -> tuple[str, ...]:
    """The names of people that a transcript knows: labels that are names, and the candidates of its ledger."""
    candidates = [each.name for identity in transcript.identities for each in identity.candidates]
    named = [each.name for each in transcript.identities if each.name is not None]
    return tuple(dict.fromkeys((*new_labels(transcript), *named, *candidates)))


def _labels(transcript: Transcript) -> Iterator[str]:
    """Every label of the transcript and its ledgers."""
    yield from transcript.speakers
    for region in transcript.overlaps:
        yield from region.speakers
        yield from (line.speaker for line in region.leaked)
    yield from (line.speaker for line in transcript.removed)
    for each in transcript.corrections:
        yield from (each.speaker, *([each.after] if each.operation == "assign" else []))
    yield from (each.speaker for each in transcript.roles)
    yield from (each.label for each in transcript.identities)


def _roles(transcript: Transcript) -> frozenset[str]:
    """The labels, folded, that are roles: known ones, those of the settings, those of the ledger."""
    given = [role.name for role in channel_roles(transcript)]
    ledger = [each.role for each in transcript.roles]
    return ROLES | {name.casefold() for name in (*given, *ledger) if name}


def _unnamed(identity: Identity, new: Mapping[str, str]) -> Identity:
    speaker = new.get(identity.label, identity.speaker)
    speaker = new.get(speaker, speaker)
    decision = "unknown" if identity.name is not None else identity.decision
    return replace(identity, speaker=speaker, name=None, decision=decision, reason=REASON, candidates=())
