"""Decode an audio track packet by packet on the time line of the file; lost audio becomes silence of equal length."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.packet import Packet

from pipeline.core.audio import to_sample
from pipeline.core.errors import InputError
from pipeline.core.types import Notice
from pipeline.media import Limits
from pipeline.media.amr import FRAME, canonical, frames_of
from pipeline.media.sample_buffer import Resampler, SampleBuffer, sanitize
from pipeline.media.sniffing import require_sane

_JITTER = 0.02
"""Maximum error of time stamps in seconds (time stamps in milliseconds, imprecise muxers). Chosen by hand; a
lower value inserts silence between packets."""
_MAX_GAP = 60.0
"""Maximum gap in seconds, unless the recording is longer. Chosen by hand; time stamps of longer gaps are ignored."""
_MIN_REPORTED = 0.1
"""Minimum loss, in seconds, that is reported. Chosen by hand; lower values report rounding of time stamps."""


@dataclass(frozen=True, slots=True)
class TimestampPolicy:
    """How time stamps of a container are used, in seconds; ``zero``: start of the recording, ``length``: approximate.

    ``anchored``: the first frame is placed at zero whatever its time stamp. Without ``timed``, time stamps only count
    packets, and only the first is used: frames are contiguous, and the length of a lost packet follows from its size,
    as does that of bytes between ``head``, the expected start of the first packet, and its start.
    """

    zero: float
    length: float
    timed: bool
    head: int | None
    anchored: bool = False


class TrackReader:
    """Decodes one track of each part of a file; all times in seconds from the start of the part.

    Only ``position`` counts from the start of the file; ``origin`` is the start of the part in it.
    """

    def __init__(self, channels: int, limits: Limits, name: str) -> None:
        self.buffer = SampleBuffer(channels, min(limits.max_hours, limits.max_channel_hours / channels), name)
        self.notices: list[Notice] = []
        self.position = self.spanned = self.decoded = 0.0
        self._name, self._limits = name, limits
        self._resampler = Resampler()
        self._packets = self._failed = self._bytes = 0
        self._comfort = False
        self._pending = self._lost = self._gaps = 0.0
        self._samples = self._repaired = self._loud = self._jumps = 0

        self.begin(TimestampPolicy(0.0, 0.0, True, None))

    def begin(self, policy: TimestampPolicy) -> None:
        """Start the next part, with its own policy, at the end of the one before."""
        self._policy = policy
        self._max_gap = max(policy.length, _MAX_GAP)
        self.stopped = self.broken_end = False
        self.bytes_read = 0
        self.origin = self.position
        self.start = self.covered = 0.0
        self._shift = 0.0
        self._began, self._is_first = False, True

    def skip(self, packet: Packet[Any]) -> None:
        """Extend the covered time by a packet of another track."""
        self.covered = max(self.covered, self._time(packet.pts, packet.time_base) + _length(packet))

    def take(self, packet: Packet[AudioStream]) -> None:
        """Decode a packet; if that fails, only its own duration is lost."""
        if packet.size:
            self._register(packet)
        codec = canonical(packet.stream.codec_context.name)
        if codec and packet.size:
            for frame, silent in frames_of(packet, codec):
                self._add_silence(frame) if silent else self._decode(frame)
        else:
            self._decode(packet)

    def _decode(self, packet: Packet[AudioStream]) -> None:
        before = self.decoded
        try:
            frames: list[AudioFrame] = packet.decode()
            for frame in frames:
                self._place(frame)
        except (FFmpegError, ValueError):
            self.broken_end = bool(packet.size) or self.broken_end
            self._lose(packet)
            self.spanned += _length(packet)
            return
        self.spanned += _length(packet) if self._policy.timed else self.decoded - before
        if packet.size:
            self.broken_end = False
            self._bytes += packet.size

    def end(self) -> None:
        """Write buffered samples at the end of a part, and silence for packets lost there."""
        self._write(None)
        if self._pending:
            self._pad_to(self.position + self._pending)

    def require_sound(self) -> None:
        """Raises ``InputError`` if nothing was decoded."""
        if not self._packets:
            what = "contains no audio: its track is empty, or its index damaged"
            raise InputError(what, where=self._name, hint="copy it again, or record it again")
        if not self._samples:
            what = f"is damaged: none of its {self._packets} audio packets can be decoded"
            raise InputError(what, where=self._name, hint="copy it again")
        if self._repaired >= self._samples:
            raise InputError(
                "contains only samples that are not numbers (NaN)", where=self._name, hint="export it again"
            )

    def report(self) -> list[Notice]:
        """Notices about losses and repairs."""
        notices = list(self.notices)
        unreported = self.spanned - self.decoded - self._lost - self._gaps
        lost = self._lost + (unreported if unreported > max(_MIN_REPORTED, 0.01 * self.spanned) else 0)
        if self._failed or lost >= _MIN_REPORTED:
            message = (
                f"{lost:.2f} s could not be decoded ({self._failed} of {self._packets} packets); replaced by silence"
            )
            notices.append(Notice("damaged", message))
        if self._gaps >= _MIN_REPORTED:
            notices.append(Notice("gap", f"{self._gaps:.2f} s have no audio in the file; replaced by silence"))
        if self._jumps:
            notices.append(Notice("clock", f"{self._jumps} impossible time stamp(s) ignored; later times may be off"))
        if self._repaired:
            notices.append(Notice("repaired_samples", f"{self._repaired} samples were not numbers (NaN); set to 0"))
        if self._loud:
            notices.append(Notice("clipped_samples", f"{self._loud} samples were beyond full scale; clipped"))
        return notices

    def _register(self, packet: Packet[Any]) -> None:
        start = self._time(packet.pts, packet.time_base, self.covered)
        if self._is_first:
            self.start, self._is_first = start, False
            if self._policy.head is not None and packet.pos is not None:
                self._lose_bytes(packet.pos - self._policy.head, packet)
        self._packets += 1
        self.bytes_read += packet.size
        self.covered = max(self.covered, start + _length(packet))

    def _lose_bytes(self, skipped: int, first: Packet[Any]) -> None:
        """Count bytes before the first packet, if more than a frame, as lost frames."""
        if skipped > first.size:
            lost = skipped * _length(first) / first.size
            self._failed += 1
            self._pending, self._shift = self._pending + lost, self._shift + lost

    def _lose(self, packet: Packet[Any]) -> None:
        length = _length(packet)
        self._failed += bool(packet.size)
        self._pending += length
        if not self._policy.timed and self._bytes:  # bytes up to the next packet are part of this one
            excess = max(0.0, packet.size * self.decoded / self._bytes - length)
            self._pending += excess
            self._shift += excess

    def _time(self, stamp: int | None, base: Fraction | None, unknown: float = 0.0) -> float:
        return unknown if stamp is None or base is None else float(stamp * base) - self._policy.zero

    def _place(self, frame: AudioFrame) -> None:
        require_sane(frame.sample_rate, frame.layout.nb_channels, self._name, self._limits)
        self._align(frame.pts, frame.time_base)
        self._pending, self._comfort = 0.0, False  # the decoder concealed the loss, or the gap is filled
        frame, bad, loud = sanitize(frame)
        channels = frame.layout.nb_channels
        self._repaired, self._loud = self._repaired + bad, self._loud + loud
        self._samples += frame.samples * channels
        self._write(frame)
        self.position += frame.samples / frame.sample_rate
        self.decoded += frame.samples / frame.sample_rate

    def _add_silence(self, packet: Packet[AudioStream]) -> None:
        """Append silence for a frame of comfort noise."""
        self._align(packet.pts, packet.time_base)
        length = _length(packet) or FRAME
        self._pending, self._comfort, self.broken_end = 0.0, True, False
        self._pad_to(self.position + length)
        self._samples += 1
        self._bytes += packet.size
        self.spanned += length

    def _align(self, stamp: int | None, base: Fraction | None) -> None:
        """Append silence if a time stamp is ahead of the samples so far; ignore an impossible time stamp."""
        current = self.position - self.origin
        if self._policy.timed or not self._began:
            ahead = self._time(stamp, base, current - self._shift) + self._shift - current
        else:
            ahead = self._pending
        if self._policy.anchored and self._policy.timed and not self._began:
            self._shift -= ahead
        elif _JITTER < ahead <= self._max_gap:
            self._pad_to(self.position + ahead)
        elif abs(ahead) > _JITTER:
            self._jumps += bool(self._samples) and abs(ahead) > 1
            self._shift -= ahead
        self._began = True

    def _pad_to(self, end: float) -> None:
        """Append silence up to ``end`` seconds, counted as lost, as a gap, or as comfort noise."""
        self._write(None)
        gap = end - self.position
        lost = min(gap, self._pending + (_JITTER if self._pending else 0))
        if self._comfort:  # intended silence of the sender
            self.decoded += gap - lost
        else:
            self._gaps += gap - lost
        self._lost, self._pending = self._lost + lost, 0.0
        self.position = end
        self.buffer.pad_to(to_sample(end))

    def _write(self, frame: AudioFrame | None) -> None:
        for block in self._resampler.flush() if frame is None else self._resampler.convert(frame):
            self.buffer.append(block)


def _length(packet: Packet[Any]) -> float:
    return float(packet.duration * packet.time_base) if packet.duration and packet.time_base else 0.0
