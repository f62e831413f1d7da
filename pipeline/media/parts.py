"""Where recordings begin and end inside a file: joined recordings, sizes that were never updated, bytes left over.

A demultiplexer stops where the header says that the sound ends. Here the file is cut into parts that each hold one
recording, so that what lies behind such an end is decoded too, or reported.
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
_LONGEST_MAGIC = 128  # bytes
_SAME_START = 200  # bytes; the first pages of several Ogg streams that begin together lie closer than that


@dataclass(frozen=True, slots=True)
class Part:
    """One recording of a file, and how many bytes behind it belong to nothing that is known.

    ``beyond`` bytes at its end are sound by all appearance, although the header ends before them.
    """

    view: View
    unread: int = 0
    beyond: int = 0


def find_parts(file: BinaryIO) -> tuple[Part, ...]:
    """The recordings that a file holds, in order; nearly always one. The file's position moves."""
    whole = View(file)
    parts: list[Part] = []
    start = 0
    while start < whole.size:
        kind = kind_of(View(file, start).read(HEAD))
        end = _next_start(View(file, start), kind) + start
        part, behind = _settle(file, start, end, kind)
        parts.append(part)
        start = behind
    return tuple(parts)


def _settle(file: BinaryIO, start: int, end: int, kind: str) -> tuple[Part, int]:
    """The part that begins at ``start`` and may reach ``end``, and where the next one begins."""
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
    """Where the next recording of the same kind begins, or the view's end."""
    if kind in ("", "mp4"):  # boxes are followed one by one, see `pipeline.media.chunks`
        return view.size
    near = _SAME_START if kind == "ogg" else 0
    last = 0
    for at in _matches(view, MAGIC[kind]):
        if at - last > near and not (kind == "mp3" and not starts_mp3(view, at)):
            return at
        last = at
    return view.size


def _matches(view: View, magic: re.Pattern[bytes]) -> Iterator[int]:
    """Every place but the first byte where a magic lies."""
    at, held = 0, b""
    while block := view.read_at(at + len(held), _BLOCK):
        held += block
        for match in magic.finditer(held, 1 if at == 0 else 0):
            if match.start() < len(held) - _LONGEST_MAGIC or len(block) < _BLOCK:
                yield at + match.start()
        at, held = at + max(0, len(held) - _LONGEST_MAGIC), held[-_LONGEST_MAGIC:]
