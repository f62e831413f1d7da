"""What a file holds, told by its bytes alone: everything that is no recording is refused before FFmpeg sees it."""

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
_AMR = b"#!AMR"  # its frames of silence may look like text
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp", b"sidx", b"pnot"})
_OPEN_END = 0xFFFFFFFF
_OLD_TAG = 128  # bytes of an ID3v1 tag
_XING_WITHIN = 36  # bytes: a frame's header and side information
_KBITS = {  # of layer III, by the header's version bit (1 is MPEG 1)
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    0: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
_RATES = (44_100, 48_000, 32_000, 1)  # of MPEG 1; halved for 2, and once more for 2.5


class Readable(Protocol):
    """What is needed of a file here."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Content:
    """What the bytes tell: ``cut`` when the container says that the file should be longer than it is.

    ``granule`` is the last position that an Ogg file names, in units of its track's time base.
    """

    crop: bool
    granule: int | None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream of bare frames begins: ``end`` is the byte after tags, padding and the frame that ``counts``.

    ``size`` is where it ends.

    An MP3 with such a frame (Xing) states its length; without one FFmpeg only guesses it.
    """

    end: int
    size: int
    counts: bool


def find_head(file: Readable) -> Head:
    """The head of an MP3, AAC or AC-3 file; of no meaning for others. Leaves the file at its start."""
    at = 0
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _OLD_TAG))
    size -= _OLD_TAG if file.read(3) == b"TAG" else 0
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
    frame = start.lstrip(b"\0")[: _XING_WITHIN + 4]
    place = max(frame.find(b"Xing"), frame.find(b"Info"))
    counts = place > 0 and frame[0] == 255
    return Head(at + _frame_size(frame) if counts else at, size, counts)


def inspect(file: Readable, name: str, limits: Limits) -> Content:
    """Look at the file's bytes; leaves the file at its start.

    Raises ``InputError`` for what is empty, no recording, without its index, or has an impossible header.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(HEAD)
    _refuse_no_recording(head, name)
    granule = None
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        cut = _inspect_wav(head, size, name, limits)
    elif head[:4] == b"RIFF":  # AVI
        cut = 8 + int.from_bytes(head[4:8], "little") > size
    elif head[4:8] in _BOXES:
        cut = _inspect_boxes(file, size, name)
    elif head[:1] == head[188:189] == head[376:377] == b"G":
        cut = size % 188 != 0  # MPEG-TS comes in packets of that size
    elif head[:4] == b"OggS":
        ending = find_ending(file, size)
        cut, granule = not ending.stated, ending.granule
    else:
        cut = False
    file.seek(0)
    return Content(cut, granule)


def require_sane(rate: int, channels: int, name: str, limits: Limits) -> None:
    """Raises ``InputError`` for a sample rate in Hz or a number of channels that no recording has."""
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


def _refuse_no_recording(head: bytes, name: str) -> None:
    if not head:
        raise InputError("is empty", where=name, hint=_COPY)
    if not head.strip(b"\0"):
        raise InputError("holds nothing but zeros", where=name, hint=_COPY)
    text = (
        head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower() if is_text(head) and not head.startswith(_AMR) else b""
    )
    _refuse(_MAGIC, head, name)
    _refuse(_TEXT, text, name)
    if text:
        raise InputError("is a text file, not a recording", where=name, hint="give an audio or video file")


def refuse_archives(head: bytes, name: str) -> None:
    """Raises ``InputError`` for a file that is empty or an archive or document by its first bytes."""
    if not head:
        raise InputError("is empty", where=name, hint=_COPY)
    _refuse(_MAGIC, head, name)


def _refuse(table: tuple[tuple[bytes, str, str], ...], start: bytes, name: str) -> None:
    for magic, what, hint in table:
        if start.startswith(magic):
            raise InputError(what, where=name, hint=hint)


def _frame_size(header: bytes) -> int:
    """The bytes of an MPEG layer III frame."""
    version = header[1] >> 3 & 3
    kbits = _KBITS[version & 1][header[2] >> 4]
    rate = _RATES[header[2] >> 2 & 3] // {3: 1, 2: 2}.get(version, 4)
    return (144 if version == 3 else 72) * kbits * 1000 // max(1, rate) + (header[2] >> 1 & 1)


def is_text(head: bytes) -> bool:
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
    found: set[bytes] = set()
    end = 0
    for kind, until in _boxes(file, size):
        found.add(kind)
        end = until
    if b"moov" not in found:
        raise InputError(
            "has no index (moov): the recorder did not finish it, or it was not copied to its end",
            where=name,
            hint="copy it again, or repair it with the recorder's own tool",
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
