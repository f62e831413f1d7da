"""One audio track, packet by packet, on the file's clock: what is lost or missing keeps its length as silence."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.packet import Packet

from pipeline.audio import index
from pipeline.errors import InputError
from pipeline.media import Limits
from pipeline.media.sniffing import require_sane
from pipeline.media.tape import Converter, Tape, repair
from pipeline.values import Notice

_JITTER = 0.02  # seconds; time stamps in milliseconds, and odd muxers, stay below
_LONGEST_HOLE = 60.0  # seconds; a longer hole is believed only when the recording is as long
_WORTH_SAYING = 0.1


@dataclass(frozen=True, slots=True)
class Clock:
    """How to read a container's time stamps, in seconds: which one is ``zero``, and about how ``long`` it all is.

    Without ``timed`` the stamps only count packets; the size of one that is lost then tells how long it was, and so
    do the bytes between ``head``, where the first packet should begin, and where it does, when that is known.
    """

    zero: float
    long: float
    timed: bool
    head: int | None


class Reading:
    """The state of decoding one track; all times in seconds from the recording's zero."""

    def __init__(self, channels: int, limits: Limits, name: str, clock: Clock) -> None:
        self.tape = Tape(channels, min(limits.max_hours, limits.max_channel_hours / channels), name)
        self.notices: list[Notice] = []
        self.stopped = self.broken_end = False
        self.bytes_read = 0
        self.position = self.start = self.spanned = self.covered = self.decoded = 0.0
        self._name, self._clock, self._limits = name, clock, limits
        self._longest_hole = max(clock.long, _LONGEST_HOLE)
        self._converter = Converter()
        self._shift = 0.0
        self._packets = self._failed = self._bytes = 0
        self._pending = self._lost = self._holes = 0.0
        self._samples = self._repaired = self._loud = self._jumps = 0

    def pass_by(self, packet: Packet[Any]) -> None:
        """Note how far a packet of another track reaches."""
        self.covered = max(self.covered, self._time(packet.pts, packet.time_base) + _length(packet))

    def take(self, packet: Packet[AudioStream]) -> None:
        """Decode a packet; when it cannot be, it costs its own duration and nothing else."""
        if packet.size:
            self._note(packet)
        try:
            frames: list[AudioFrame] = packet.decode()
            for frame in frames:
                self._place(frame)
        except (FFmpegError, ValueError):
            self.broken_end = bool(packet.size) or self.broken_end
            self._lose(packet)
            return
        if packet.size:
            self.broken_end = False
            self._bytes += packet.size

    def end(self) -> None:
        """Write what is still held back, and silence for packets lost at the end."""
        self._write(None)
        if self._pending:
            self._wind(self.position + self._pending)

    def require_sound(self) -> None:
        """Raises ``InputError`` when nothing was heard."""
        if not self._packets:
            what = "holds no audio: its track is empty, or its index damaged"
            raise InputError(what, where=self._name, hint="copy it again, or record it again")
        if not self._samples:
            what = f"is damaged: none of its {self._packets} audio packets can be decoded"
            raise InputError(what, where=self._name, hint="copy it again")
        if self._repaired >= self._samples:
            raise InputError("holds only samples that are no numbers (NaN)", where=self._name, hint="export it again")

    def report(self) -> list[Notice]:
        """What has to be said of the reading."""
        notices = list(self.notices)
        unseen = self.spanned - self.decoded - self._lost - self._holes
        lost = self._lost + (unseen if unseen > max(_WORTH_SAYING, 0.01 * self.spanned) else 0)
        if self._failed or lost >= _WORTH_SAYING:
            message = f"{lost:.2f} s could not be decoded ({self._failed} of {self._packets} packets); silence instead"
            notices.append(Notice("damaged", message))
        if self._holes >= _WORTH_SAYING:
            notices.append(Notice("gap", f"{self._holes:.2f} s hold no audio in the file; silence instead"))
        if self._jumps:
            notices.append(Notice("clock", f"{self._jumps} impossible time stamp(s) ignored; later times may be off"))
        if self._repaired:
            notices.append(Notice("repaired_samples", f"{self._repaired} samples were no numbers (NaN); set to 0"))
        if self._loud:
            notices.append(Notice("clipped_samples", f"{self._loud} samples were beyond full scale; clipped"))
        return notices

    def _note(self, packet: Packet[Any]) -> None:
        start = self._time(packet.pts, packet.time_base, self.covered)
        if not self._packets:
            self.start = start
            if self._clock.head is not None and packet.pos is not None:
                self._miss(packet.pos - self._clock.head, packet)
        self._packets += 1
        self.bytes_read += packet.size
        self.spanned += _length(packet)
        self.covered = max(self.covered, start + _length(packet))

    def _miss(self, skipped: int, first: Packet[Any]) -> None:
        """Bytes before the first packet, more than a frame of them, are frames that the damage hides."""
        if skipped > first.size:
            lost = skipped * _length(first) / first.size
            self._failed += 1
            self._pending, self._shift = self._pending + lost, self._shift + lost

    def _lose(self, packet: Packet[Any]) -> None:
        length = _length(packet)
        self._failed += bool(packet.size)
        self._pending += length
        if not self._clock.timed and self._bytes:  # noise up to the next packet is part of this one
            excess = max(0.0, packet.size * self.decoded / self._bytes - length)
            self._pending += excess
            self._shift += excess

    def _time(self, stamp: int | None, base: Fraction | None, unknown: float = 0.0) -> float:
        return unknown if stamp is None or base is None else float(stamp * base) - self._clock.zero

    def _place(self, frame: AudioFrame) -> None:
        require_sane(frame.sample_rate, frame.layout.nb_channels, self._name, self._limits)
        ahead = self._time(frame.pts, frame.time_base, self.position - self._shift) + self._shift - self.position
        if _JITTER < ahead <= self._longest_hole:
            self._wind(self.position + ahead)
        elif abs(ahead) > _JITTER:
            self._jumps += bool(self._samples) and abs(ahead) > 1
            self._shift -= ahead
        self._pending = 0.0  # the decoder concealed it, or the hole is filled
        frame, bad, loud = repair(frame)
        channels = frame.layout.nb_channels
        self._repaired, self._loud = self._repaired + bad, self._loud + loud
        self._samples += frame.samples * channels
        self._write(frame)
        self.position += frame.samples / frame.sample_rate
        self.decoded += frame.samples / frame.sample_rate

    def _wind(self, to: float) -> None:
        self._write(None)
        hole = to - self.position
        lost = min(hole, self._pending + (_JITTER if self._pending else 0))
        self._lost, self._holes, self._pending = self._lost + lost, self._holes + hole - lost, 0.0
        self.position = to
        self.tape.wind(index(to))

    def _write(self, frame: AudioFrame | None) -> None:
        for block in self._converter.flush() if frame is None else self._converter.convert(frame):
            self.tape.append(block)


def _length(packet: Packet[Any]) -> float:
    return float(packet.duration * packet.time_base) if packet.duration and packet.time_base else 0.0
