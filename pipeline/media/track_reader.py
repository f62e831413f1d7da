"""One audio track, packet by packet, on the file's clock: what is lost or missing keeps its length as silence."""

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

_JITTER = 0.02  # seconds; time stamps in milliseconds, and odd muxers, stay below
_LONGEST_HOLE = 60.0  # seconds; a longer hole is believed only when the recording is as long
_WORTH_SAYING = 0.1


@dataclass(frozen=True, slots=True)
class TimestampPolicy:
    """How to read a container's time stamps, in seconds: which one is ``zero``, and about how ``long`` it all is.

    With ``anchored`` the first frame lies at the zero whatever its stamp says. Without ``timed`` the stamps only count
    packets, and only the first is used: frames follow each other, and the size of a packet that is lost says how long
    it was, as do the bytes between ``head``, where the first packet should begin, and where it does, when known.
    """

    zero: float
    long: float
    timed: bool
    head: int | None
    anchored: bool = False


class TrackReader:
    """The state of decoding one track of each part of a file; all times in seconds from the part's zero.

    ``position`` alone counts from the beginning of the file; ``origin`` is where the part began.
    """

    def __init__(self, channels: int, limits: Limits, name: str) -> None:
        self.tape = SampleBuffer(channels, min(limits.max_hours, limits.max_channel_hours / channels), name)
        self.notices: list[Notice] = []
        self.position = self.spanned = self.decoded = 0.0
        self._name, self._limits = name, limits
        self._converter = Resampler()
        self._packets = self._failed = self._bytes = 0
        self._comfort = False
        self._pending = self._lost = self._holes = 0.0
        self._samples = self._repaired = self._loud = self._jumps = 0

        self.begin(TimestampPolicy(0.0, 0.0, True, None))

    def begin(self, clock: TimestampPolicy) -> None:
        """Start the next part, with a clock of its own, where the one before it ended."""
        self._clock = clock
        self._longest_hole = max(clock.long, _LONGEST_HOLE)
        self.stopped = self.broken_end = False
        self.bytes_read = 0
        self.origin = self.position
        self.start = self.covered = 0.0
        self._shift = 0.0
        self._began, self._is_first = False, True

    def skip(self, packet: Packet[Any]) -> None:
        """Note how far a packet of another track reaches."""
        self.covered = max(self.covered, self._time(packet.pts, packet.time_base) + _length(packet))

    def take(self, packet: Packet[AudioStream]) -> None:
        """Decode a packet; when it cannot be, it costs its own duration and nothing else."""
        if packet.size:
            self._note(packet)
        codec = canonical(packet.stream.codec_context.name)
        if codec and packet.size:
            for frame, silent in frames_of(packet, codec):
                self._rest(frame) if silent else self._decode(frame)
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
        self.spanned += _length(packet) if self._clock.timed else self.decoded - before
        if packet.size:
            self.broken_end = False
            self._bytes += packet.size

    def end(self) -> None:
        """Write what is still held back at the end of a part, and silence for packets lost there."""
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
        if self._is_first:
            self.start, self._is_first = start, False
            if self._clock.head is not None and packet.pos is not None:
                self._miss(packet.pos - self._clock.head, packet)
        self._packets += 1
        self.bytes_read += packet.size
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
        self._align(frame.pts, frame.time_base)
        self._pending, self._comfort = 0.0, False  # the decoder concealed it, or the hole is filled
        frame, bad, loud = sanitize(frame)
        channels = frame.layout.nb_channels
        self._repaired, self._loud = self._repaired + bad, self._loud + loud
        self._samples += frame.samples * channels
        self._write(frame)
        self.position += frame.samples / frame.sample_rate
        self.decoded += frame.samples / frame.sample_rate

    def _rest(self, packet: Packet[AudioStream]) -> None:
        """Silence for a frame of comfort noise, as long as the file says."""
        self._align(packet.pts, packet.time_base)
        length = _length(packet) or FRAME
        self._pending, self._comfort, self.broken_end = 0.0, True, False
        self._wind(self.position + length)
        self._samples += 1
        self._bytes += packet.size
        self.spanned += length

    def _align(self, stamp: int | None, base: Fraction | None) -> None:
        """Leave silence where a time stamp lies ahead of the samples so far; an impossible one is ignored."""
        here = self.position - self.origin
        if self._clock.timed or not self._began:
            ahead = self._time(stamp, base, here - self._shift) + self._shift - here
        else:
            ahead = self._pending
        if self._clock.anchored and self._clock.timed and not self._began:
            self._shift -= ahead
        elif _JITTER < ahead <= self._longest_hole:
            self._wind(self.position + ahead)
        elif abs(ahead) > _JITTER:
            self._jumps += bool(self._samples) and abs(ahead) > 1
            self._shift -= ahead
        self._began = True

    def _wind(self, to: float) -> None:
        self._write(None)
        hole = to - self.position
        lost = min(hole, self._pending + (_JITTER if self._pending else 0))
        if self._comfort:  # the sender was silent, and said so
            self.decoded += hole - lost
        else:
            self._holes += hole - lost
        self._lost, self._pending = self._lost + lost, 0.0
        self.position = to
        self.tape.pad_to(to_sample(to))

    def _write(self, frame: AudioFrame | None) -> None:
        for block in self._converter.flush() if frame is None else self._converter.convert(frame):
            self.tape.append(block)


def _length(packet: Packet[Any]) -> float:
    return float(packet.duration * packet.time_base) if packet.duration and packet.time_base else 0.0
