"""Errors in the shape of the audio API: a status, and ``{"error": {"message", "type", "param", "code"}}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pipeline.core.errors import CrosstalkError, InputError, ResourceError, SettingsError, printable
from pipeline.server.work import Failed, FailureKind

_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_OF_FAILURE: Final[Mapping[FailureKind, tuple[int, str]]] = {
    "recording": (400, "invalid_recording"),
    "request": (400, "invalid_value"),
    "machine": (503, "machine"),
    "model": (500, "model_failed"),
    "limit": (413, "recording_too_long"),
    "crash": (500, "worker_died"),
}
"""Status and code of each kind of failure."""
_PLACE: Final = re.compile(r"([a-z_]+)(?:\[\d+\])?: ")
"""The field at fault at the beginning of a message."""
CLIENT_GONE: Final = 499
"""Status that is counted for a client that closed the connection: as in nginx. It is never received."""
IGNORED: Final = "Crosstalk-Ignored"
"""Header of an answer that names the fields without effect."""


class ApiError(Exception):
    """An answer that is an error. ``param`` is the field at fault, ``retry_after`` seconds until another try."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.status, self.message, self.code = status, message, code
        self.param, self.retry_after = param, retry_after
        super().__init__(message)

    @property
    def body(self) -> dict[str, Any]:
        """What the client gets."""
        kind = _TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        param = None if self.param is None else printable(self.param)
        content = {"message": printable(self.message), "type": kind, "param": param, "code": self.code}
        return {"error": content}

    @property
    def headers(self) -> dict[str, str]:
        """``Retry-After`` where another try is worth it; after a 500 it is not, says a header to SDKs."""
        if self.status == 500:
            return {"x-should-retry": "false"}
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


def of_failure(failed: Failed) -> ApiError:
    """The answer to work without a result."""
    status, code = _OF_FAILURE[failed.kind]
    place = _PLACE.match(failed.message) if failed.kind in ("recording", "request") else None
    return ApiError(status, failed.message, code, param=place[1] if place else None)


def queue_full(seconds: int) -> ApiError:
    """The answer where the queue takes no more: another try is worth it after ``seconds``."""
    return ApiError(429, f"the queue is full; try again in {seconds} s", "queue_full", retry_after=seconds)


def client_gone() -> ApiError:
    """The end of a request whose client closed the connection."""
    return ApiError(CLIENT_GONE, "the client closed the connection", "client_gone")


def of_error(error: CrosstalkError, param: str | None = None) -> ApiError:
    """The answer to an error that was met before any work."""
    return ApiError(*_status(error), param=param)


def kind_of(error: CrosstalkError) -> FailureKind:
    """The kind of failure that an error in a worker is."""
    if isinstance(error, InputError):
        return "recording"
    if isinstance(error, ResourceError):
        return "machine"
    return "request" if isinstance(error, SettingsError) else "model"


def problem_of(error: CrosstalkError) -> str:
    """What is wrong and what to do, without the place, which is a path of this machine."""
    return printable(f"{error.what}; {error.hint}" if error.hint else error.what)


def _status(error: CrosstalkError) -> tuple[int, str, str]:
    status, code = _OF_FAILURE[kind_of(error)]
    return status, problem_of(error), code
