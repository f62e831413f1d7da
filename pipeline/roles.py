"""Who sits on which channel of a call: the text of ``--roles`` read.

``agent,customer`` names the channels in order; ``2=customer`` names one by its number. ``customer:2`` says that two
people share the channel, so that it is diarized; ``diarize`` does so without a name, ``diarize:2`` with the number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.errors import SettingsError

DIARIZE = "diarize"
_ITEM = re.compile(r"(?:(?P<channel>\d+)=)?(?P<name>[^=:,]+)(?::(?P<people>\d+))?")
_HINT = "for example agent,customer or 1=agent,2=diarize:2"


@dataclass(frozen=True, slots=True)
class Role:
    """A channel (from 0), the name its voice gets, and how many people share it (None = to be found out)."""

    channel: int
    name: str
    people: int | None = 1


def parse_roles(text: str | None) -> tuple[Role, ...]:
    """The roles named, sorted by channel; raises `SettingsError` for what is not one name per channel."""
    if text is None:
        return ()
    roles = [_parsed(item.strip(), place) for place, item in enumerate(text.split(","))]
    for what, values in (("channel", [role.channel + 1 for role in roles]), ("name", [role.name for role in roles])):
        if len(set(values)) < len(values):
            raise SettingsError(f"roles {text!r} give one {what} twice", hint=_HINT)
    return tuple(sorted(roles, key=lambda role: role.channel))


def seat(roles: tuple[Role, ...], channels: int) -> tuple[Role, ...]:
    """One role for every channel: those named, and ``CHANNEL_1`` and so on for the others."""
    if roles and roles[-1].channel >= channels:
        raise SettingsError(f"roles name channel {roles[-1].channel + 1}, but the recording has {channels}", hint=_HINT)
    named = {role.channel: role for role in roles}
    return tuple(named.get(channel, Role(channel, f"CHANNEL_{channel + 1}")) for channel in range(channels))


def _parsed(item: str, place: int) -> Role:
    found = _ITEM.fullmatch(item)
    channel = int(found["channel"] or place + 1) if found else 0
    if found is None or channel < 1 or not found["name"].strip().isprintable():
        raise SettingsError(f"roles: {item!r} is no role", hint=_HINT)
    people = int(found["people"]) if found["people"] else None
    if people == 0:
        raise SettingsError(f"roles: {item!r} leaves a channel without people", hint=_HINT)
    name = found["name"].strip()
    if name == DIARIZE:
        return Role(channel - 1, f"CHANNEL_{channel}", people)
    return Role(channel - 1, name, people or 1)
