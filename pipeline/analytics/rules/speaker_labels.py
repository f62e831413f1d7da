"""Whom a rule is about: the label of a speaker by label, role or a person's name."""

from __future__ import annotations

from pipeline.analytics.roles.labels import label_of
from pipeline.analytics.rules.types import Speaker
from pipeline.core.types import Transcript


def find_label(transcript: Transcript, speaker: Speaker | None) -> str | None:
    """The label of a speaker in a transcript, as `label_of` finds it.

    None for any speaker, and where no speaker, or more than one, has the name or role.
    """
    return None if speaker is None else label_of(transcript, speaker.name, is_role=speaker.is_role)


def absence(transcript: Transcript, speaker: Speaker) -> str:
    """Why a speaker has no label."""
    kind = "has the role" if speaker.is_role else "is or has the role"
    entries = [each for each in transcript.roles if each.role == speaker.name]
    if len(entries) > 1:
        return f"more than one speaker has the role {speaker.name}"
    unknown = [each for each in transcript.roles if each.role is None]
    known = f"; roles are unknown: {unknown[0].reason}" if unknown else ""
    return f"no speaker of the call {kind} {speaker.name}{known}"
