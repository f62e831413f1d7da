"""Multipart bodies: fields stay in memory, within limits; files go to disk as they come, under names of this module."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from pipeline.formats.sanitize import clean
from pipeline.server.api_errors import ApiError
from pipeline.server.bodies import chunks, raise_if_full
from pipeline.server.settings import ServerSettings

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS: Final = 200
"""Most parts of a body. Chosen by hand, far above any request of the API; a larger value takes more memory."""
FIELD_BYTES: Final = 2_000_000
"""Largest field in bytes. Chosen by hand, far above any text that the API takes."""
REFERENCE_BYTES: Final = 8_000_000
"""Largest field with a recording in it, in bytes: ten seconds of 48 kHz stereo take 2.6 MB as a data URL. Chosen by
hand; a larger value lets a body take more memory."""
FIELDS_BYTES: Final = 16_000_000
"""All fields of a body together, in bytes: four such recordings. A larger value lets a body take more memory."""
_REFERENCES: Final = "known_speaker_references"
_BATCH: Final = 262_144
"""Bytes of files that are collected before they are written. Chosen by hand; fewer cost more changes of thread."""
_NAME_LENGTH: Final = 200
"""Most characters of a file's name that are kept. Chosen by hand, below the limit of file systems."""
_SUFFIX: Final = re.compile(r".*(\.[A-Za-z0-9]{1,8})", re.ASCII | re.DOTALL)
"""A file's name with the end that is kept: decoders of some formats without a header go by it."""
_PLAIN: Final = (b"7bit", b"8bit", b"binary")
"""Encodings of a part that change nothing; others are obsolete (RFC 7578, section 4.7)."""

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # its warnings quote bodies


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file of a body: where it lies, its name by the client (for people only), and its size in bytes."""

    path: Path
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Form:
    """A body: its fields in order, and its files by field."""

    fields: Sequence[tuple[str, str]] = ()
    files: Mapping[str, Uploaded] = field(default_factory=dict)


async def receive_form(request: Request, folder: Path, settings: ServerSettings) -> Form:
    """The multipart body of a request, its files in ``folder``; raises `ApiError`, and then no file is left."""
    parts = _Parts(folder)
    try:
        parser = MultipartParser(_boundary(request), parts.callbacks)
        async for chunk in chunks(request, settings.max_upload, settings.stall):
            parser.write(chunk)
            await parts.write(_BATCH)
        await parts.write(0)
        return parts.form()
    except BaseException as error:
        await asyncio.to_thread(parts.discard)
        if isinstance(error, FormParserError):
            raise ApiError(400, f"the body is not valid multipart: {error}", "invalid_multipart") from error
        if isinstance(error, OSError):
            raise_if_full(error)
        raise


@dataclass(slots=True)
class _Part:
    """The part that is being read: its field, and its file or (without one) its content."""

    name: str
    file: BinaryIO | None = None
    uploaded: Uploaded | None = None
    size: int = 0
    content: bytearray = field(default_factory=bytearray)


class _Parts:
    """What the parser finds. Its callbacks only collect; `write` brings files to disk in another thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = self._text = 0
        self._header, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._part: _Part | None = None
        self._is_complete = False
        self._fields: list[tuple[str, str]] = []
        self._files: dict[str, Uploaded] = {}
        self._opened: list[tuple[BinaryIO, Path]] = []
        self._unwritten: list[tuple[BinaryIO, bytes | None]] = []
        self._waiting = 0

    @property
    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._open,
            "on_part_data": self._add,
            "on_part_end": self._end,
            "on_end": self._complete,
        }

    def form(self) -> Form:
        """What was found; `ApiError` for a body that was cut off."""
        if not self._is_complete:
            raise ApiError(400, "the body ends before its last boundary", "invalid_multipart")
        return Form(tuple(self._fields), dict(self._files))

    async def write(self, least: int) -> None:
        """Bring to disk what was collected, if it is at least ``least`` bytes."""
        if self._unwritten and self._waiting >= least:
            batch, self._unwritten, self._waiting = self._unwritten, [], 0
            await asyncio.to_thread(_write, batch)

    def discard(self) -> None:
        """Close and delete all files."""
        for file, path in self._opened:
            with suppress(OSError):  # what its buffer holds may not fit on the disk
                file.close()
            path.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._count += 1
        if self._count > MAX_PARTS:
            raise ApiError(400, f"the body has more than {MAX_PARTS} parts", "invalid_multipart")
        self._headers = {}

    def _end_header(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value).strip()
        self._header, self._value = bytearray(), bytearray()

    def _open(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or not options.get(b"name"):
            raise ApiError(400, "a part of the body has no name", "invalid_multipart")
        name = _text(options[b"name"], None)
        if self._headers.get(b"content-transfer-encoding", b"binary").lower() not in _PLAIN:
            raise ApiError(400, f"the part {name} is encoded; send it as it is", "invalid_multipart", name)
        self._part = _Part(name)
        if b"filename" in options:
            self._open_file(self._part, shown_name(options[b"filename"].decode("utf-8", "replace")))

    def _open_file(self, part: _Part, shown: str) -> None:
        if part.name in self._files:
            raise ApiError(400, f"the file {part.name} is there twice; send one", "invalid_value", part.name)
        suffix = _SUFFIX.fullmatch(shown)
        path = self._folder / f"upload-{len(self._files)}{suffix[1].lower() if suffix else ''}"
        part.file, part.uploaded = path.open("xb"), Uploaded(path, shown, 0)
        self._opened.append((part.file, path))
        self._files[part.name] = part.uploaded

    def _add(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        assert part is not None
        part.size += end - start
        if part.file is not None:
            self._unwritten.append((part.file, data[start:end]))
            self._waiting += end - start
            return
        self._text += end - start
        most = REFERENCE_BYTES if part.name.startswith(_REFERENCES) else FIELD_BYTES
        if part.size > most or self._text > FIELDS_BYTES:
            raise ApiError(400, f"the field {part.name} is too long", "invalid_value", part.name)
        part.content += data[start:end]

    def _end(self) -> None:
        part, self._part = self._part, None
        assert part is not None
        if part.file is None or part.uploaded is None:
            self._fields.append((part.name, _text(bytes(part.content), part.name)))
            return
        self._files[part.name] = Uploaded(part.uploaded.path, part.uploaded.name, part.size)
        self._unwritten.append((part.file, None))

    def _complete(self) -> None:
        self._is_complete = True


def shown_name(name: str) -> str:
    """A file's name as people see it: without folders, on one line, of a limited length."""
    return clean(re.split(r"[/\\]", name)[-1])[-_NAME_LENGTH:] or "recording"


def _write(batch: Sequence[tuple[BinaryIO, bytes | None]]) -> None:
    """Write to each file, and close it at None."""
    for file, data in batch:
        if data is None:
            file.close()
        else:
            file.write(data)


def _text(content: bytes, name: str | None) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        what = "the name of a part" if name is None else f"the field {name}"
        raise ApiError(400, f"{what} is not UTF-8", "invalid_value", name) from error


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise ApiError(400, "the body must be multipart/form-data with a boundary", "invalid_multipart")
    return options[b"boundary"]
