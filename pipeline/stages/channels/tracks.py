"""Stereo calls: every channel is heard for itself, and each channel is a speaker with a role.

The channels are laid one after the other on one long tape, so that the stages after this one see a recording with one
channel; `Tracks.restore` puts what they found back on the recording's clock. Where a channel holds no more than the
echo of another (quieter, and correlated with it), it is silenced first, so that nothing is transcribed twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from pipeline.config.channel_roles import Role, complete, parse_roles
from pipeline.config.schema import DiarizationConfig
from pipeline.core.audio import RATE, Audio, Clip, Stream, to_sample
from pipeline.core.errors import SettingsError
from pipeline.core.timeline import overlaps
from pipeline.core.types import Notice, OverlapDecision, SpeakerEvidence, Turn, Utterance, Word
from pipeline.stages.channels.bleed import BLOCK, BleedMask, detect_bleed, mute

Timed = TypeVar("Timed", Turn, OverlapDecision, Word)

APART = 5.0
"""Seconds of silence between two channels on the tape: more than any stage looks beyond the end of a turn."""
SHORTEST = 0.001
"""Seconds that are left of a word that was heard before its channel begins."""
OWN = 1.0
"""A channel must hold at least so many seconds of its own for a recording to be taken for a call."""
SHARED = 0.2
"""At most this part of the sound may be in two channels alike; beyond it is one scene before two microphones."""
SEPARATOR = "channels"
"""What the ledger calls overlaps of people who have a channel each."""
ECHOING = "channels with echo"
"""The same where one channel is heard in another: there the same words at the same time may have been said once."""


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """What the stages hear: the recording itself, or its channels (a role each) one after the other."""

    audio: Audio
    stride: float
    roles: tuple[Role, ...] = ()
    echoing: bool = False
    notices: tuple[Notice, ...] = ()

    def track(self, number: int) -> Audio:
        """One channel's audio."""
        first = to_sample(number * self.stride)
        return Audio(self.audio.samples[first : first + to_sample(self.stride - APART)])

    def restore(
        self, turns: Sequence[Turn], regions: Sequence[OverlapDecision], spoken: Sequence[Utterance]
    ) -> tuple[tuple[Turn, ...], tuple[OverlapDecision, ...], tuple[Utterance, ...]]:
        """All on the recording's clock, with a ledger entry for each overlap between channels."""
        if not self.roles:
            return tuple(turns), tuple(regions), tuple(spoken)
        homes = self._homes(turns)
        there = tuple(sorted(self._moved(turn) for turn in turns))
        between = _between(there, homes, ECHOING if self.echoing else SEPARATOR)
        entries = [*(self._moved(region) for region in regions), *between]
        return there, tuple(sorted(entries, key=lambda r: (r.start, r.end))), self.restore_words(spoken)

    def microphones(self, turns: Sequence[Turn]) -> dict[str, int]:
        """The microphone by which each speaker is recorded: one for all unless each channel holds its own speech."""
        if not self.roles or self.echoing:
            return dict.fromkeys((turn.speaker for turn in turns), 0)
        return self._homes(turns)

    def _homes(self, turns: Sequence[Turn]) -> dict[str, int]:
        """Each speaker's channel."""
        return {turn.speaker: self._number(turn) for turn in turns}

    def restore_words(self, lines: Sequence[Utterance]) -> tuple[Utterance, ...]:
        """The lines on the recording's clock."""
        if not self.roles:
            return tuple(lines)
        return tuple(replace(line, words=tuple(self._moved(word) for word in line.words)) for line in lines)

    def restore_streams(self, streams: Sequence[Stream]) -> tuple[Stream, ...]:
        """The streams' clips on the recording's clock."""
        if not self.roles:
            return tuple(streams)
        return tuple(replace(s, clips=tuple(self._moved_clip(clip) for clip in s.clips)) for s in streams)

    def _moved_clip(self, clip: Clip) -> Clip:
        offset = self._number(clip) * self.stride
        return replace(clip, start=max(0.0, float(round(clip.start - offset, 9))))

    def _number(self, value: Turn | OverlapDecision | Word | Clip) -> int:
        """The channel it lies on; what begins in the silence before a channel belongs to that."""
        return int((value.start + APART / 2) / self.stride)

    def _moved(self, value: Timed) -> Timed:
        """The value on the recording's clock, nothing of it before zero; floats leave crumbs, so they are rounded."""
        offset = self._number(value) * self.stride
        start = max(0.0, float(round(value.start - offset, 9)))
        return replace(value, start=start, end=max(start + SHORTEST, float(round(value.end - offset, 9))))


def split_channels(audio: Audio, config: DiarizationConfig) -> Tracks:
    """The recording as the stages hear it, by ``config.channels`` and ``config.roles``.

    ``auto`` takes the channels for themselves when at least two hold `OWN` seconds that no other has, and no more
    than `SHARED` of the sound is alike in two; given roles stand for the first condition. Raises `SettingsError`.
    """
    mix = Tracks(audio, audio.duration)
    if config.channels == "mix":
        return mix
    if audio.channels is None:
        return replace(mix, notices=_refused(config, "the recording has one channel, or the same on all"))
    roles = complete(parse_roles(config.roles), len(audio.channels))
    flags = detect_bleed(audio.channels)
    if config.channels == "auto":
        if not _is_call(flags, config):
            return replace(mix, notices=_refused(config, "the channels are not a voice each"))
        if not _count_fits(roles, config):
            return replace(mix, notices=_refused(config, "the number of speakers is another than the channels have"))
    elif not _count_fits(roles, config):
        raise SettingsError("the number of speakers contradicts the channels", hint="say it with --roles 1=name:2")
    return Tracks(_tape(audio, flags), audio.duration + APART, roles, bool(flags.echo.any()))


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


def _tape(audio: Audio, flags: BleedMask) -> Audio:
    assert audio.channels is not None
    length, gap = audio.channels.shape[1], round(APART * RATE)
    samples = np.zeros(len(audio.channels) * (length + gap), np.float32)
    for number, (channel, echo) in enumerate(zip(audio.channels, flags.echo, strict=True)):
        first = number * (length + gap)
        samples[first : first + length] = mute(channel, echo)
    return Audio(samples)


def _between(turns: Sequence[Turn], homes: dict[str, int], separator: str) -> list[OverlapDecision]:
    """The overlaps of people on different channels: they need no separation, and both texts stay."""
    return [
        OverlapDecision(
            o.start,
            o.end,
            tuple(SpeakerEvidence(s) for s in o.speakers),
            separator,
            "separated",
            "each has his own channel",
        )
        for o in overlaps(turns)
        if len({homes[speaker] for speaker in o.speakers}) > 1
    ]
