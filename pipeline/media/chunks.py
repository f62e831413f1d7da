"""The true end of the audio in containers made of chunks (id, size, payload), if header sizes are wrong."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.media.magic import HEAD, kind_of
from pipeline.media.sniffing import is_text
from pipeline.media.view import View

_TAIL = 1 << 20
"""Bytes at the end of a file searched for metadata chunks if no size gives their position. Chosen by hand."""
_MAX_PADDING = 64
"""Fewer bytes than this after a recording are padding. Chosen by hand."""
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
    """Layout of the chunks of a container: after ``start`` bytes, an id of ``id_size`` bytes and a size (struct).

    ``inclusive``: sizes include the chunk header. ``pad``: payloads are padded to a multiple of it. ``sound``: id of
    the chunk with samples (empty: sizes of this container are not corrected). ``empty``: length of its payload without
    samples. ``open_size``: size that a decoder reads as "to the end"; None if it needs the correct size.
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
    """Extent of a recording in bytes.

    ``end``: end of the bytes given to the decoder. ``known``: end of the bytes that belong to the recording.
    ``beyond``: bytes of audio after the end stated in the header; 0 if the header leaves it open. ``patches``:
    corrected sizes by position.
    """

    end: int
    known: int
    beyond: int = 0
    patches: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Id, start, payload start, payload size and end (start of the next chunk) of a chunk, in bytes."""

    id: bytes
    at: int
    payload: int
    size: int
    end: int


def find_extent(view: View, layout: Layout) -> Extent:
    """Extent of the recording that begins at the first byte of the view."""
    at = layout.start
    sound: _Chunk | None = None
    chunks: list[_Chunk] = []
    for chunk in _chunks(view, layout):
        second = None if layout.sound else _second_movie(chunks, chunk)
        if second is not None:
            return Extent(second, second)
        if sound is None and layout.sound and chunk.id == layout.sound:
            sound = chunk
            if chunk.size <= layout.empty or chunk.size >= _min_unknown_size(layout):
                return _extended(view, layout, chunk, chunk.payload)
        chunks.append(chunk)
        at = min(chunk.end, view.size)
    if at >= view.size or not chunks or _is_not_audio(view, at):
        return Extent(view.size, view.size)
    if sound is not None and chunks[-1] is sound and not kind_of(view.read_at(at, HEAD)):
        return _extended(view, layout, sound, sound.payload + sound.size)
    return Extent(at, at)


def _min_unknown_size(layout: Layout) -> int:
    """The smallest value of a size field that means "unknown" (all ones, or negative)."""
    return _MAX_32 if layout.size.endswith("I") else 1 << 63


def _chunks(view: View, layout: Layout, at: int | None = None) -> Iterator[_Chunk]:
    """The chunks from a position on, up to the first bytes that are not a chunk."""
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
    """The chunk that begins at a position; None if no chunk begins there."""
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
    """Start of a second MP4 or QuickTime file if this box belongs to one."""
    if chunk.id not in (b"ftyp", b"moov"):
        return None  # checked first: a long recording has many boxes
    indexes = [number for number, one in enumerate(chunks) if one.id == b"moov"]
    if not indexes:
        return None
    if chunk.id == b"ftyp":
        return chunk.at
    first = chunks[indexes[0]]
    return first.end if any(one.id == b"mdat" for one in chunks[: indexes[0]]) else chunk.at


def _extended(view: View, layout: Layout, sound: _Chunk, known: int) -> Extent:
    """The extent if audio continues after its ``known`` bytes, up to the metadata at the end."""
    end = _before_metadata(view, layout, known)
    size = layout.open_size
    if size is None:
        size = end - sound.payload + (layout.header if layout.inclusive else 0)
    patches = {sound.payload - struct.calcsize(layout.size): struct.pack(layout.size, size)}
    if layout.sound == b"SSND":
        patches[4] = struct.pack(">I", end - 8)
    elif layout.open_size == _MAX_32:
        patches[0] = b"RIFF"  # with the sizes of RF64 the decoder would stop at the old end
    beyond = end - known if known > sound.payload else 0
    return Extent(end, view.size, beyond, patches)


def _before_metadata(view: View, layout: Layout, start: int) -> int:
    """Start of the chunks that reach exactly to the end of the view; its end without such chunks."""
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


def _is_not_audio(view: View, at: int) -> bool:
    """Whether the bytes from a position on are padding, zeros, text or tags."""
    head = view.read_at(at, HEAD)
    if view.size - at < _MAX_PADDING or head.startswith(_TAGS[:1] + _TAGS[2:]):
        return True
    if head.startswith(b"ID3") or is_text(head):
        return not kind_of(head[:10]) or not starts_mp3(view, at)
    view.seek(at)
    return all(not block.strip(b"\0") for block in iter(lambda: view.read(_BLOCK), b""))


def starts_mp3(view: View, at: int) -> bool:
    """Whether an ID3 tag at a position is followed by an MPEG frame, which means that a recording begins."""
    size = sum((byte & 127) << 7 * (3 - place) for place, byte in enumerate(view.read_at(at + 6, 4)))
    frame = view.read_at(at + 10 + size, 1 << 16).lstrip(b"\0")[:2]
    return len(frame) == 2 and frame[0] == 0xFF and frame[1] & 0xE0 == 0xE0
