"""Search every file of a folder for planted items: text, parts of zip files, tables of SQLite, sound also in pages."""

from __future__ import annotations

import base64
import io
import re
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline import media
from pipeline.core.errors import CrosstalkError
from pipeline.core.events import no_progress
from tests.redaction.spoken import tones_in

SOUNDS = (".wav", ".flac", ".mp3", ".m4a")
_SOUND_IN_PAGE = re.compile(rb'<script type="[\w/]+" id="sound">([^<]+)</script>')


def files_with(folder: Path, items: Sequence[str]) -> dict[str, set[str]]:
    """The planted items that are in each file, also hidden ones and in its name; files without any are left out."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            name = str(path.relative_to(folder))
            hits = {item for item in items if item in name} | set(_hits(path, items))
            if hits:
                found[name] = hits
    return found


def _hits(path: Path, items: Sequence[str]) -> Iterator[str]:
    content = path.read_bytes()
    if path.suffix in SOUNDS:
        yield from _spoken(content, items)
        content = b""  # samples may look like digits
    if (page := _SOUND_IN_PAGE.search(content)) is not None:
        sound = base64.b64decode(page[1])
        yield from _spoken(sound, items)
        content = content.replace(page[1], b"")
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"\n".join(archive.read(name) for name in archive.namelist())
    if content.startswith(b"SQLite format 3"):
        content += "\n".join(sqlite3.connect(path).iterdump()).encode()
    yield from (item for item in items if _stands_in(item, content))


def _stands_in(item: str, content: bytes) -> bool:
    """Whether an item is in the content, and not a part of a longer number, a time or a hash."""
    return re.search(rb"(?<![\da-f.])%s(?![\da-f])" % item.encode(), content) is not None


def _spoken(content: bytes, items: Sequence[str]) -> set[str]:
    try:
        _, decode = media.open_input(content)
        decoded = decode(no_progress)
    except CrosstalkError:
        return set()
    channels = [decoded.audio.samples] if decoded.audio.channels is None else list(decoded.audio.channels)
    words = {word.strip(".,?") for samples in channels for word in tones_in(samples)}
    return words & set(items)
