"""The page at ``/``, its files, and signing in.

The files lie below ``/static/`` as they lie in the package, so that its modules may import those of the page of
corrections. They are read once, at the start.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import pipeline
from pipeline.config.languages import english_names
from pipeline.server.api_errors import ApiError
from pipeline.server.bodies import chunks
from pipeline.server.context import context_of
from pipeline.server.security import SESSION_PATH, SESSION_SECONDS, Sessions, is_token
from pipeline.server.settings import ServerSettings

FOLDER: Final = "server/page"
"""Where the page lies in the package."""
SHARED: Final = ("formats/page/dom.js",)
"""Modules of the page of corrections that the page imports."""
MEDIA_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""The files that are served, by their suffix."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: its own files, requests to its server, the recording just made."""
LARGEST_FORM: Final = 10_000
"""Largest body of a sign-in in bytes. Chosen by hand: a token has less than a hundred."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of the page; ``tag`` identifies its content (ETag)."""

    content: bytes
    media_type: str
    tag: str


def routes() -> APIRouter:
    """The routes of the page."""
    router = APIRouter()
    files, template = read_files(), _package(FOLDER, "index.html").read_text(encoding="utf-8")

    async def page(request: Request) -> Response:
        content = render(template, context_of(request).settings)
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
        return Response(content, media_type="text/html", headers=headers)

    async def static(request: Request, name: str) -> Response:
        found = files.get(name)
        if found is None:
            raise ApiError(404, "the page has no such file", "not_found")
        return _static(found, request.headers.get("if-none-match", ""))

    router.add_api_route("/", page, methods=["GET", "HEAD"])
    router.add_api_route("/static/{name:path}", static, methods=["GET", "HEAD"])
    router.add_api_route(SESSION_PATH, _signed_in, methods=["GET"])
    router.add_api_route(SESSION_PATH, _sign_in, methods=["POST"])
    router.add_api_route(SESSION_PATH, _sign_out, methods=["DELETE"])
    return router


def read_files() -> Mapping[str, StaticFile]:
    """The files of the page by their place in the package."""
    own = [f"{FOLDER}/{path.name}" for path in sorted(_package(FOLDER).iterdir()) if path.suffix in MEDIA_TYPES]
    return {name: _read(name) for name in (*own, *SHARED)}


def render(template: str, settings: ServerSettings) -> str:
    """The page of a server: its limits, whether it has a token, and the languages."""
    languages = sorted(english_names().items(), key=lambda item: item[1])
    parts = {
        "{{max-upload}}": str(settings.max_upload),
        "{{keep}}": f"{settings.keep:g}",
        "{{token}}": "yes" if settings.token is not None else "no",
        "{{languages}}": "".join(f'<option value="{code}">{html.escape(name)}</option>' for code, name in languages),
    }
    for name, value in parts.items():
        template = template.replace(name, value)
    return template


async def _signed_in() -> Response:
    """Whether this browser may use the server; who may not does not get here."""
    return Response(status_code=204)


async def _sign_in(request: Request) -> Response:
    settings, sessions = context_of(request).settings, _sessions(request)
    given = await _token_field(request, settings.stall)
    if settings.token is not None and not is_token(given, settings.token):
        raise ApiError(401, "the token is not the one of this server", "invalid_api_key", "token")
    response = Response(status_code=204)
    response.set_cookie(
        sessions.cookie,
        sessions.open(),
        max_age=int(SESSION_SECONDS),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response


async def _sign_out(request: Request) -> Response:
    sessions = _sessions(request)
    if (session := sessions.find(request.headers)) is not None:
        sessions.close(session)
    response = Response(status_code=204)
    response.delete_cookie(sessions.cookie, httponly=True, samesite="strict")
    return response


async def _token_field(request: Request, stall: float) -> str:
    """The field ``token`` of a short form; raises `ApiError` for anything else."""
    body = b"".join([part async for part in chunks(request, LARGEST_FORM, stall)])
    tokens = [value for name, value in parse_qsl(body.decode("utf-8", "replace")) if name == "token"]
    if len(tokens) != 1:
        raise ApiError(400, "the form has no token", "missing_field", "token")
    return tokens[0]


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def _static(file: StaticFile, known: str) -> Response:
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    if file.tag in (tag.strip() for tag in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)


def _read(name: str) -> StaticFile:
    content = _package(name).read_bytes()
    return StaticFile(content, MEDIA_TYPES[Path(name).suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def _package(*parts: str) -> Path:
    return Path(pipeline.__file__).parent.joinpath(*parts)
