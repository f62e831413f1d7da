"""Tracks of a recording: one for each channel of a stereo call, each with a role, or one for the mix.

Where a channel holds only bleed from another (quieter, and correlated with it), it is muted, so that nothing is
transcribed twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config.channel_roles import Role, complete, parse_roles
from pipeline.config.schema import DiarizationConfig
from pipeline.core.audio import Audio
from pipeline.core.errors import SettingsError
from pipeline.core.role import ROLES_UNUSED
from pipeline.core.types import Notice
from pipeline.stages.channels.bleed import BLOCK, BleedMask, detect_bleed, mute

UNIQUE = 1.0
"""Seconds of sound that no other channel has, from which a channel counts as a speaker's. Chosen by hand; more leaves
short calls mixed."""
SHARED = 0.2
"""Largest part of the sound that may be the same on two channels of a call; with more, it is one room recorded by two
microphones. Chosen by hand; more splits such rooms."""
EDGE_SILENCE = 0.3
"""Seconds of silence that windows may hold beyond the edges of a channel, as context where speech reaches them. As much
as recognition keeps around speech elsewhere; less changes words at the edges. The first channel has none before it,
as version 0.1, which laid the channels end to end, so that results stay the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Audio that is diarized, separated and transcribed by itself: the mix, or one channel with its bleed muted."""

    audio: Audio
    role: Role | None = None
    """Role of the channel; None for the mix."""
    has_bleed: bool = False
    """Whether other channels were audible on the channel before they were muted."""
    silence_before: float = 0.0
    """Seconds of silence that windows may hold before the beginning of the track."""
    silence_after: float = 0.0
    """Seconds of silence that windows may hold after the end of the track."""


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The tracks of a recording, and notices about settings for channels that were not used."""

    tracks: tuple[Track, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def has_bleed(self) -> bool:
        """Whether speech of one track was audible on another."""
        return any(track.has_bleed for track in self.tracks)


def split_channels(audio: Audio, config: DiarizationConfig) -> Tracks:
    """A track for each channel, or one for the mix, by ``config.channels`` and ``config.roles``.

    ``auto`` splits the channels when at least two hold `UNIQUE` seconds that no other has, and at most `SHARED` of the
    sound is the same on two; roles replace the first condition. Raises `SettingsError`.
    """
    if config.channels == "mix":
        return Tracks((Track(audio),))
    if audio.channels is None:
        return _mix(audio, config, "the recording has one channel, or the same sound on all channels")
    roles = complete(parse_roles(config.roles), len(audio.channels))
    mask = detect_bleed(audio.channels)
    if config.channels == "auto":
        if not _is_call(mask, config):
            return _mix(audio, config, "the channels do not have one speaker each")
        if not _count_fits(roles, config):
            return _mix(audio, config, "the number of speakers differs from the number that the channels have")
    elif not _count_fits(roles, config):
        raise SettingsError("the number of speakers contradicts the channels", hint="give it with --roles 1=name:2")
    tracks = (
        Track(Audio(mute(channel, bleed)), role, bool(bleed.any()), EDGE_SILENCE if role.channel else 0.0, EDGE_SILENCE)
        for channel, bleed, role in zip(audio.channels, mask.bleed, roles, strict=True)
    )
    return Tracks(tuple(tracks))


def _is_call(mask: BleedMask, config: DiarizationConfig) -> bool:
    unique = (mask.active & ~mask.bleed & ~mask.shared).sum(axis=1) * BLOCK  # (channels,) seconds
    active = max(1, int(mask.active.any(axis=0).sum()))
    shared = (mask.shared.any(axis=0)).sum() / active
    return bool(shared <= SHARED and (config.roles is not None or (unique >= UNIQUE).sum() >= 2))


def _count_fits(roles: Sequence[Role], config: DiarizationConfig) -> bool:
    """Whether the number of speakers in the settings agrees with the speakers on the channels."""
    speakers = sum(role.speakers or 1 for role in roles)
    is_open_ended = any(role.speakers is None for role in roles)
    minimum = config.speakers or config.min_speakers or 1
    maximum = config.speakers or config.max_speakers or speakers
    return speakers <= maximum and (is_open_ended or minimum <= speakers)


def _mix(audio: Audio, config: DiarizationConfig, reason: str) -> Tracks:
    """One track for the mix, with a notice where channels or roles were asked for."""
    notices: tuple[Notice, ...] = ()
    if config.channels != "auto" or config.roles is not None:
        message = f"{reason}: speakers were distinguished by voice{ROLES_UNUSED}"
        notices = (Notice("channels_mixed", message),)
    return Tracks((Track(audio),), notices)
