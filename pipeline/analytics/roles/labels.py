"""The speaker of a role."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.core.types import Transcript


def labels_of(transcript: Transcript, role: str) -> tuple[str, ...]:
    """The present labels of the speakers who have the role: several where they share a channel."""
    speakers = set(transcript.speakers)
    return tuple(each.speaker for each in transcript.roles if each.role == role and each.speaker in speakers)


def label_of(transcript: Transcript, role_or_label: str, *, is_role: bool = False) -> str | None:
    """The present label of a speaker by label, by role, or by the label before they were named; None without one.

    A role that several speakers have is of no single one. With ``is_role``, only the role ledger counts where there is
    one.
    """
    is_role = is_role and bool(transcript.roles)
    if not is_role and role_or_label in transcript.speakers:
        return role_or_label
    labels = labels_of(transcript, role_or_label)
    if labels or is_role:
        return labels[0] if len(labels) == 1 else None
    named = (each.label for each in transcript.identities if each.speaker == role_or_label)
    return next((label for label in named if label in transcript.speakers), None)


def roles_of(transcript: Transcript) -> Mapping[str, str | None]:
    """The role of each speaker in the role ledger, by present label; None where it is unknown."""
    return {each.speaker: each.role for each in transcript.roles}
