"""Files as answers: opened at once, so that a file that is deleted meanwhile is sent to its end."""

from __future__ import annotations

import asyncio
import mimetypes
import os
from pathlib import Path
from typing import Final
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pipeline.formats.sanitize import clean

CHUNK: Final = 262_144
"""Bytes that are read at once. Chosen by hand; a larger value takes more memory for each answer in progress."""
PAGES: Final = (".html",)
"""Suffixes that a browser shows; others are for keeping."""


class FileDownload(Response):
    """The file at a path as ``name`` with ``suffix``; raises `FileNotFoundError`. It must be sent, which closes it."""

    def __init__(self, path: Path, name: str, suffix: str) -> None:
        self._file = path.open("rb")
        is_page = suffix.endswith(PAGES)
        headers = {
            "Content-Length": str(os.fstat(self._file.fileno()).st_size),
            "Content-Type": media_type(suffix),
            "Content-Disposition": disposition(f"{name}{suffix}", "inline" if is_page else "attachment"),
        }
        self.status_code, self.background = 200, None
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while chunk := await asyncio.to_thread(self._file.read, CHUNK):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()


def media_type(suffix: str) -> str:
    """The media type of files with a suffix; all texts are UTF-8."""
    kind = mimetypes.guess_type(f"file{suffix}")[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def disposition(name: str, kind: str) -> str:
    """A header ``Content-Disposition`` (RFC 6266): the name as it is, and for old clients in ASCII."""
    text = clean(name).replace("/", "_").replace("\\", "_")
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"%;' else "_" for c in text)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(text, safe='', errors='replace')}"
