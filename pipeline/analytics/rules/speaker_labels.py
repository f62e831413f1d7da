"""Whom a rule is about: the label of a speaker by label, role or a person's name."""

from __future__ import annotations

from pipeline.analytics.roles import labels
from pipeline.analytics.rules.types import Speaker
from pipeline.core.types import Transcript


def label_of(transcript: Transcript, speaker: Speaker) -> str | None:
    """The label of a speaker in a transcript; None where no speaker, or more than one, has the name or role.

    A role is looked up in the role ledger, and among the labels where a transcript has no ledger. Any other name is a
    label, a role, or the label that a person had before they were named.
    """
    if not speaker.is_role or not transcript.roles:
        return labels.label_of(transcript, speaker.name)
    found = labels.labels_of(transcript, speaker.name)
    return found[0] if len(found) == 1 else None


def optional_label(transcript: Transcript, speaker: Speaker | None) -> str | None:
    """The label of a speaker that is in the call; None for any speaker."""
    return None if speaker is None else label_of(transcript, speaker)


def absence(transcript: Transcript, speaker: Speaker) -> str:
    """Why a speaker has no label."""
    kind = "has the role" if speaker.is_role else "is or has the role"
    entries = [each for each in transcript.roles if each.role == speaker.name]
    if len(entries) > 1:
        return f"more than one speaker has the role {speaker.name}"
    unknown = [each for each in transcript.roles if each.role is None]
    known = f"; roles are unknown: {unknown[0].reason}" if unknown else ""
    return f"no speaker of the call {kind} {speaker.name}{known}"
