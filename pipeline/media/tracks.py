"""Choice of the audio track: the requested one, else the default one, else the first with sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition

from pipeline.core.audio import RATE
from pipeline.core.errors import InputError
from pipeline.core.types import Notice
from pipeline.media import Limits
from pipeline.media.sample_buffer import Resampler, sanitize
from pipeline.media.sniffing import require_sane

_DRM_TAGS = frozenset({"drms", "enca", "aavd"})
_MAX_ERRORS = 50
"""Consecutive errors of the container after which reading stops. Chosen by hand."""
_SILENT = 1e-3
"""Maximum RMS of the frames of a silent track (-60 dBFS). Chosen by hand; higher values skip quiet tracks."""


def choose(open_: Callable[[], InputContainer], name: str, limits: Limits, number: int | None) -> int:
    """Index of the track to read among the audio tracks, from 0.

    ``number`` counts from 1. Raises ``InputError`` if there is no such track, or none that can be read.
    """
    with open_() as container:
        tracks = container.streams.audio
        if not tracks:
            raise InputError("has no audio track", where=name, hint="give a recording with sound")
        if number is not None and number > len(tracks):
            what = f"has {len(tracks)} audio track(s), so there is no track {number}"
            raise InputError(what, where=name, hint=f"choose from 1 to {len(tracks)}")
        places = range(len(tracks)) if number is None else [number - 1]
        usable = [place for place in places if tracks[place].codec_context and tag(tracks[place]) not in _DRM_TAGS]
        if not usable:
            _refuse([tracks[place] for place in places], name)
        sane = [place for place in usable if _is_sane(tracks[place], name, limits)]
        if not sane:
            require_sane(*_numbers(tracks[usable[0]]), name, limits)
        usable = sorted(sane, key=lambda place: not tracks[place].disposition & Disposition.default)
    if len(usable) == 1:
        return usable[0]
    return next((place for place in usable if _has_sound(open_, place)), usable[0])


def name_tracks(container: InputContainer, place: int) -> Notice:
    """The notice about the chosen track and the others."""
    tracks = container.streams.audio
    others = ", ".join(_describe(track, number) for number, track in enumerate(tracks) if number != place)
    message = f"audio track {_describe(tracks[place], place)} was read; other tracks: {others}; choose with --track"
    return Notice("other_tracks", message)


def tag(track: AudioStream) -> str:
    """The codec tag; empty if unreadable: PyAV decodes it as ASCII, but many are numbers."""
    try:
        return track.codec_context.codec_tag if track.codec_context is not None else ""
    except UnicodeDecodeError:
        return ""


def packets(container: InputContainer, stopped: Callable[[], None] = lambda: None) -> Iterator[Packet[Any]]:
    """All packets. After an error of the container (``stopped`` is called) reading continues, up to `_MAX_ERRORS`."""
    failures = 0
    while failures < _MAX_ERRORS:
        try:
            for packet in container.demux():
                failures = 0 if packet.size else failures
                yield packet
            return
        except (FFmpegError, OSError):
            failures += 1
            stopped()


def merge_packets(stream: Iterator[Packet[Any]], track: AudioStream) -> Iterator[Packet[Any]]:
    """All packets of a track as one packet. FFmpeg divides raw AAC in WAV at arbitrary bytes, not at frames.

    Takes memory for the whole track.
    """
    packet: Packet[Any] = Packet(b"".join(bytes(one) for one in stream if one.stream.index == track.index))
    packet.stream, packet.pts = track, 0
    packet.time_base = track.time_base or Fraction(1, RATE)
    yield packet


def _describe(track: AudioStream, place: int) -> str:
    context = track.codec_context
    channels = f"{context.layout.nb_channels} channel(s)" if context else "unknown codec"
    language = track.language if track.language and track.language != "und" else ""
    title = "".join(c for c in track.metadata.get("title", "") if c.isprintable())[:40]
    return f"{place + 1} ({', '.join(text for text in (language, title, channels) if text)})"


def _numbers(track: AudioStream) -> tuple[int, int]:
    return track.codec_context.sample_rate, track.codec_context.layout.nb_channels


def _is_sane(track: AudioStream, name: str, limits: Limits) -> bool:
    try:
        require_sane(*_numbers(track), name, limits)
    except InputError:
        return False
    return True


def _refuse(tracks: list[AudioStream], name: str) -> None:
    if any(tag(track) in _DRM_TAGS for track in tracks):
        raise InputError("is copy-protected (DRM)", where=name, hint="give an unprotected recording")
    raise InputError("has audio in an unknown codec", where=name, hint="convert it to WAV or FLAC")


def _has_sound(open_: Callable[[], InputContainer], place: int) -> bool:
    resampler = Resampler()
    with open_() as container:
        index = container.streams.audio[place].index
        for packet in packets(container):
            if packet.stream.index != index:
                continue
            try:
                blocks = [block for frame in _decoded(packet) for block in resampler.convert(sanitize(frame)[0])]
            except (FFmpegError, ValueError):
                continue
            if any(np.sqrt(np.mean(block**2, axis=1)).max(initial=0) > _SILENT for block in blocks if block.size):
                return True
    return False


def _decoded(packet: Packet[AudioStream]) -> list[AudioFrame]:
    return packet.decode()
