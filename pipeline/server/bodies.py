"""Bodies of requests as they come, within limits of size and of the time without a byte."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import ClientDisconnect, Request

from pipeline.server.api_errors import ApiError, client_gone

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


async def chunks(request: Request, most: int, stall: float) -> AsyncIterator[bytes]:
    """A body as it comes; `ApiError` for over ``most`` bytes, ``stall`` seconds without one, a client that leaves."""
    _check_size(request.headers.get("content-length"), most)
    size, stream = 0, request.stream()
    while True:
        try:
            async with asyncio.timeout(stall):
                chunk = await anext(stream, b"")
        except TimeoutError as error:
            raise ApiError(408, f"no byte of the body came within {stall:g} s", "upload_stalled") from error
        except ClientDisconnect as error:
            raise client_gone() from error
        if not chunk:
            return
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        yield chunk


def raise_if_full(error: OSError) -> None:
    """Raise `ApiError` where a file was not written because the disk is full."""
    if error.errno in _FULL:
        raise ApiError(507, "the disk of the server is full; try again later", "disk_full") from error


def _check_size(announced: str | None, most: int) -> None:
    """Refuse a body that is announced as too large before any of it is read."""
    if announced is not None and announced.isascii() and announced.isdecimal() and int(announced) > most:
        raise _too_large(most)


def _too_large(most: int) -> ApiError:
    return ApiError(413, f"the body is larger than {most:,} bytes", "too_large")
