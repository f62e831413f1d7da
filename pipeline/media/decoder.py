"""Any recording into audio: packet by packet with PyAV, on the file's own clock, nothing lost silently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
from pipeline.media.source import Source, first_source, kind_of_container, part_source
from pipeline.media.survey import DECLARING, OWN_ZERO, Survey, TooLong, refuse_long, survey
from pipeline.media.track_reader import TimestampPolicy, TrackReader
from pipeline.media.tracks import choose, joined, name_tracks, packets

_UNTIMED = frozenset({"mp3", "aac", "ac3", "eac3"})
_COUNTED = ("pcm_", "mp3", "mp2", "ac3", "wma", "adpcm_ms", "adpcm_ima")
"""Codecs whose place in an AVI FFmpeg finds by their bytes; AVI has no stamps, and others are counted wrongly."""
_MISCOUNTED = frozenset({("asf", "flac"), ("wav", "flac"), ("wav", "aac")})
"""Pairs of container and codec whose packets are found by a parser that gives them the stamps of later ones."""
_SKIPPING = _UNTIMED - {"mp3"}
_DEFAULT = ReadOptions()
_WORTH_SAYING = 0.04  # seconds: more than a frame of AAC


class Decode(Protocol):
    """What `decode_open` is."""

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
    """The same as `pipeline.media.decode`, in this very process: for trusted recordings."""
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
    """Decode an open file; ``expect(seconds, channels)`` is told what is to come before it is decoded."""
    try:
        parts, unread = _find_parts(file, name, limits, options)
        surveys = [found for _, found in parts]
        expect(sum(found.longest for found in surveys), sum(surveys[0].channels))
        sha256 = digest(file, name)
        place = choose(parts[0][0].open, name, limits, options.track)
        reading = TrackReader(surveys[0].channels[place], limits, name)
        plan = _Plan(place, sum(found.long(found.nearest(place)) for found in surveys), progress)
        cut = [_read_part(source, found, reading, plan) for source, found in parts]
        reading.require_sound()
        if unread:
            reading.notices.append(_unread(unread, reading, sum(source.view.size for source, _ in parts)))
        reading.notices[:0] = [notice for source, _ in parts for notice in source.notices]
        return _finish(reading, sha256, any(cut), parts[0][0], place)
    except MemoryError:
        raise OutOfMemory("is too long for this machine's memory", where=name, hint="cut it into parts") from None
    except OSError as error:
        raise unreadable(error, name) from None


def _find_parts(
    file: BinaryIO, name: str, limits: Limits, options: ReadOptions
) -> tuple[list[tuple[Source, Survey]], int]:
    """The recordings that a file holds, surveyed, and how many bytes belong to none that can be read.

    Raises ``InputError`` when the file does not begin with a recording, or is too long.
    """
    whole = first_source(file, name, limits, options.suffix)
    refuse_long(whole, limits)
    parts = [Part(whole.view)] if whole.coding else find_parts(file)
    readable: list[tuple[Source, Survey]] = []
    unread = 0
    for part in parts:
        try:
            source = whole if part.view == whole.view else part_source(part, name, limits)
            before = sum(found.longest for _, found in readable)
            readable.append((source, survey(source, limits, before, not readable)))
            unread += part.unread
        except InputError as error:
            if not readable or isinstance(error, TooLong):
                raise
            unread += part.view.size + part.unread
    return readable, unread


@dataclass(frozen=True, slots=True)
class _Plan:
    """The place of the track to read among the audio tracks, the seconds expected in all, and who is told of them."""

    place: int
    long: float
    progress: Progress


def _read_part(source: Source, found: Survey, reading: TrackReader, plan: _Plan) -> bool:
    """Decode one part onto the end of what was read; returns whether it was cut short."""
    place = found.nearest(plan.place)
    with source.open() as container:
        kind = kind_of_container(container)
        zero, anchored = found.zero(place)
        head = source.head.end if kind == "mp3" else None
        codec = container.streams.audio[place].codec_context.name
        reading.begin(TimestampPolicy(zero, found.long(place), _is_timed(kind, codec), head, anchored))
        _read(container, place, reading, plan)
        if kind in _SKIPPING:
            _tell_skipped(source.head.size - source.head.end - reading.bytes_read, reading)
        if len(container.streams.audio) > 1 and reading.origin == 0:
            reading.notices.append(name_tracks(container, place))
        return source.content.crop or reading.stopped or _falls_short(container, reading, source, zero)


def _is_timed(kind: str, codec: str) -> bool:
    """Whether the time stamps of a codec's packets in a container are times, and not only a count."""
    if kind == "avi":
        return codec.startswith(_COUNTED)
    return kind not in _UNTIMED and (kind, codec) not in _MISCOUNTED


def _read(container: InputContainer, place: int, reading: TrackReader, plan: _Plan) -> None:
    track = container.streams.audio[place]
    track.codec_context.thread_count = 1  # with more, errors are reported for another packet than the bad one
    reported = reading.position

    def stop() -> None:
        reading.stopped = True

    stream = packets(container, stop)
    if (kind_of_container(container), track.codec_context.name) == ("wav", "aac"):
        stream = joined(stream, track)
    for packet in stream:
        if packet.stream.index != track.index:
            reading.skip(packet)
            continue
        reading.take(packet)
        if reading.position - reported >= 1:
            reported = reading.position
            plan.progress(min(reported, plan.long), plan.long)
    reading.end()


def _tell_skipped(skipped: int, reading: TrackReader) -> None:
    """FFmpeg looks for the next frame beyond what is none, and does not say so."""
    lost = skipped * (reading.position - reading.origin) / max(1, reading.bytes_read)
    if lost > _WORTH_SAYING:
        message = f"about {lost:.2f} s are damaged and were left out; later times are early by as much"
        reading.notices.append(Notice("damaged", message))


def _falls_short(container: InputContainer, reading: TrackReader, source: Source, zero: float) -> bool:
    """Whether the packets end before the length that the container states, or, where none does, within a packet."""
    kind = kind_of_container(container)
    if kind not in DECLARING and not (kind == "mp3" and source.head.counts):
        return reading.broken_end
    start = 0.0 if kind in OWN_ZERO else max(0.0, reading.start)
    length = (container.duration or 0) / av.time_base
    if kind in OWN_ZERO and length > zero:
        length -= zero
    if source.content.granule is not None:
        length = max(length, float(source.content.granule * (container.streams.audio[0].time_base or 0)) - zero)
    covered = max(reading.covered, reading.position - reading.origin)  # some packets do not say how long they are
    missing = length - (covered - start)
    spared = 0.02 if reading.broken_end else max(0.1, min(0.3, 0.015 * covered), 0.005 * covered)
    return missing > spared


def _unread(count: int, reading: TrackReader, size: int) -> Notice:
    """How much of the file could not be read, in bytes and, by the rate of what could, in seconds."""
    seconds = count * reading.position / max(1, size)
    message = f"{count} bytes (about {seconds:.1f} s) behind the end of the recording could not be read"
    return Notice("unread", message)


def _finish(reading: TrackReader, sha256: str, cut: bool, source: Source, place: int) -> Decoded:
    mix = downmix(reading.tape.crop())
    notices = [*reading.report(), *mix.notices]
    if cut:
        message = f"the file was cut short; {reading.position:.1f} s could be read"
        notices.insert(0, Notice("truncated", message))
    if mix.channels is not None:
        mix.channels.setflags(write=False)
    audio = Audio(mix.samples, RATE, mix.channels)
    origin = f"{place + 1} {source.coding.description}" if source.coding else f"{place + 1}"
    complete = not cut and all(notice.code != "unread" for notice in notices)
    return Decoded(audio, sha256, complete, tuple(notices), reading.decoded, origin)
