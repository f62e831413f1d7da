"""What the packets of a recording promise, read before anything is decoded: lengths, tracks, and where times begin."""

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
"""Containers whose clock starts at 0; elsewhere the first time stamp is arbitrary."""
_LATEST = 60.0
"""Seconds: a recording whose first sound comes later than that by its own clock began to count before it was made
(live streams, clocks of the day). Higher: such a clock becomes silence. Lower: a real late start is lost."""


class TooLong(InputError):
    """The recording is longer than the limits allow."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a track begins and ends by its time stamps, and the ``seconds`` that its packets say they last."""

    start: float
    end: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Survey:
    """A recording's packets: ``stated`` is the container's length in seconds, ``audio`` the indexes of its tracks."""

    kind: str
    first: bool
    stated: float
    clock_start: float
    audio: tuple[int, ...]
    channels: tuple[int, ...]
    spans: dict[int, Span]

    def nearest(self, place: int) -> int:
        """The audio track at a place, or the first one where there are not so many."""
        return place if place < len(self.audio) else 0

    def long(self, place: int) -> float:
        """About how many seconds a track has."""
        found = self.span(place).seconds
        return max(self.stated, found) if self.kind in DECLARING else found

    @property
    def longest(self) -> float:
        """The most seconds that anything promises."""
        return max(self.stated, *(self.span(place).seconds for place in range(len(self.audio))))

    def span(self, place: int) -> Span:
        return self.spans.get(self.audio[place], Span(0.0, 0.0, 0.0))

    def zero(self, place: int) -> tuple[float, bool]:
        """The time stamp that is the recording's zero, and whether the track's first sound lies right there.

        Another track that plays at about the same time sets the zero with it: sound that begins later than a picture
        is late. A track alone that begins hours late has a clock that began to count elsewhere.
        """
        if self.kind not in OWN_ZERO:
            return self.clock_start, not self.first and len(self.spans) == 1
        own = self.span(place)
        others = [span for index, span in self.spans.items() if index != self.audio[place]]
        zero = min([own.start, *(other.start for other in others if own.start <= other.end + _LATEST)])
        if self.first and zero <= _LATEST:
            return 0.0, False
        return zero, zero == own.start


def stated_length(container: InputContainer) -> float:
    """The length in seconds that a container states, without what its clock counted before."""
    length, start = (container.duration or 0) / av.time_base, (container.start_time or 0) / av.time_base
    late = kind_of_container(container) in OWN_ZERO and start > _LATEST
    return length - start if late and length > start else length


def refuse_long(source: Source, limits: Limits) -> None:
    """Raises ``TooLong`` for what says at its beginning that it is; what cannot be opened says nothing yet."""
    try:
        container = source.open()
    except InputError:
        return
    with container:
        if container.streams.audio:
            _require_short(stated_length(container), container, source.name, limits)


def survey(source: Source, limits: Limits, before: float, first: bool) -> Survey:
    """Read all packets; ``before`` seconds lie before this part of a file.

    Raises ``TooLong``, and ``InputError`` for what has no audio track.
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
        known = packet.stream.start_time
        begin = (
            float(known * packet.stream.time_base) if known is not None and packet.stream.time_base else start or 0.0
        )
        return Span(begin, (begin if start is None else start) + length, length)
    end = span.end if start is None else max(span.end, start + length)
    return Span(span.start, end, span.seconds + length)


def _require_short(seconds: float, container: InputContainer, name: str, limits: Limits) -> None:
    context = container.streams.audio[0].codec_context
    channels = max(1, context.layout.nb_channels if context else 1)
    most = 3600 * min(limits.max_hours, limits.max_channel_hours / channels)
    if seconds > most:
        what = f"is longer than the limit of {most / 3600:g} h for {channels} channel(s)"
        raise TooLong(what, where=name, hint="cut it into parts")
