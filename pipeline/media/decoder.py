"""Decode a recording packet by packet with PyAV, on the time line of the file; all losses are reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

import av
from av.container import InputContainer

from pipeline.core.audio import RATE, Audio
from pipeline.core.errors import InputError, OutOfMemory
from pipeline.core.events import Progress, no_progress
from pipeline.core.types import Notice
from pipeline.media import Decoded, Limits, ReadOptions
from pipeline.media.downmix import downmix
from pipeline.media.headerless import suffix_of
from pipeline.media.opening import digest, open_recording, unreadable
from pipeline.media.parts import Part, find_parts
from pipeline.media.recording_date import recording_date
from pipeline.media.source import Source, first_source, kind_of_container, part_source
from pipeline.media.survey import DECLARING, OWN_ZERO, Survey, TooLong, refuse_long, survey
from pipeline.media.track_reader import TimestampPolicy, TrackReader
from pipeline.media.tracks import choose, merge_packets, name_tracks, packets

_UNTIMED = frozenset({"mp3", "aac", "ac3", "eac3"})
"""Containers of bare frames: their time stamps only count packets."""
_COUNTED = ("pcm_", "mp3", "mp2", "ac3", "wma", "adpcm_ms", "adpcm_ima")
"""Codecs whose time in AVI FFmpeg computes from bytes. AVI has no time stamps; those of other codecs are wrong."""
_MISCOUNTED = frozenset({("asf", "flac"), ("wav", "flac"), ("wav", "aac")})
"""Pairs of container and codec whose packets get time stamps of later packets from FFmpeg's parser."""
_SKIPPING = _UNTIMED - {"mp3"}
"""Containers in which FFmpeg skips damaged frames without an error."""
_DEFAULT = ReadOptions()
_MIN_REPORTED = 0.04
"""Minimum loss in seconds that is reported: more than a frame of AAC. Lower values report padding."""


class Decode(Protocol):
    """The signature of `decode_open`."""

    def __call__(
        self,
        file: BinaryIO,
        name: str,
        limits: Limits,
        progress: Progress,
        expect: Callable[[float, int], None],
        options: ReadOptions = ...,
    ) -> Decoded: ...


def decode_in_process(
    path: Path | str, limits: Limits | None = None, progress: Progress = no_progress, track: int | None = None
) -> Decoded:
    """`pipeline.media.decode` in this process, for trusted recordings."""
    options = ReadOptions(track, suffix_of(str(path)))
    with open_recording(path) as file:
        return decode_open(file, str(path), limits or Limits(), progress, lambda seconds, channels: None, options)


def decode_open(
    file: BinaryIO,
    name: str,
    limits: Limits,
    progress: Progress,
    expect: Callable[[float, int], None],
    options: ReadOptions = _DEFAULT,
) -> Decoded:
    """Decode an open file; ``expect(seconds, channels)`` is called with the expected size before decoding."""
    try:
        parts, unread = _find_parts(file, name, limits, options)
        surveys = [summary for _, summary in parts]
        expect(sum(summary.longest for summary in surveys), sum(surveys[0].channels))
        sha256 = digest(file, name)
        place = choose(parts[0][0].open, name, limits, options.track)
        reader = TrackReader(surveys[0].channels[place], limits, name)
        plan = _Plan(place, sum(summary.length(summary.nearest(place)) for summary in surveys), progress)
        truncated = [_read_part(source, summary, reader, plan) for source, summary in parts]
        reader.require_sound()
        if unread:
            reader.notices.append(_unread(unread, reader, sum(source.view.size for source, _ in parts)))
        reader.notices[:0] = [notice for source, _ in parts for notice in source.notices]
        with parts[0][0].open() as container:
            recorded = recording_date(container)
        return replace(_finish(reader, sha256, any(truncated), parts[0][0], place), recorded=recorded)
    except MemoryError:
        raise OutOfMemory("is too long for this machine's memory", where=name, hint="cut it into parts") from None
    except OSError as error:
        raise unreadable(error, name) from None


def _find_parts(
    file: BinaryIO, name: str, limits: Limits, options: ReadOptions
) -> tuple[list[tuple[Source, Survey]], int]:
    """The recordings in a file with their surveys, and the number of bytes that cannot be read.

    Raises ``InputError`` if the file does not begin with a recording, or is too long.
    """
    whole = first_source(file, name, limits, options.suffix)
    refuse_long(whole, limits)
    parts = [Part(whole.view)] if whole.coding else find_parts(file)
    readable: list[tuple[Source, Survey]] = []
    unread = 0
    for part in parts:
        try:
            source = whole if part.view == whole.view else part_source(part, name, limits)
            before = sum(summary.longest for _, summary in readable)
            readable.append((source, survey(source, limits, before, not readable)))
            unread += part.unread
        except InputError as error:
            if not readable or isinstance(error, TooLong):
                raise
            unread += part.view.size + part.unread
    return readable, unread


@dataclass(frozen=True, slots=True)
class _Plan:
    """Index of the track among the audio tracks, expected length in seconds, and progress callback."""

    place: int
    length: float
    progress: Progress


def _read_part(source: Source, summary: Survey, reader: TrackReader, plan: _Plan) -> bool:
    """Decode one part and append it; returns whether it is truncated."""
    place = summary.nearest(plan.place)
    with source.open() as container:
        kind = kind_of_container(container)
        zero, anchored = summary.zero(place)
        head = source.head.end if kind == "mp3" else None
        codec = container.streams.audio[place].codec_context.name
        reader.begin(TimestampPolicy(zero, summary.length(place), _is_timed(kind, codec), head, anchored))
        _read(container, place, reader, plan)
        if kind in _SKIPPING:
            _report_skipped(source.head.size - source.head.end - reader.bytes_read, reader)
        if len(container.streams.audio) > 1 and reader.origin == 0:
            reader.notices.append(name_tracks(container, place))
        return source.content.truncated or reader.stopped or _falls_short(container, reader, source, zero)


def _is_timed(kind: str, codec: str) -> bool:
    """Whether time stamps of a codec in a container are real times and not only a count of packets."""
    if kind == "avi":
        return codec.startswith(_COUNTED)
    return kind not in _UNTIMED and (kind, codec) not in _MISCOUNTED


def _read(container: InputContainer, place: int, reader: TrackReader, plan: _Plan) -> None:
    track = container.streams.audio[place]
    track.codec_context.thread_count = 1  # with more threads, errors are reported for another packet
    reported = reader.position

    def stop() -> None:
        reader.stopped = True

    stream = packets(container, stop)
    if (kind_of_container(container), track.codec_context.name) == ("wav", "aac"):
        stream = merge_packets(stream, track)
    for packet in stream:
        if packet.stream.index != track.index:
            reader.skip(packet)
            continue
        reader.take(packet)
        if reader.position - reported >= 1:
            reported = reader.position
            plan.progress(min(reported, plan.length), plan.length)
    reader.end()


def _report_skipped(skipped: int, reader: TrackReader) -> None:
    """Report bytes that FFmpeg skipped without an error while it searched for the next frame."""
    lost = skipped * (reader.position - reader.origin) / max(1, reader.bytes_read)
    if lost > _MIN_REPORTED:
        message = f"about {lost:.2f} s are damaged and were skipped; later times are too early by this amount"
        reader.notices.append(Notice("damaged", message))


def _falls_short(container: InputContainer, reader: TrackReader, source: Source, zero: float) -> bool:
    """Whether packets end before the length stated by the container, or, without a length, inside a packet."""
    kind = kind_of_container(container)
    if kind not in DECLARING and not (kind == "mp3" and source.head.counts):
        return reader.broken_end
    start = 0.0 if kind in OWN_ZERO else max(0.0, reader.start)
    length = (container.duration or 0) / av.time_base
    if kind in OWN_ZERO and length > zero:
        length -= zero
    if source.content.granule is not None:
        length = max(length, float(source.content.granule * (container.streams.audio[0].time_base or 0)) - zero)
    covered = max(reader.covered, reader.position - reader.origin)  # some packets have no duration
    missing = length - (covered - start)
    tolerance = 0.02 if reader.broken_end else max(0.1, min(0.3, 0.015 * covered), 0.005 * covered)
    return missing > tolerance


def _unread(count: int, reader: TrackReader, size: int) -> Notice:
    """The notice about unreadable bytes, with an estimate in seconds from the bytes per second of the rest."""
    seconds = count * reader.position / max(1, size)
    message = f"{count} bytes (about {seconds:.1f} s) after the end of the recording could not be read"
    return Notice("unread", message)


def _finish(reader: TrackReader, sha256: str, truncated: bool, source: Source, place: int) -> Decoded:
    mix = downmix(reader.buffer.crop())
    notices = [*reader.report(), *mix.notices]
    if truncated:
        message = f"the file is truncated; {reader.position:.1f} s could be read"
        notices.insert(0, Notice("truncated", message))
    if mix.channels is not None:
        mix.channels.setflags(write=False)
    audio = Audio(mix.samples, RATE, mix.channels)
    origin = f"{place + 1} {source.coding.description}" if source.coding else f"{place + 1}"
    complete = not truncated and all(notice.code != "unread" for notice in notices)
    return Decoded(audio, sha256, complete, tuple(notices), reader.decoded, origin)
