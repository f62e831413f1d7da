"""Any recording into audio: packet by packet with PyAV, on the file's own clock, nothing lost silently."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from pipeline.audio import RATE, Audio
from pipeline.errors import InputError, OutOfMemory
from pipeline.events import Progress, no_progress
from pipeline.media import Decoded, Limits
from pipeline.media.clock import Clock, Reading
from pipeline.media.mixing import mix_down
from pipeline.media.opening import digest, open_recording, unreadable
from pipeline.media.sniffing import Content, Head, find_head, inspect, require_sane
from pipeline.values import Notice

FORMATS = (
    "wav w64 aiff au caf voc nistsphere flac wv ogg mp3 aac ac3 eac3 amr amrnb amrwb gsm "
    "mov matroska avi asf flv mpeg mpegts"
)
_OPTIONS = {"format_whitelist": FORMATS.replace(" ", ","), "protocol_whitelist": "none"}
_DECLARING = frozenset({"mov", "matroska", "ogg", "flac", "aiff", "w64", "caf", "au"})
_COUNTED_FROM_ZERO = frozenset({"matroska", "ogg"})  # their length includes what is before the first packet
_UNTIMED = frozenset({"mp3", "aac", "ac3", "eac3"})
_SKIPPING = _UNTIMED - {"mp3"}
_OWN_ZERO = frozenset({"mov", "matroska", "ogg"})  # elsewhere the first stamp is arbitrary
_DRM_TAGS = frozenset({"drms", "enca", "aavd"})
_ERRORS_IN_A_ROW = 50
_WORTH_SAYING = 0.04  # seconds: more than a frame of AAC


class Decode(Protocol):
    """What `decode_open` is."""

    def __call__(
        self, file: BinaryIO, name: str, limits: Limits, progress: Progress, expect: Callable[[float, int], None]
    ) -> Decoded: ...


def decode_here(path: Path | str, limits: Limits | None = None, progress: Progress = no_progress) -> Decoded:
    """The same as `pipeline.media.decode`, in this very process: for trusted recordings."""
    with open_recording(path) as file:
        return decode_open(file, str(path), limits or Limits(), progress, lambda seconds, channels: None)


def decode_open(
    file: BinaryIO, name: str, limits: Limits, progress: Progress, expect: Callable[[float, int], None]
) -> Decoded:
    """Decode an open file; ``expect(seconds, channels)`` is told what is to come before it is decoded."""
    try:
        content, head = inspect(file, name, limits), find_head(file)
    except OSError as error:
        raise unreadable(error, name) from None
    try:
        long = _survey(file, name, limits, expect)
        sha256 = digest(file, name)
        with _open_container(file, name) as container:
            reading = _read(container, name, limits, long, head, progress)
            cut = content.cut or reading.stopped or _falls_short(container, reading, head, content)
            return _finish(reading, sha256, name, cut)
    except MemoryError:
        raise OutOfMemory("is too long for this machine's memory", where=name, hint="cut it into parts") from None


class _Nameless:
    """A file without its name: FFmpeg guesses formats by extensions and reads patterns into names."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _open_container(file: BinaryIO, name: str) -> InputContainer:
    file.seek(0)
    try:
        return av.open(_Nameless(file), "r", options=_OPTIONS, metadata_errors="replace")
    except (FFmpegError, OSError, ValueError):
        raise InputError(
            "is no recording in a known format, or damaged from its beginning on",
            where=name,
            hint="convert it to WAV, FLAC, MP3 or M4A",
        ) from None


def _survey(file: BinaryIO, name: str, limits: Limits, expect: Callable[[float, int], None]) -> float:
    """About how many seconds the recording has, by its packets, which are not decoded, and by its own statement.

    Raises ``InputError`` for what is not to be decoded: no track, impossible numbers, too long.
    """
    with _open_container(file, name) as container:
        track = _choose(container, name)
        channels = track.codec_context.layout.nb_channels
        require_sane(track.codec_context.sample_rate, channels, name, limits)
        most = 3600 * min(limits.max_hours, limits.max_channel_hours / channels)
        stated = (container.duration or 0) / av.time_base
        found = 0.0
        for packet in _packets(container):
            if packet.stream.index == track.index and packet.duration and packet.time_base:
                found += float(packet.duration * packet.time_base)
            if max(stated, found) > most:
                what = f"is longer than the limit of {most / 3600:g} h for {channels} channel(s)"
                raise InputError(what, where=name, hint="cut it into parts")
        expect(max(stated, found), channels)
        return max(stated, found) if _kind(container) in _DECLARING else found


def _read(container: InputContainer, name: str, limits: Limits, long: float, head: Head, progress: Progress) -> Reading:
    track = _choose(container, name)
    track.codec_context.thread_count = 1  # with more, errors are reported for another packet than the bad one
    kind = _kind(container)
    zero = 0.0 if kind in _OWN_ZERO else (container.start_time or 0) / av.time_base
    channels = track.codec_context.layout.nb_channels
    clock = Clock(zero, long, kind not in _UNTIMED, head.end if kind == "mp3" else None)
    reading = Reading(channels, limits, name, clock)
    reported = 0.0
    for packet in _packets(container, reading):
        if packet.stream.index != track.index:
            reading.pass_by(packet)
            continue
        reading.take(packet)
        if reading.position - reported >= 1:
            reported = reading.position
            progress(min(reported, long), long)
    reading.end()
    if kind in _SKIPPING:
        _tell_skipped(head.size - head.end - reading.bytes_read, reading)
    if len(container.streams.audio) > 1:
        others = len(container.streams.audio) - 1
        reading.notices.append(Notice("other_tracks", f"{others} more audio track(s) were not read, only the first"))
    return reading


def _tell_skipped(skipped: int, reading: Reading) -> None:
    """FFmpeg looks for the next frame beyond what is none, and does not say so."""
    lost = skipped * reading.decoded / max(1, reading.bytes_read)
    if lost > _WORTH_SAYING:
        message = f"about {lost:.2f} s are damaged and were left out; later times are early by as much"
        reading.notices.append(Notice("damaged", message))


def _choose(container: InputContainer, name: str) -> AudioStream:
    tracks = container.streams.audio
    if not tracks:
        raise InputError("has no audio track", where=name, hint="give a recording with sound")
    if any(_tag(track) in _DRM_TAGS for track in tracks):
        raise InputError("is copy-protected (DRM)", where=name, hint="give an unprotected recording")
    usable = [track for track in tracks if track.codec_context is not None]
    if not usable:
        raise InputError("has audio in a codec that is not known here", where=name, hint="convert it to WAV or FLAC")
    return usable[0]


def _kind(container: InputContainer) -> str:
    return container.format.name.split(",")[0]


def _tag(track: AudioStream) -> str:
    return track.codec_context.codec_tag if track.codec_context is not None else ""


def _packets(container: InputContainer, reading: Reading | None = None) -> Iterator[Packet[Any]]:
    """All packets; an error of the container costs what it hides, and many in a row the rest."""
    failures = 0
    while failures < _ERRORS_IN_A_ROW:
        try:
            for packet in container.demux():
                failures = 0 if packet.size else failures
                yield packet
            return
        except (FFmpegError, OSError):
            failures += 1
            if reading is not None:
                reading.stopped = True


def _falls_short(container: InputContainer, reading: Reading, head: Head, content: Content) -> bool:
    """Whether the packets end before the length that the container states, or, where none does, within a packet."""
    kind = _kind(container)
    if kind not in _DECLARING and not (kind == "mp3" and head.counts):
        return reading.broken_end
    start = 0.0 if kind in _COUNTED_FROM_ZERO else max(0.0, reading.start)
    length = (container.duration or 0) / av.time_base
    if content.granule is not None:
        length = max(length, float(content.granule * (container.streams.audio[0].time_base or 0)))
    missing = length - (reading.covered - start)
    spared = 0.02 if reading.broken_end else max(0.1, min(0.3, 0.015 * reading.covered), 0.005 * reading.covered)
    return missing > spared


def _finish(reading: Reading, sha256: str, name: str, cut: bool) -> Decoded:
    reading.require_sound()
    mix = mix_down(reading.tape.cut())
    notices = [*reading.report(), *mix.notices]
    if cut:
        message = f"the file was cut short; {reading.position:.1f} s could be read"
        notices.insert(0, Notice("truncated", message))
    if mix.channels is not None:
        mix.channels.setflags(write=False)
    audio = Audio(mix.samples, RATE, mix.channels)
    return Decoded(audio, sha256, not cut, tuple(notices), reading.decoded)
