"""A transcript with its role ledger: labels, notices, and what they were before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.analytics.roles.deciding import decide
from pipeline.analytics.roles.request import RoleRequest, request_of, roles_in_settings
from pipeline.analytics.roles.spec import RoleSpec
from pipeline.core.identity import free_label, is_label
from pipeline.core.role import ROLES_UNUSED, RoleDecision
from pipeline.core.types import Notice, Transcript
from pipeline.formats.editing import with_labels

UNKNOWN = "roles_unknown"
"""Code of the notice about roles that no speaker has (see `pipeline.core.notices`)."""
MIXED = "channels_mixed"
"""Code of the notice that says that roles are not those of channels."""
ADVICE = "name speakers with transcribe rename, or give conditions in roles: of a rules file"
"""What to do where roles are unknown."""


def with_roles(transcript: Transcript, request: RoleRequest) -> Transcript:
    """The transcript with a decision on each speaker's role; unchanged where no roles are asked for.

    A label of diarization is replaced by the role; a speaker who has a name keeps it.
    """
    if not request.specs and not roles_in_settings(transcript):
        return transcript
    before = _without_roles(transcript)
    decisions, unknown = decide(before, request)
    if not request.specs and not any(each.role for each in decisions):
        return transcript
    notices = (*_notices(before.notices, decisions), *_unknown(unknown))
    return with_labels(replace(before, roles=decisions, notices=notices), _labels(before, decisions))


def with_roles_again(transcript: Transcript, specs: Sequence[RoleSpec], roles: str | None) -> Transcript:
    """The roles of a transcript that was written: its own, or by ``specs`` of a rules file and the text of ``--roles``.

    Without either, those that its settings name are looked for where it has no role ledger. Raises `SettingsError`.
    """
    if not specs and roles is None and transcript.roles:
        return transcript
    request = request_of(specs, roles_in_settings(transcript) if roles is None else roles, {})
    return with_roles(transcript, request)


def _labels(transcript: Transcript, decisions: Sequence[RoleDecision]) -> dict[str, str]:
    """The role as label, for speakers whose label is that of diarization."""
    return {
        each.speaker: each.role
        for each in decisions
        if each.role is not None and is_label(each.speaker) and each.role not in transcript.speakers
    }


def _without_roles(transcript: Transcript) -> Transcript:
    """The transcript as it was before roles were assigned, where they are not those of channels or names."""
    named = {identity.name for identity in transcript.identities}
    assigned = {each.speaker for each in transcript.roles
                if each.speaker == each.role and each.decision not in ("channel", "given")}  # fmt: skip
    labels: dict[str, str] = {}
    for speaker in transcript.speakers:
        if speaker in assigned - named:
            labels[speaker] = free_label({*transcript.speakers, *labels.values()})
    notices = tuple(notice for notice in transcript.notices if notice.code != UNKNOWN)
    return with_labels(replace(transcript, notices=notices), labels)


def _notices(notices: Sequence[Notice], decisions: Sequence[RoleDecision]) -> tuple[Notice, ...]:
    """The notices; the one about mixed channels no longer says that roles were not used, where some were."""
    if not any(each.role for each in decisions):
        return tuple(notices)
    return tuple(
        replace(notice, message=notice.message.replace(ROLES_UNUSED, "; roles follow from other evidence"))
        if notice.code == MIXED
        else notice
        for notice in notices
    )


def _unknown(unknown: Mapping[str, str]) -> tuple[Notice, ...]:
    """One notice about all roles that no speaker has."""
    if not unknown:
        return ()
    listed = "; ".join(f"{role} ({why})" for role, why in unknown.items())
    return (Notice(UNKNOWN, f"unknown roles: {listed}; {ADVICE}"),)
