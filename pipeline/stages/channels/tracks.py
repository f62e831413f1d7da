"""Tracks of a recording: one for each channel of a stereo call, each with a role, or one for the mix.

Where a channel holds only the bleed of another (quieter, and correlated with it), it is muted, so that nothing is
transcribed twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config.channel_roles import Role, complete, parse_roles
from pipeline.config.schema import DiarizationConfig
from pipeline.core.audio import Audio
from pipeline.core.errors import SettingsError
from pipeline.core.types import Notice
from pipeline.stages.channels.bleed import BLOCK, BleedMask, detect_bleed, mute

OWN = 1.0
"""A channel must hold at least so many seconds of its own for a recording to be taken for a call."""
EDGE_SILENCE = 0.3
"""Seconds of silence that windows hold beyond the edge of a channel where speech reaches it, as context for the
recognizer. As much as the breath that recognition keeps around speech; without it, words at the edges change."""
SHARED = 0.2
"""At most this part of the sound may be in two channels alike; beyond it is one scene before two microphones."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Audio that is diarized, separated and transcribed by itself: the mix, or one channel with its bleed muted."""

    audio: Audio
    role: Role | None = None
    """Who speaks on the channel; None for the mix."""
    has_bleed: bool = False
    """Whether other channels were audible on the channel, before they were muted."""
    silence_before: float = 0.0
    """Seconds of silence that windows may hold before the beginning of the track."""
    silence_after: float = 0.0
    """Seconds of silence that windows may hold after the end of the track."""


def split_channels(audio: Audio, config: DiarizationConfig) -> tuple[tuple[Track, ...], tuple[Notice, ...]]:
    """A track for each channel, or one for the mix, by ``config.channels`` and ``config.roles``; and notices.

    ``auto`` splits the channels when at least two hold `OWN` seconds that no other has, and no more than `SHARED` of
    the sound is alike in two; given roles stand for the first condition. Raises `SettingsError`.
    """
    mix = (Track(audio),)
    if config.channels == "mix":
        return mix, ()
    if audio.channels is None:
        return mix, _refused(config, "the recording has one channel, or the same on all")
    roles = complete(parse_roles(config.roles), len(audio.channels))
    bleed = detect_bleed(audio.channels)
    if config.channels == "auto":
        if not _is_call(bleed, config):
            return mix, _refused(config, "the channels are not a voice each")
        if not _count_fits(roles, config):
            return mix, _refused(config, "the number of speakers is another than the channels have")
    elif not _count_fits(roles, config):
        raise SettingsError("the number of speakers contradicts the channels", hint="say it with --roles 1=name:2")
    tracks = (
        Track(Audio(mute(channel, echo)), role, bool(echo.any()), EDGE_SILENCE if role.channel else 0.0, EDGE_SILENCE)
        for channel, echo, role in zip(audio.channels, bleed.echo, roles, strict=True)
    )
    return tuple(tracks), ()


def _is_call(flags: BleedMask, config: DiarizationConfig) -> bool:
    own = (flags.active & ~flags.echo & ~flags.shared).sum(axis=1) * BLOCK
    anywhere = max(1, int(flags.active.any(axis=0).sum()))
    alike = (flags.shared.any(axis=0)).sum() / anywhere
    return bool(alike <= SHARED and (config.roles is not None or (own >= OWN).sum() >= 2))


def _count_fits(roles: Sequence[Role], config: DiarizationConfig) -> bool:
    people = sum(role.speakers or 1 for role in roles)
    open_ended = any(role.speakers is None for role in roles)
    least = config.speakers or config.min_speakers or 1
    most = config.speakers or config.max_speakers or people
    return people <= most and (open_ended or least <= people)


def _refused(config: DiarizationConfig, reason: str) -> tuple[Notice, ...]:
    """Something to say only where channels were asked for."""
    if config.channels == "auto" and config.roles is None:
        return ()
    return (Notice("channels_mixed", f"{reason}: speakers were told apart by voice, and roles are not used"),)
