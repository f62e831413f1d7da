"""The recordings in a file, ready to be opened: usually one, several if files were concatenated."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, BinaryIO

import av
from av.container import InputContainer
from av.error import FFmpegError

from pipeline.core.errors import InputError
from pipeline.core.types import Notice
from pipeline.media import Limits
from pipeline.media.headerless import CODINGS, Coding, hint_for
from pipeline.media.magic import HEAD, kind_of
from pipeline.media.parts import Part
from pipeline.media.sniffing import Content, Head, find_head, inspect, refuse_archives
from pipeline.media.view import View

FORMATS = (
    "wav w64 aiff au caf voc nistsphere flac wv ogg mp3 aac ac3 eac3 amr amrnb amrwb gsm "
    "mov matroska avi asf flv mpeg mpegts mulaw alaw s16le g722"
)
_OPTIONS = {"format_whitelist": FORMATS.replace(" ", ","), "protocol_whitelist": "none"}
_TEXT_ERRORS: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
"""Metadata that is not UTF-8 must not refuse a recording; PyAV 19 replaces its bytes by default."""


class _Unnamed:
    """A file without its name: FFmpeg guesses formats by suffixes and interprets patterns in names."""

    def __init__(self, file: View) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


@dataclass(frozen=True, slots=True)
class Source:
    """One recording in a file: its bytes and their properties; ``coding`` is assumed if there is no header.

    ``beyond``: bytes at its end that are read as audio, after the end stated in the header.
    """

    view: View
    name: str
    content: Content
    head: Head
    coding: Coding | None = None
    hint: str = "convert it to WAV, FLAC, MP3 or M4A"
    beyond: int = 0

    def open(self) -> InputContainer:
        """A new container at its start; raises ``InputError`` if the bytes are not a recording."""
        self.view.seek(0)
        options = _OPTIONS | (self.coding.options if self.coding else {})
        try:
            container: InputContainer = av.open(
                _Unnamed(self.view),
                "r",
                format=self.coding.format if self.coding else None,
                options=options,
                **_TEXT_ERRORS,
            )
        except (FFmpegError, OSError, ValueError):
            what = "is not a recording in a known format, or is damaged at its beginning"
            raise InputError(what, where=self.name, hint=self.hint) from None
        return container

    @property
    def notices(self) -> list[Notice]:
        """Notices about assumptions on the bytes."""
        notices = []
        if self.coding is not None:
            message = f"the file has no header; according to its name it was read as {self.coding.description}"
            notices.append(Notice("headerless", message))
        if self.beyond:
            message = f"the size in the header is wrong: {self.beyond} bytes after the stated end were read as audio"
            notices.append(Notice("wrong_size", message))
        return notices


def first_source(file: BinaryIO, name: str, limits: Limits, suffix: str) -> Source:
    """The whole file as one recording. Raises ``InputError`` if its first bytes are not those of a recording."""
    whole = View(file)
    head = whole.read(HEAD)
    whole.seek(0)
    if suffix in CODINGS and not kind_of(head):
        refuse_archives(head, name)
        return Source(whole, name, Content(False, None), Head(0, whole.size, False), CODINGS[suffix])
    source = Source(whole, name, inspect(whole, name, limits), find_head(whole))
    hint = "" if kind_of(head) else hint_for(suffix)
    return dataclasses.replace(source, hint=hint) if hint else source


def part_source(part: Part, name: str, limits: Limits) -> Source:
    """One of several recordings in a file; raises ``InputError`` like `first_source`."""
    return Source(part.view, name, inspect(part.view, name, limits), find_head(part.view), beyond=part.beyond)


def kind_of_container(container: InputContainer) -> str:
    """The first of FFmpeg's names for the container's format."""
    return container.format.name.split(",")[0]
