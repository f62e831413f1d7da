"""Recognition of file contents by their bytes; anything that is not a recording is refused before FFmpeg reads it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.core.errors import InputError
from pipeline.media import Limits
from pipeline.media.ogg import find_ending

HEAD = 65_536
_COPY = "fetch or copy the recording again"
_UNPACK = "unpack it and give the recording inside"
_PLAYLIST = "give the recordings themselves, one by one"

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "is a zip archive", _UNPACK),
    (b"\x1f\x8b", "is a gzip archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "is a RAR archive", _UNPACK),
    (b"BZh", "is a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "is an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "is a zstd archive", _UNPACK),
    (b"%PDF", "is a PDF document", "give an audio or video file"),
    (b"version https://git-lfs", "is a Git-LFS pointer, not the recording", "run: git lfs pull"),
)
_TEXT: tuple[tuple[bytes, str, str], ...] = (
    (b"#extm3u", "is a playlist (m3u8)", _PLAYLIST),
    (b"ffconcat", "is a playlist (ffconcat)", _PLAYLIST),
    (b"[playlist]", "is a playlist (PLS)", _PLAYLIST),
    (b"v=0", "is a session description (SDP), not a recording", _PLAYLIST),
    (b"<asx", "is a playlist (ASX)", _PLAYLIST),
    (b"<!doctype html", "is a web page (HTML), not a recording", _COPY + "; a login page is often saved instead"),
    (b"<html", "is a web page (HTML), not a recording", _COPY + "; a login page is often saved instead"),
)
_AMR = b"#!AMR"  # frames of silence in it may look like text
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp", b"sidx", b"pnot"})
_OPEN_END = 0xFFFFFFFF
_ID3V1_SIZE = 128
"""Bytes of an ID3v1 tag."""
_XING_OFFSET = 36
"""Maximum position of a Xing header in a frame in bytes, after frame header and side information."""
_KBITS = {  # of layer III, by the header's version bit (1 is MPEG 1)
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    0: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_RATES = (44_100, 48_000, 32_000, 1)  # of MPEG 1; halved for 2, and once more for 2.5


class Readable(Protocol):
    """The methods of files used here."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Content:
    """Properties of the bytes. ``truncated``: the container states a larger size than the file has.

    ``granule``: last position in an Ogg file, in units of the time base of its track.
    """

    truncated: bool
    granule: int | None


@dataclass(frozen=True, slots=True)
class Head:
    """Start and end of a stream of bare frames.

    ``end``: first byte after tags, padding and the Xing frame. ``size``: end of the stream. ``counts``: whether there
    is a Xing frame, which states the length of an MP3; without it FFmpeg only guesses the length.
    """

    end: int
    size: int
    counts: bool


def find_head(file: Readable) -> Head:
    """The head of an MP3, AAC or AC-3 file; meaningless for others. Leaves the position at the start."""
    at = 0
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _ID3V1_SIZE))
    size -= _ID3V1_SIZE if file.read(3) == b"TAG" else 0
    while True:
        file.seek(at)
        tag = file.read(10)
        if tag[:3] != b"ID3" or len(tag) < 10:
            break
        at += 10 + sum((byte & 127) << 7 * (3 - place) for place, byte in enumerate(tag[6:])) + 10 * (tag[5] >> 4 & 1)
    file.seek(at)
    start = file.read(HEAD)
    file.seek(0)
    at += len(start) - len(start.lstrip(b"\0"))
    frame = start.lstrip(b"\0")[: _XING_OFFSET + 4]
    place = max(frame.find(b"Xing"), frame.find(b"Info"))
    counts = place > 0 and frame[0] == 255
    return Head(at + _frame_size(frame) if counts else at, size, counts)


def inspect(file: Readable, name: str, limits: Limits) -> Content:
    """Inspect the bytes of a file; leaves the position at the start.

    Raises ``InputError`` for empty files, files that are not recordings, missing indexes and impossible headers.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(HEAD)
    _require_recording(head, name)
    granule = None
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        truncated = _inspect_wav(head, size, name, limits)
    elif head[:4] == b"RIFF":  # AVI
        truncated = 8 + int.from_bytes(head[4:8], "little") > size
    elif head[4:8] in _BOXES:
        truncated = _inspect_boxes(file, size, name)
    elif head[:1] == head[188:189] == head[376:377] == b"G":
        truncated = size % 188 != 0  # MPEG-TS has packets of this size
    elif head[:4] == b"OggS":
        ending = find_ending(file, size)
        truncated, granule = not ending.stated, ending.granule
    else:
        truncated = False
    file.seek(0)
    return Content(truncated, granule)


def require_sane(rate: int, channels: int, name: str, limits: Limits) -> None:
    """Raises ``InputError`` for an implausible sample rate in Hz or number of channels."""
    if not limits.min_rate <= rate <= limits.max_rate:
        raise InputError(
            f"has a sample rate of {rate} Hz, which no recording of speech has",
            where=name,
            hint=f"convert it to a rate from {limits.min_rate} to {limits.max_rate} Hz",
        )
    if not 1 <= channels <= limits.max_channels:
        raise InputError(
            f"has {channels} channels", where=name, hint=f"give a recording with 1 to {limits.max_channels} channels"
        )


def _require_recording(head: bytes, name: str) -> None:
    if not head:
        raise InputError("is empty", where=name, hint=_COPY)
    if not head.strip(b"\0"):
        raise InputError("contains nothing but zeros", where=name, hint=_COPY)
    text = (
        head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower() if is_text(head) and not head.startswith(_AMR) else b""
    )
    _refuse(_MAGIC, head, name)
    _refuse(_TEXT, text, name)
    if text:
        raise InputError("is a text file, not a recording", where=name, hint="give an audio or video file")


def refuse_archives(head: bytes, name: str) -> None:
    """Raises ``InputError`` for an empty file, and for an archive or document by its first bytes."""
    if not head:
        raise InputError("is empty", where=name, hint=_COPY)
    _refuse(_MAGIC, head, name)


def _refuse(table: tuple[tuple[bytes, str, str], ...], start: bytes, name: str) -> None:
    for magic, what, hint in table:
        if start.startswith(magic):
            raise InputError(what, where=name, hint=hint)


def _frame_size(header: bytes) -> int:
    """Size of an MPEG layer III frame in bytes."""
    version = header[1] >> 3 & 3
    kbits = _KBITS[version & 1][header[2] >> 4]
    rate = _RATES[header[2] >> 2 & 3] // {3: 1, 2: 2}.get(version, 4)
    return (144 if version == 3 else 72) * kbits * 1000 // max(1, rate) + (header[2] >> 1 & 1)


def is_text(head: bytes) -> bool:
    """Whether bytes are UTF-8 or UTF-16 text."""
    if (head[:2], head[3:4]) == (b"\xff\xfe", b"\0") or head[:3] == b"\xfe\xff\0":
        return True  # UTF-16
    sample = head[:4096]
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in sample)
    if odd:
        return False
    try:
        sample[: max(1, len(sample) - 3)].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def _inspect_wav(head: bytes, size: int, name: str, limits: Limits) -> bool:
    at = 12
    while at + 8 <= len(head):
        kind, length = struct.unpack_from("<4sI", head, at)
        if kind == b"fmt " and at + 16 <= len(head):
            channels, rate = struct.unpack_from("<HI", head, at + 10)
            require_sane(rate, channels, name, limits)
        if kind == b"data":
            return length not in (0, _OPEN_END) and at + 8 + length > size
        at += 8 + length + length % 2
    return False


def _inspect_boxes(file: Readable, size: int, name: str) -> bool:
    kinds: set[bytes] = set()
    end = 0
    for kind, until in _boxes(file, size):
        kinds.add(kind)
        end = until
    if b"moov" not in kinds:
        raise InputError(
            "has no index (moov): the recording was not finished, or not copied completely",
            where=name,
            hint="copy it again, or repair it with the tool of the recorder",
        )
    return end > size


def _boxes(file: Readable, size: int) -> Iterator[tuple[bytes, int]]:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            wide = file.read(8)
            length = int.from_bytes(wide, "big") if len(wide) == 8 else 0
        elif length == 0:
            length = size - at
        if length < 8:
            return
        at += length
        yield kind, at
