"""For operators: ``/healthz``, ``/readyz``, ``/metrics``, and a line of the log for each request.

The log has the method, the template of the route, the status, the time and the size; never a query, a name or a word.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.server.api_errors import CLIENT_GONE, ApiError
from pipeline.server.context import Context, context_of
from pipeline.server.log import LOG, described
from pipeline.server.metrics import MEDIA_TYPE, METHODS

NO_ROUTE: Final = "-"
"""Stands for the route of a request that reached no route; its path is the client's text and is not logged."""
READY_AFTER: Final = 5
"""Seconds after which it is worth asking again whether a worker is ready. Chosen by hand: models load in about 10 s."""


def routes() -> APIRouter:
    """The routes for operators."""
    router = APIRouter()
    router.add_api_route("/healthz", _health, methods=["GET", "HEAD"])
    router.add_api_route("/readyz", _readiness, methods=["GET", "HEAD"])
    router.add_api_route("/metrics", _metrics, methods=["GET"])
    return router


def install(app: FastAPI) -> None:
    """Log and count all requests of an application, also those that `pipeline.server.security` refuses."""
    app.add_middleware(Logged)


async def _health() -> Response:
    return JSONResponse({"status": "ok"})


async def _readiness(request: Request) -> Response:
    context = context_of(request)
    if context.transcribing.ready > 0:
        return JSONResponse({"status": "ready"})
    raise ApiError(503, _reason(context), "not_ready", retry_after=READY_AFTER)


def _reason(context: Context) -> str:
    """Why no worker is ready. Problems name files of the machine: other machines, for which this is open, get none."""
    problem = context.transcribing.problem
    if problem is None:
        return "the models are being loaded"
    return problem if context.settings.is_local else "no worker can start: the log of the server says why"


async def _metrics(request: Request) -> Response:
    context = context_of(request)
    return Response(context.metrics.text(context.transcribing), media_type=MEDIA_TYPE)


@dataclass(slots=True)
class _Answer:
    """What was sent of an answer: its status (0: nothing yet) and the bytes of its body."""

    status: int = 0
    size: int = 0

    def note(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))


class Logged:
    """ASGI middleware: a line of the log for each request; an unexpected error is logged without its text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, answer = time.perf_counter(), _Answer()

        async def noted(message: Message) -> None:
            answer.note(message)
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            LOG.error("%s %s: %s", _method(scope), route_of(scope), described(error))
            if not answer.status:  # else the connection ends here, so that the client sees that the answer is not whole
                await _fault()(scope, receive, noted)
        finally:
            _record(scope, answer, time.perf_counter() - began)


def _record(scope: Scope, answer: _Answer, seconds: float) -> None:
    method, route, status = _method(scope), route_of(scope), answer.status or CLIENT_GONE
    LOG.info("%s %s %d %.0f ms %d bytes", method, route, status, seconds * 1000, answer.size)
    context: Context = scope["app"].state.context
    context.metrics.answered(method, route, status, seconds)


def _method(scope: Scope) -> str:
    """The method of a request; one that HTTP does not have is the client's text and is not logged."""
    return scope["method"] if scope["method"] in METHODS else "other"


def route_of(scope: Scope) -> str:
    """The template of the route that has a request, such as ``/v1/jobs/{id}``; `NO_ROUTE` without one."""
    route: Any = scope.get("route")
    return str(getattr(route, "path_format", NO_ROUTE))


def _fault() -> Response:
    error = ApiError(500, "an error of the server; its log says where", "internal")
    return JSONResponse(error.body, error.status)
