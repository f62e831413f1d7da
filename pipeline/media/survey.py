"""Lengths, tracks and start times of a recording, read from its packets before decoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition

from pipeline.core.errors import InputError
from pipeline.media import Limits
from pipeline.media.source import Source, kind_of_container
from pipeline.media.tracks import packets

DECLARING = frozenset({"mov", "matroska", "ogg", "flac", "aiff", "w64", "caf", "au"})
"""Containers that state their length."""
OWN_ZERO = frozenset({"mov", "matroska", "ogg"})
"""Containers whose times start at 0; in others the first time stamp is arbitrary."""
_MAX_START = 60.0
"""Maximum start of the first sound in seconds. A later time stamp is a clock offset (live streams, time of day).
Chosen by hand; higher values turn such offsets into silence, lower values lose real late starts."""


class TooLong(InputError):
    """The recording is longer than the limits allow."""


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end of a track by its time stamps, and the total duration of its packets, in seconds."""

    start: float
    end: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Survey:
    """Summary of the packets. ``stated``: length of the container in seconds; ``audio``: indexes of audio tracks."""

    kind: str
    first: bool
    stated: float
    clock_start: float
    audio: tuple[int, ...]
    channels: tuple[int, ...]
    spans: dict[int, Span]

    def nearest(self, place: int) -> int:
        """``place`` if there is such an audio track, else 0."""
        return place if place < len(self.audio) else 0

    def length(self, place: int) -> float:
        """Approximate length of a track in seconds."""
        seconds = self.span(place).seconds
        return max(self.stated, seconds) if self.kind in DECLARING else seconds

    @property
    def longest(self) -> float:
        """Maximum of all stated lengths in seconds."""
        return max(self.stated, *(self.span(place).seconds for place in range(len(self.audio))))

    def span(self, place: int) -> Span:
        return self.spans.get(self.audio[place], Span(0.0, 0.0, 0.0))

    def zero(self, place: int) -> tuple[float, bool]:
        """The time stamp of the start of the recording, and whether the first sound of the track is placed there.

        Another track at about the same time also determines the start: sound that begins after the picture is late. A
        single track that begins hours late has a clock with an offset.
        """
        if self.kind not in OWN_ZERO:
            return self.clock_start, not self.first and len(self.spans) == 1
        span = self.span(place)
        others = [other for index, other in self.spans.items() if index != self.audio[place]]
        zero = min([span.start, *(other.start for other in others if span.start <= other.end + _MAX_START)])
        if self.first and zero <= _MAX_START:
            return 0.0, False
        return zero, zero == span.start


def stated_length(container: InputContainer) -> float:
    """The length stated by a container in seconds, without the offset of its clock."""
    length, start = (container.duration or 0) / av.time_base, (container.start_time or 0) / av.time_base
    late = kind_of_container(container) in OWN_ZERO and start > _MAX_START
    return length - start if late and length > start else length


def refuse_long(source: Source, limits: Limits) -> None:
    """Raises ``TooLong`` if the header states that the recording is too long; an unreadable header is ignored."""
    try:
        container = source.open()
    except InputError:
        return
    with container:
        if container.streams.audio:
            _require_short(stated_length(container), container, source.name, limits)


def survey(source: Source, limits: Limits, before: float, first: bool) -> Survey:
    """Read all packets; ``before``: seconds in earlier parts of the file.

    Raises ``TooLong``, and ``InputError`` if there is no audio track.
    """
    with source.open() as container:
        tracks = container.streams.audio
        if not tracks:
            raise InputError("has no audio track", where=source.name, hint="give a recording with sound")
        stated = stated_length(container)
        indexes = tuple(track.index for track in tracks)
        spans: dict[int, Span] = {}
        for packet in packets(container):
            if packet.stream.disposition & Disposition.attached_pic:
                continue
            span = spans[packet.stream.index] = _extended(spans.get(packet.stream.index), packet)
            if packet.stream.index in indexes:
                _require_short(before + max(stated, span.seconds), container, source.name, limits)
        return Survey(
            kind_of_container(container),
            first,
            stated,
            (container.start_time or 0) / av.time_base,
            indexes,
            tuple(track.codec_context.layout.nb_channels if track.codec_context else 0 for track in tracks),
            spans,
        )


def _extended(span: Span | None, packet: Packet[Any]) -> Span:
    """The span of a track with one more packet."""
    base = packet.time_base or packet.stream.time_base
    length = float(packet.duration * base) if packet.duration and base else 0.0
    start = float(packet.pts * base) if packet.pts is not None and base else None
    if span is None:
        stated = packet.stream.start_time
        begin = (
            float(stated * packet.stream.time_base) if stated is not None and packet.stream.time_base else start or 0.0
        )
        return Span(begin, (begin if start is None else start) + length, length)
    end = span.end if start is None else max(span.end, start + length)
    return Span(span.start, end, span.seconds + length)


def _require_short(seconds: float, container: InputContainer, name: str, limits: Limits) -> None:
    context = container.streams.audio[0].codec_context
    channels = max(1, context.layout.nb_channels if context else 1)
    limit = 3600 * min(limits.max_hours, limits.max_channel_hours / channels)
    if seconds > limit:
        what = f"is longer than the limit of {limit / 3600:g} h for {channels} channel(s)"
        raise TooLong(what, where=name, hint="cut it into parts")
