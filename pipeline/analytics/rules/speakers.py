"""Whom a rule is about: the label of a speaker by label, role or a person's name."""

from __future__ import annotations

from pipeline.analytics.rules.types import Speaker
from pipeline.core.types import Transcript


def label_of(transcript: Transcript, speaker: Speaker) -> str | None:
    """The label of a speaker in a transcript; None where no speaker, or more than one, has the name or role.

    A role is looked up in the role ledger, then among the labels (stereo calls with ``--roles``). Any other name is a
    label, a role, or the label that a person had before they were named.
    """
    roles = [each.speaker for each in transcript.roles if each.role == speaker.name]
    present = set(transcript.speakers)
    if not speaker.is_role and speaker.name in present:
        return speaker.name
    if roles:
        return roles[0] if len(roles) == 1 and roles[0] in present else None
    if speaker.name in present and not transcript.roles:
        return speaker.name
    before = [each.label for each in transcript.identities if each.speaker == speaker.name]
    return before[0] if before and before[0] in present else None


def optional_label(transcript: Transcript, speaker: Speaker | None) -> str | None:
    """The label of a speaker that is in the call; None for any speaker."""
    return None if speaker is None else label_of(transcript, speaker)


def role_of(transcript: Transcript, label: str) -> str | None:
    """The role of a speaker by the role ledger; None where it is unknown."""
    return next((each.role for each in transcript.roles if each.speaker == label), None)


def absence(transcript: Transcript, speaker: Speaker) -> str:
    """Why a speaker has no label."""
    kind = "has the role" if speaker.is_role else "is or has the role"
    entries = [each for each in transcript.roles if each.role == speaker.name]
    if len(entries) > 1:
        return f"more than one speaker has the role {speaker.name}"
    unknown = [each for each in transcript.roles if each.role is None]
    known = f"; roles are unknown: {unknown[0].reason}" if unknown else ""
    return f"no speaker of the call {kind} {speaker.name}{known}"
