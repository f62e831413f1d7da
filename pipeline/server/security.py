"""Who may use the server: tokens, cookies of the page, origins, hosts, headers of answers, requests of one address.

A request is refused in the shape of the audio API, before its body is read.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.server.api_errors import IGNORED, ApiError
from pipeline.server.settings import LOOPBACK, ServerSettings

OPEN_PATHS: Final = frozenset({"/", "/healthz", "/readyz"})
"""Paths that need no token: the page without any recording, and what a supervisor asks for."""
OPEN_PREFIX: Final = "/static/"
"""Beginning of further paths that need no token: the files of the page."""
SESSION_PATH: Final = "/session"
"""Where the page signs in (POST, which needs no token), asks whether it is signed in (GET), and signs out (DELETE)."""
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing; pages of other origins cannot read the answer."""
METHODS: Final = "GET, POST, PUT, DELETE"
"""Methods that pages of allowed origins may use."""
SESSION_SECONDS: Final = 12 * 3600.0
"""Seconds for which a browser is signed in. Chosen by hand, a working day; shorter asks more often for the token."""
MOST_SESSIONS: Final = 1000
"""Most browsers that are signed in at once; one more ends the oldest session. Chosen by hand, to bound memory."""
PREFLIGHT_SECONDS: Final = 600
"""Seconds for which a browser remembers that an origin is allowed. Chosen by hand; browsers cap it at 2 h."""
BUSY_SECONDS: Final = 5
"""Seconds after which an address with too many requests may try again. Chosen by hand: a short request takes less."""
PAGE_POLICY: Final = "frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'none'"
"""Content-Security-Policy of HTML: each page of a transcript brings its stricter one, with the hashes of its script."""
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of all other answers: they are data."""
_PLACE: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::\d+)?")
"""A host, and a port where it is not the usual one, as in the headers Host and Origin."""
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cache-Control": "no-store",
}
"""Headers of all answers, where the route has set no other."""


def install(app: FastAPI, settings: ServerSettings) -> None:
    """Protect an application. Other middleware of the application sees refused requests too."""
    app.state.sessions = Sessions(settings.port)
    app.user_middleware.append(Middleware(Guard, settings, app.state.sessions))
    app.add_middleware(SecurityHeaders)


class Sessions:
    """The browsers that have signed in, in memory: each has a random id in a cookie, which is not the token."""

    def __init__(self, port: int, now: Callable[[], float] = time.monotonic) -> None:
        self.cookie = f"crosstalk-session-{port}"
        """Its name: browsers send a cookie to all ports of a host."""
        self._now = now
        self._ends: dict[str, float] = {}

    def open(self) -> str:
        """The id of a new session."""
        if len(self._ends) >= MOST_SESSIONS:
            del self._ends[next(iter(self._ends))]
        fresh = secrets.token_urlsafe(32)
        self._ends[fresh] = self._now() + SESSION_SECONDS
        return fresh

    def find(self, headers: Headers) -> str | None:
        """The id in the cookie of a request, if its session has not ended."""
        found = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        end = self._ends.get(found)
        if end is None:
            return None
        if end <= self._now():
            self.close(found)
            return None
        return found

    def close(self, session: str) -> None:
        """End a session."""
        self._ends.pop(session, None)


class SecurityHeaders:
    """ASGI middleware: the headers that keep a browser from misusing an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                is_page = headers.get("content-type", "").startswith("text/html")
                headers.setdefault("Content-Security-Policy", PAGE_POLICY if is_page else DATA_POLICY)
            await send(message)

        await self.app(scope, receive, protected if scope["type"] == "http" else send)


class Guard:
    """ASGI middleware: refuses what may not use the server."""

    def __init__(self, app: ASGIApp, settings: ServerSettings, sessions: Sessions) -> None:
        self.app, self._settings, self._sessions = app, settings, sessions
        self._in_progress: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        allowed = headers.get("origin") if headers.get("origin") in self._settings.origins else None
        reply = _shared(send, allowed) if self._settings.origins else send
        try:
            if is_preflight(scope["method"], headers):
                check_host(headers, self._settings)
                await _preflight(allowed, headers)(scope, receive, reply)
                return
            self._check(scope, headers)
            address = self._enter(scope)
        except ApiError as error:
            await refusal(error)(scope, receive, reply)
            return
        try:
            await self.app(scope, receive, reply)
        finally:
            self._leave(address)

    def _check(self, scope: Scope, headers: Headers) -> None:
        check_host(headers, self._settings)
        check_origin(scope["method"], headers, self._settings)
        if needs_token(scope["method"], scope["path"]) and self._sessions.find(headers) is None:
            check_token(headers, self._settings)

    def _enter(self, scope: Scope) -> str:
        """The address that a request counts for; "" where it does not count."""
        if scope["method"] not in ("POST", "PUT"):
            return ""
        address = str(scope["client"][0]) if scope.get("client") else "?"
        if self._in_progress[address] >= self._settings.per_client:
            message = f"this address has {self._settings.per_client} requests in progress, the most that it may have"
            raise ApiError(429, message, "too_many_requests", retry_after=BUSY_SECONDS)
        self._in_progress[address] += 1
        return address

    def _leave(self, address: str) -> None:
        self._in_progress[address] -= 1
        if self._in_progress[address] <= 0:
            del self._in_progress[address]


def needs_token(method: str, path: str) -> bool:
    """Whether a request must present the token, where the server has one."""
    is_open = path in OPEN_PATHS or path.startswith(OPEN_PREFIX) or (method, path) == ("POST", SESSION_PATH)
    return not is_open


def check_host(headers: Headers, settings: ServerSettings) -> None:
    """Raise `ApiError` where a server for this machine is called by a foreign name.

    A page on the internet may let its name point to this machine (DNS rebinding); its requests carry that name. Hosts
    of allowed origins are names under which a reverse proxy offers the server.
    """
    if not settings.is_local:
        return
    allowed = {*LOOPBACK, *(_host_name(origin.partition("://")[2]) for origin in settings.origins)}
    if _host_name(headers.get("host", "")) not in allowed - {""}:
        raise ApiError(403, "this server answers under the names of this machine only", "host_not_allowed")


def check_origin(method: str, headers: Headers, settings: ServerSettings) -> None:
    """Raise `ApiError` for a request that changes something and comes from the page of an origin without permission."""
    origin = headers.get("origin")
    if method in SAFE or origin is None or origin in settings.origins:
        return
    host = headers.get("host", "").lower()
    if origin.lower() not in (f"http://{host}", f"https://{host}"):
        raise ApiError(403, "pages of this origin may not use the server", "origin_not_allowed")


def check_token(headers: Headers, settings: ServerSettings) -> None:
    """Raise `ApiError` where the server has a token and the request does not present it."""
    if settings.token is None:
        return
    scheme, _, given = headers.get("authorization", "").partition(" ")
    sent = given.strip().encode("latin-1").decode("utf-8", "surrogateescape")
    if scheme.lower() == "bearer" and is_token(sent, settings.token):
        return
    what = "the token is not the one of this server" if given else "a token is needed (Authorization: Bearer …)"
    raise ApiError(401, what, "invalid_api_key")


def is_token(given: str, token: str) -> bool:
    """Whether ``given`` is the token, in a time that tells nothing of it."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode("utf-8", "surrogateescape"))


def is_preflight(method: str, headers: Headers) -> bool:
    """Whether a browser asks, for a page of another origin, if a request is allowed."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def refusal(error: ApiError) -> Response:
    """An error as an answer."""
    extra = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return JSONResponse(error.body, error.status, headers={**error.headers, **extra})


def _preflight(origin: str | None, headers: Headers) -> Response:
    if origin is None:
        return refusal(ApiError(403, "pages of this origin may not use the server", "origin_not_allowed"))
    allowed = {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": headers.get("access-control-request-headers", ""),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
    return Response(status_code=204, headers=allowed)


def _shared(send: Send, origin: str | None) -> Send:
    """``send`` with the headers that let the page of an allowed origin read the answer; never with cookies."""

    async def shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Origin")
            if origin is not None:
                headers["Access-Control-Allow-Origin"] = origin
                headers["Access-Control-Expose-Headers"] = f"Retry-After, {IGNORED}, Content-Disposition"
        await send(message)

    return shared


def _host_name(place: str) -> str:
    """The name in ``name:port``, in small letters; "" where it is malformed."""
    found = _PLACE.fullmatch(place)
    return found[1].lower().strip("[]") if found else ""
