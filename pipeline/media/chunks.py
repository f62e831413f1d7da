"""Containers made of chunks (an id, a size, a payload): where their sound really ends, whatever the header says."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.media.magic import HEAD, kind_of
from pipeline.media.sniffing import is_text
from pipeline.media.view import View

_TAIL = 1 << 20
"""Bytes at a file's end in which chunks of metadata are looked for when no size says where they begin."""
_SMALL = 64
"""Bytes: less than that behind a recording is padding."""
_BLOCK = 1 << 20
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN", b"3DI")
_METADATA = frozenset(
    b"LIST|id3 |ID3 |bext|cue |smpl|iXML|axml|aXML|_PMX|fact|JUNK|junk|PEAK|acid|afsp|DISP|LGWV|umid|inst|note|labl|"
    b"plst|PAD |FLLR|NAME|AUTH|ANNO|(c) |MARK|COMT|APPL|INST|info|strg|mark|free|uuid|chan|minf|elm1|regn|SAUR|MD5 |"
    b"levl|cart|link|chna|Fake|SNDM|XMP ".split(b"|")
)
_BOXES = frozenset(b"ftyp|moov|mdat|free|skip|wide|moof|styp|sidx|pnot|uuid|mfra|meta|udta".split(b"|"))
_CONTAINERS = frozenset((b"RIFF", b"RF64", b"BW64", b"FORM", b"riff"))
_W64 = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_ASF_DATA = b"\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
_MAX_32, _MAX_64 = (1 << 32) - 1, (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Layout:
    """How a container's chunks lie: behind ``start`` bytes, an id of ``id_size`` bytes, a size (struct's format).

    ``inclusive`` sizes count the chunk's header; payloads are padded to a multiple of ``pad``. ``sound`` is the id of
    the chunk with the samples (empty: sizes of this container are not corrected), whose payload is ``empty`` bytes long
    when it holds none. ``open_size`` is what a decoder reads as "to the end"; None: it has to be given the right size.
    """

    start: int
    id_size: int
    size: str
    inclusive: bool
    pad: int
    sound: bytes
    empty: int = 0
    open_size: int | None = None

    @property
    def header(self) -> int:
        return self.id_size + struct.calcsize(self.size)


LAYOUTS = {
    "wav": Layout(12, 4, "<I", False, 2, b"data", 0, _MAX_32),
    "aiff": Layout(12, 4, ">I", False, 2, b"SSND", 8),
    "w64": Layout(40, 16, "<Q", True, 8, b"data" + _W64),
    "caf": Layout(8, 4, ">Q", False, 1, b"data", 4, _MAX_64),
    "asf": Layout(0, 16, "<Q", True, 1, _ASF_DATA, 26, _MAX_64),
    "mp4": Layout(0, 4, ">I", True, 1, b""),
}


@dataclass(frozen=True, slots=True)
class Extent:
    """``end`` of what the decoder is given, of what is ``known`` to belong to the recording, and corrected sizes.

    ``beyond`` bytes of sound lie behind the place where the header ends it; 0 when it leaves the end open.
    """

    end: int
    known: int
    beyond: int = 0
    patches: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk's id, where it begins, where its payload does and how long that is, and where the next chunk begins."""

    id: bytes
    at: int
    payload: int
    size: int
    end: int


def find_extent(view: View, layout: Layout) -> Extent:
    """How far a recording reaches that begins with the view's first byte."""
    at = layout.start
    sound: _Chunk | None = None
    chunks: list[_Chunk] = []
    for chunk in _chunks(view, layout):
        joined = None if layout.sound else _second_movie(chunks, chunk)
        if joined is not None:
            return Extent(joined, joined)
        if sound is None and layout.sound and chunk.id == layout.sound:
            sound = chunk
            if chunk.size <= layout.empty or chunk.size >= _unknown(layout):
                return _read_on(view, layout, chunk, chunk.payload)
        chunks.append(chunk)
        at = min(chunk.end, view.size)
    if at >= view.size or not chunks or _is_no_sound(view, at):
        return Extent(view.size, view.size)
    if sound is not None and chunks[-1] is sound and not kind_of(view.read_at(at, HEAD)):
        return _read_on(view, layout, sound, sound.payload + sound.size)
    return Extent(at, at)


def _unknown(layout: Layout) -> int:
    """A size from which on the field holds no size but "unknown" (all ones, or negative)."""
    return _MAX_32 if layout.size.endswith("I") else 1 << 63


def _chunks(view: View, layout: Layout, at: int | None = None) -> Iterator[_Chunk]:
    """The chunks from a place on, as long as they look like chunks."""
    at = layout.start if at is None else at
    long_size: int | None = None
    while (chunk := _chunk(view, layout, at)) is not None:
        if chunk.id == b"ds64" and layout.id_size == 4:
            long_size = int.from_bytes(view.read_at(chunk.payload + 8, 8), "little")
        if chunk.id == b"data" and chunk.size == _MAX_32 and long_size is not None:
            chunk = _Chunk(chunk.id, at, chunk.payload, long_size, chunk.payload + long_size + long_size % 2)
        yield chunk
        unpadded = chunk.payload + chunk.size
        no_padding = unpadded < chunk.end and not _chunk(view, layout, chunk.end) and _chunk(view, layout, unpadded)
        at = unpadded if no_padding else chunk.end


def _chunk(view: View, layout: Layout, at: int) -> _Chunk | None:
    """The chunk that begins at a place, or None when none does."""
    head = view.read_at(at, layout.header + 8)
    if len(head) < layout.header:
        return None
    id_, size = head[: layout.id_size], int(struct.unpack_from(layout.size, head, layout.id_size)[0])
    if not layout.sound:  # boxes carry their size first
        size, id_ = struct.unpack_from(">I4s", head)
        if size == 0:
            size = view.size - at
        elif size == 1:
            size = int.from_bytes(head[8:16], "big")
    if layout.id_size == 4 and (not (id_.isascii() and id_.decode("ascii").isprintable()) or id_ in _CONTAINERS):
        return None
    size -= layout.header if layout.inclusive else 0
    payload = at + layout.header
    if layout.sound and at > layout.start and kind_of(view.read_at(at, HEAD)):
        return None  # another recording begins here
    fits = 0 <= size <= view.size - payload
    if not fits and id_ not in _METADATA | _BOXES and id_ != layout.sound:
        return None
    end = payload + size
    return _Chunk(id_, at, payload, size, end + -end % layout.pad)


def _second_movie(chunks: list[_Chunk], chunk: _Chunk) -> int | None:
    """Where a second MP4 or QuickTime file begins, when this box belongs to one."""
    if chunk.id not in (b"ftyp", b"moov"):
        return None  # before anything is searched: a long recording has many boxes
    indexes = [number for number, one in enumerate(chunks) if one.id == b"moov"]
    if not indexes:
        return None
    if chunk.id == b"ftyp":
        return chunk.at
    first = chunks[indexes[0]]
    return first.end if any(one.id == b"mdat" for one in chunks[: indexes[0]]) else chunk.at


def _read_on(view: View, layout: Layout, sound: _Chunk, known: int) -> Extent:
    """The sound goes on behind its ``known`` bytes, up to the metadata at the end."""
    end = _before_metadata(view, layout, known)
    size = layout.open_size
    if size is None:
        size = end - sound.payload + (layout.header if layout.inclusive else 0)
    patches = {sound.payload - struct.calcsize(layout.size): struct.pack(layout.size, size)}
    if layout.sound == b"SSND":
        patches[4] = struct.pack(">I", end - 8)
    elif layout.open_size == _MAX_32:
        patches[0] = b"RIFF"  # with the sizes of an RF64 the decoder would not read on
    beyond = end - known if known > sound.payload else 0
    return Extent(end, view.size, beyond, patches)


def _before_metadata(view: View, layout: Layout, start: int) -> int:
    """Where the chunks begin that reach exactly to the view's end, or that end itself."""
    first = max(start, view.size - _TAIL)
    tail = view.read_at(first, _TAIL)
    if layout.id_size != 4:
        return view.size
    for match in re.finditer(b"|".join(re.escape(name) for name in sorted(_METADATA)), tail):
        at = first + match.start()
        ends = [chunk.end for chunk in _chunks(view, layout, at)]
        if ends and (view.size <= ends[-1] <= view.size + 1 or view.read_at(ends[-1], _BLOCK).startswith(_TAGS)):
            return at
    return view.size


def _is_no_sound(view: View, at: int) -> bool:
    """Whether what lies from a place on is padding, zeros, text, or tags."""
    head = view.read_at(at, HEAD)
    if view.size - at < _SMALL or head.startswith(_TAGS[:1] + _TAGS[2:]):
        return True
    if head.startswith(b"ID3") or is_text(head):
        return not kind_of(head[:10]) or not starts_mp3(view, at)
    view.seek(at)
    return all(not block.strip(b"\0") for block in iter(lambda: view.read(_BLOCK), b""))


def starts_mp3(view: View, at: int) -> bool:
    """Whether an ID3 tag lies at a place and is followed by an MPEG frame: then it begins a recording."""
    size = sum((byte & 127) << 7 * (3 - place) for place, byte in enumerate(view.read_at(at + 6, 4)))
    frame = view.read_at(at + 10 + size, 1 << 16).lstrip(b"\0")[:2]
    return len(frame) == 2 and frame[0] == 0xFF and frame[1] & 0xE0 == 0xE0
