"""Roles of the channels of a call: the text of ``--roles``.

``agent,customer`` names the channels in order; ``2=customer`` names one by its number. ``customer:2`` says that two
speakers share the channel, so that it is diarized; ``diarize`` does so without a name, ``diarize:2`` with the number.
Two speakers never have one name: whatever could lead to that is refused.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from pipeline.core.errors import SettingsError

DIARIZE = "diarize"
MOST_PEOPLE = 1000
"""Upper limit of the speakers of one channel. Chosen by hand, to refuse typing errors; it changes no result."""
_CHANNEL = re.compile(r"CHANNEL_0*(\d+)(?:_\d+)*", re.ASCII)
"""The names that channels without a role get, and their speakers."""
_ITEM = re.compile(r"(?:(?P<channel>\d+)=)?(?P<name>[^=:,;]+)(?::(?P<people>\d+))?")
_HINT = "for example agent,customer or 1=agent,2=diarize:2"


@dataclass(frozen=True, slots=True)
class Role:
    """A channel (from 0), the name of its speaker, and how many speakers share it (None = to be detected).

    Speakers who share a channel are numbered: ``agent_1``, ``agent_2``.
    """

    channel: int
    name: str
    speakers: int | None = 1

    def can_name(self, other: Role) -> bool:
        """Whether a speaker of this role and one of the other can have the same name."""
        if self.name == other.name or (self.speakers == 1) == (other.speakers == 1):
            return self.name == other.name
        single, shared = (self, other) if self.speakers == 1 else (other, self)
        return re.fullmatch(rf"{re.escape(shared.name)}_[1-9]\d*", single.name, re.ASCII) is not None


def parse_roles(text: str | None) -> tuple[Role, ...]:
    """The roles in the text, sorted by channel; raises `SettingsError`."""
    if text is None:
        return ()
    roles = [_parsed(item.strip(), place) for place, item in enumerate(text.split(","))]
    if len({role.channel for role in roles}) < len(roles):
        raise SettingsError(f"roles {text!r} give one channel twice", hint=_HINT)
    for role in roles:
        if _is_reserved(role):
            message = f"roles {text!r}: {role.name!r} is reserved for the speakers of channels without a name"
            raise SettingsError(message, hint="choose another name")
    for one, other in itertools.combinations(roles, 2):
        if one.can_name(other):
            message = f"roles {text!r} give two speakers one name: {_claim(one)} and {_claim(other)}"
            raise SettingsError(message, hint="choose names that differ")
    return tuple(sorted(roles, key=lambda role: role.channel))


def _is_reserved(role: Role) -> bool:
    """Whether the role's speakers could be called like those of another channel that has no role."""
    channel = _CHANNEL.fullmatch(role.name)
    return (role.name == "CHANNEL" and role.speakers != 1) or (
        channel is not None and int(channel[1]) != role.channel + 1
    )


def _claim(role: Role) -> str:
    """The names of a role's speakers, in an error."""
    return role.name if role.speakers == 1 else f"{role.name}_1, {role.name}_2, ..."


def complete(roles: tuple[Role, ...], channels: int) -> tuple[Role, ...]:
    """One role for every channel: those named, and ``CHANNEL_1`` and so on for the others."""
    if roles and roles[-1].channel >= channels:
        raise SettingsError(f"roles name channel {roles[-1].channel + 1}, but the recording has {channels}", hint=_HINT)
    named = {role.channel: role for role in roles}
    return tuple(named.get(channel, Role(channel, f"CHANNEL_{channel + 1}")) for channel in range(channels))


def _parsed(item: str, place: int) -> Role:
    found = _ITEM.fullmatch(item)
    channel = int(found["channel"] or place + 1) if found else 0
    if found is None or channel < 1 or not found["name"].strip().isprintable():
        raise SettingsError(f"roles: {item!r} is not a role", hint=_HINT)
    people = int(found["people"]) if found["people"] else None
    if people is not None and not 1 <= people <= MOST_PEOPLE:
        raise SettingsError(f"roles: {item!r}: 1 to {MOST_PEOPLE} speakers may share a channel", hint=_HINT)
    name = found["name"].strip()
    if name == DIARIZE:
        return Role(channel - 1, f"CHANNEL_{channel}", people)
    return Role(channel - 1, name, people or 1)
