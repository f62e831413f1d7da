"""Requests to an ASGI application without a network, and parts of a server that stand in for workers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message

from pipeline.config.schema import Config
from pipeline.server import operation, page_routes, security
from pipeline.server.api_errors import ApiError
from pipeline.server.context import Context
from pipeline.server.metrics import Metrics
from pipeline.server.settings import ServerSettings
from tests.server.event_loop import run


@dataclass(frozen=True)
class Answer:
    """An answer; ``status`` is 0 without one."""

    status: int
    headers: Headers
    body: bytes

    @property
    def code(self) -> str:
        """The code of an error in the shape of the API."""
        error = json.loads(self.body)["error"]
        assert error.keys() == {"message", "type", "param", "code"}
        return str(error["code"])


def call(
    app: ASGIApp,
    path: str = "/",
    method: str = "GET",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    body: bytes | None = b"",
    client: str = "127.0.0.1",
) -> Answer:
    """The answer to a request; without a ``body`` none arrives."""
    return run(answer(app, path, method, headers, body, client))


async def answer(
    app: ASGIApp,
    path: str = "/",
    method: str = "GET",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    body: bytes | None = b"",
    client: str = "127.0.0.1",
) -> Answer:
    """The same inside an event loop."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    if not any(name.lower() == "host" for name, _ in pairs):
        pairs.append(("Host", "127.0.0.1:8000"))
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in pairs],
        "client": (client, 50000), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    sent: list[Message] = []
    parts = [] if body is None else [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if parts:
            return parts.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if not sent:
        return Answer(0, Headers(), b"")
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), content)


@dataclass
class Load:
    """Stands for a dispatcher: how busy it is, and why it cannot work."""

    waiting: int = 0
    running: int = 0
    ready: int = 1
    problem: str | None = None


@dataclass
class Probe:
    """An application that notes which requests reach it and answers "ok"."""

    reached: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached.append(f"{scope['method']} {scope['path']}")
        await Response("ok", media_type="text/plain")(scope, receive, send)


def some_settings(**changes: Any) -> ServerSettings:
    """Settings of a server that nothing is transcribed on."""
    return ServerSettings(**{"config": Config(), "preset": "default", "folder": Path("unused"), **changes})


def small_app(settings: ServerSettings | None = None, load: Load | None = None) -> FastAPI:
    """The page, the operator's routes and the security of a server, without jobs and workers."""
    app = FastAPI()
    chosen = settings or some_settings()
    parts = cast(Any, (load or Load(), Load(), None))
    app.state.context = Context(chosen, *parts, Metrics())
    app.include_router(page_routes.routes())
    app.include_router(operation.routes())

    @app.exception_handler(ApiError)
    async def api_error(request: Request, error: ApiError) -> Response:
        return JSONResponse(error.body, error.status, headers=error.headers)

    operation.install(app)
    security.install(app, chosen)
    return app
