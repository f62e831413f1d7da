"""What roles are asked for in a recording: by a rules file, by ``--roles``, and by the columns of its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.analytics.roles.defaults import default_spec
from pipeline.analytics.roles.spec import RoleSpec, check_role, require_consistent
from pipeline.analytics.rules.reading import read, read_file
from pipeline.config.channel_roles import Role, parse_roles
from pipeline.core.errors import SettingsError
from pipeline.core.identity import is_label
from pipeline.core.serialization import to_plain
from pipeline.core.text import fold
from pipeline.core.types import Transcript

VERSION = 1
"""Version of the assignment; raise it when the same request can give other roles, so that batches are done again."""
FIRST_SPEAKER = "first_speaker"
"""Column of a manifest that names the role that speaks first."""


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """The roles that are looked for in one recording."""

    specs: tuple[RoleSpec, ...] = ()
    """Conditions of each role."""
    people: Mapping[str, str] = field(default_factory=dict)
    """By role, the person whom the manifest names."""
    first: str | None = None
    """The role that speaks first, by the manifest."""
    by_default: frozenset[str] = frozenset()
    """Roles that only ``--roles`` names, so that shipped phrases stand for their conditions."""

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(spec.role for spec in self.specs)


def role_specs(rules: str | None) -> tuple[RoleSpec, ...]:
    """The roles in the text of a rules file, which was checked; empty without a file."""
    return read(rules).roles if rules else ()


def request_of(specs: Sequence[RoleSpec], roles: str | None, columns: Mapping[str, str]) -> RoleRequest:
    """The request of a recording: ``specs`` of a rules file, the text of ``--roles``, columns of its manifest.

    A role of ``--roles`` that the rules file has not gets `default_spec`. Raises `SettingsError` for contradictions.
    """
    named = [role.name for role in parse_roles(roles) if role.speakers == 1 and not is_label(role.name)]
    known = {spec.role for spec in specs}
    added = [name for name in named if name not in known]
    first = columns.get(FIRST_SPEAKER, "").strip() or None
    if first is not None and not specs and not added:
        added = [_checked(first)]
    merged = (*specs, *map(default_spec, added))
    if specs:
        require_consistent(merged, "--roles and the rules file")
    names = [spec.role for spec in merged]
    if first is not None and first not in names:
        raise SettingsError(f"{first!r} is not a role", where=FIRST_SPEAKER, hint=f"there are {', '.join(names)}")
    return RoleRequest(merged, _people(names, columns), first, frozenset(added))


def wanted_roles(rules: Path | None, roles: str | None) -> RoleRequest:
    """The roles of a rules file and of ``--roles``, for any recording. Raises `SettingsError`."""
    return request_of(role_specs(read_file(rules)), roles, {})


def roles_in_settings(transcript: Transcript) -> str | None:
    """The text of ``--roles`` in the settings that made a transcript; None without it, and where it is invalid."""
    section = transcript.provenance.settings.get("diarization") if transcript.provenance else None
    text = section.get("roles") if isinstance(section, Mapping) else None
    try:
        return text if isinstance(text, str) and parse_roles(text) else None
    except SettingsError:
        return None


def channel_roles(transcript: Transcript) -> tuple[Role, ...]:
    """The roles of channels in those settings."""
    return parse_roles(roles_in_settings(transcript))


def digest(specs: Sequence[RoleSpec], roles: str | None, columns: Mapping[str, str]) -> str:
    """Eight hexadecimal digits of all that the roles of a recording depend on; empty where none are asked for."""
    if not specs and not roles and not columns.get(FIRST_SPEAKER, "").strip():
        return ""
    folded = {fold(text) for text in (FIRST_SPEAKER, *(spec.role for spec in specs))}
    with suppress(SettingsError):  # what contradicts is refused when the recording's turn comes
        folded |= {fold(role.name) for role in parse_roles(roles)}
    used = {name: value for name, value in columns.items() if value.strip() and fold(name.strip()) in folded}
    text = json.dumps([VERSION, to_plain(tuple(specs)), roles, used], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _checked(role: str) -> str:
    try:
        return check_role(role)
    except ValueError as error:
        raise SettingsError(str(error), where=FIRST_SPEAKER) from error


def _people(roles: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """The person whom a column with the name of a role names; raises `SettingsError` for one in two roles."""
    people: dict[str, str] = {}
    for role in roles:
        for name, value in columns.items():
            if fold(name.strip()) == fold(role) and value.strip():
                people[role] = value.strip()
    for role, person in people.items():
        other = next((each for each in people if each != role and fold(people[each]) == fold(person)), None)
        if other is not None:
            raise SettingsError(f"{person!r} is in the columns {role} and {other}", hint="a person has one role")
    return people
