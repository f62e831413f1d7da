"""The end of an Ogg file, from its last page with a correct checksum. FFmpeg stops at some damage before it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Protocol

_TAIL = 1 << 20
_HEADER = struct.Struct("<4sBBqIIIB")
_LAST = 4  # the flag of a stream's last page
_NO_PACKET_ENDS = -1
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Ending:
    """Whether the last page is marked as last, and its position in samples; None if the file has several streams."""

    stated: bool
    granule: int | None


def find_ending(file: _Readable, size: int) -> Ending:
    """The end according to the last intact page (RFC 3533). Moves the position of the file."""
    file.seek(0)
    serial = _serial(file.read(_HEADER.size))
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    at = tail.rfind(b"OggS")
    stated = 0 <= at < len(tail) - 5 and bool(tail[at + 5] & _LAST)
    while at >= 0:
        page = _page(tail, at)
        if page is not None:
            granule = _HEADER.unpack_from(page)[3]
            if granule != _NO_PACKET_ENDS:
                return Ending(stated, granule if _serial(page) == serial else None)
        at = tail.rfind(b"OggS", 0, at)
    return Ending(stated, None)


def _serial(page: bytes) -> int | None:
    return int(_HEADER.unpack_from(page)[4]) if len(page) >= _HEADER.size else None


def _page(data: bytes, at: int) -> bytes | None:
    """The page that begins at a byte; None if it is damaged."""
    if at + _HEADER.size > len(data):
        return None
    lacing = data[at + _HEADER.size : at + _HEADER.size + data[at + 26]]
    page = data[at : at + _HEADER.size + len(lacing) + sum(lacing)]
    (stated,) = struct.unpack_from("<I", page, 22)
    return page if stated == _checksum(page[:22] + bytes(4) + page[26:]) else None


def _checksum(page: bytes) -> int:
    """CRC-32 with the polynomial of zlib, highest bit first and without inversions (RFC 3533)."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
