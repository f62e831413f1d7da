"""Division of a file into recordings: concatenated recordings, sizes that were never updated, trailing bytes.

A demultiplexer stops at the end stated in the header. Here the file is divided into parts with one recording each, so
that bytes after such an end are decoded too, or reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.media.chunks import LAYOUTS, find_extent, starts_mp3
from pipeline.media.magic import HEAD, MAGIC, kind_of
from pipeline.media.view import View

_BLOCK = 1 << 22
_MAX_MAGIC = 128
"""Maximum length of a match of `MAGIC` in bytes."""
_OGG_START = 200
"""Maximum distance, in bytes, of the first pages of Ogg streams that begin together. Chosen by hand."""


@dataclass(frozen=True, slots=True)
class Part:
    """One recording in a file, and the number of unknown bytes after it (``unread``).

    ``beyond``: bytes at its end that appear to be audio, after the end stated in the header.
    """

    view: View
    unread: int = 0
    beyond: int = 0


def find_parts(file: BinaryIO) -> tuple[Part, ...]:
    """The recordings in a file, in order; nearly always one. Moves the position of the file."""
    whole = View(file)
    parts: list[Part] = []
    start = 0
    while start < whole.size:
        kind = kind_of(View(file, start).read(HEAD))
        end = _next_start(View(file, start), kind) + start
        part, start = _part(file, start, end, kind)
        parts.append(part)
    return tuple(parts)


def _part(file: BinaryIO, start: int, end: int, kind: str) -> tuple[Part, int]:
    """The part that begins at ``start`` and ends at ``end`` at the latest, and the start of the next part."""
    if kind not in LAYOUTS:
        patches = {8: b"\xff" * 4} if kind == "au" and not any(View(file, start, end).read_at(8, 4)) else {}
        return Part(View(file, start, end, patches)), end
    extent = find_extent(View(file, start, end), LAYOUTS[kind])
    view = View(file, start, start + extent.end, extent.patches)
    rest = View(file, start + extent.known, end)
    if rest.size and kind_of(rest.read(HEAD)):
        return Part(view, 0, extent.beyond), start + extent.known
    return Part(view, rest.size, extent.beyond), end


def _next_start(view: View, kind: str) -> int:
    """Start of the next recording of the same format, or the end of the view."""
    if kind in ("", "mp4"):  # boxes are followed one by one, see `pipeline.media.chunks`
        return view.size
    near = _OGG_START if kind == "ogg" else 0
    last = 0
    for at in _matches(view, MAGIC[kind]):
        if at - last > near and not (kind == "mp3" and not starts_mp3(view, at)):
            return at
        last = at
    return view.size


def _matches(view: View, magic: re.Pattern[bytes]) -> Iterator[int]:
    """All positions of a pattern except the first byte."""
    at, buffer = 0, b""
    while block := view.read_at(at + len(buffer), _BLOCK):
        buffer += block
        for match in magic.finditer(buffer, 1 if at == 0 else 0):
            if match.start() < len(buffer) - _MAX_MAGIC or len(block) < _BLOCK:
                yield at + match.start()
        at, buffer = at + max(0, len(buffer) - _MAX_MAGIC), buffer[-_MAX_MAGIC:]
