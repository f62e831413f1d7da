"""Requests with multipart bodies, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.types import Message

from pipeline.server.settings import ServerSettings
from pipeline.server.uploads import Form, receive_form
from tests import world
from tests.server.event_loop import run

BOUNDARY = "b0undary"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
Part = tuple[str, str | None, bytes]
"""The field of a part, its file name if it is a file, and its content."""


def settings(folder: Path, **changes: object) -> ServerSettings:
    """Settings of a server in the synthetic world."""
    return ServerSettings(config=world.settings(), preset="default", folder=folder, **changes)  # type: ignore[arg-type]


def body_of(parts: Iterable[Part], boundary: str = BOUNDARY) -> bytes:
    """The parts as browsers and SDKs send them."""
    pieces = []
    for name, filename, content in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        pieces.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode())
        pieces += [content, b"\r\n"]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])


def request_of(chunks: Sequence[bytes], kind: str = MULTIPART, length: int | None = None, ends: str = "") -> Request:
    """A request whose body comes in these chunks; then it ``ends``: in silence ("stall") or by the client ("gone")."""
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if ends == "gone":
        messages.append({"type": "http.disconnect"})
    elif not ends:
        messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    headers = [(b"content-type", kind.encode())]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}, receive)


def received(request: Request, folder: Path, limits: ServerSettings) -> Form:
    """The form of a request."""
    return run(receive_form(request, folder, limits))
