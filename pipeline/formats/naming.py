"""Names in a transcript: speakers renamed everywhere, with the identity ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.core.identity import Identity
from pipeline.core.timeline import covered, intersection, speech_of
from pipeline.core.types import Notice, Transcript
from pipeline.formats.editing import GIVEN, with_names

ELSEWHERE = "the name was given by hand to another speaker"
"""Reason of a speaker who had the name by a voice print."""


def chosen_names(identities: Sequence[Identity]) -> dict[str, str]:
    """The names by the speakers' labels; a name that is another speaker's label is not given."""
    labels = {identity.speaker for identity in identities}
    named = {identity.speaker: identity.name for identity in identities if identity.name is not None}
    return {label: name for label, name in named.items() if name == label or name not in labels}


def with_identities(
    transcript: Transcript, identities: Sequence[Identity], notices: Sequence[Notice] = ()
) -> Transcript:
    """The transcript with the names of the identities, which become its ledger."""
    names = chosen_names(identities)
    ledger = tuple(
        identity if identity.name is None or identity.speaker in names else _undecided(identity)
        for identity in identities
    )
    return replace(with_names(transcript, names), identities=ledger, notices=(*transcript.notices, *notices))


def _undecided(identity: Identity) -> Identity:
    reason = f"another speaker is labelled {identity.name} already"
    return replace(identity, name=None, decision="unknown", reason=reason)


def with_given_names(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """The transcript with names that a person gave, by the present names; the ledger says so."""
    labels = {identity.label for identity in transcript.identities}
    new = [Identity(old, old, "given", GIVEN) for old in names if old not in labels]
    return with_names(replace(transcript, identities=(*transcript.identities, *new)), names)


def with_earlier_names(transcript: Transcript, earlier: Transcript) -> Transcript:
    """The transcript with the names that a person gave in an earlier one of the same recording.

    A speaker gets a name if most of their speech was that person's; several may be one person. A speaker who has the
    name by a voice print loses it.
    """
    given = given_names(earlier)
    if not given or not is_same_recording(transcript, earlier):
        return transcript
    new, old = (speech_of(each.turns) for each in (transcript, earlier))
    names: dict[str, str] = {}
    for label, spans in new.items():
        for name in sorted(given & old.keys()):
            if 2 * covered(intersection(spans, old[name])) > covered(spans):
                names[label] = name
    taken = tuple(each for each in transcript.identities if each.name in names.values() and each.label not in names)
    free = with_names(transcript, {each.label: each.speaker for each in taken})
    ledger = [replace(each, name=None, decision="unknown", reason=ELSEWHERE) if each in taken else each
              for each in transcript.identities]  # fmt: skip
    return with_given_names(replace(free, identities=tuple(ledger)), names)


def given_names(transcript: Transcript) -> set[str]:
    """The names that a person gave."""
    return {each.name for each in transcript.identities if each.decision == "given" and each.name is not None}


def is_same_recording(one: Transcript, other: Transcript) -> bool:
    """Whether both transcripts are of a recording with the same content."""
    return bool(one.provenance and other.provenance and one.provenance.sha256 == other.provenance.sha256)
