"""A server for the page whose jobs do what a test says, at a free port of loopback."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from pipeline import formats
from pipeline.server.api_errors import ApiError
from pipeline.server.settings import ServerSettings
from tests.page.talk import conversation
from tests.server.asgi import Load, small_app, some_settings

FORMATS = ["docx", "html", "json", "minutes-docx", "minutes-html", "srt", "txt", "vtt"]


@dataclass
class Scripted:
    """The jobs: tests change them, the page follows."""

    load: Load = field(default_factory=Load)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    received: list[dict[str, Any]] = field(default_factory=list)
    """Fields of each upload, its file as (name, size)."""
    refusals: list[ApiError] = field(default_factory=list)
    """What the next uploads are answered with."""
    corrections: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    def set(self, id: str, **changes: Any) -> None:
        """Change a job."""
        self.jobs[id] = {**self.jobs[id], **changes}

    def finish(self, id: str, **changes: Any) -> None:
        """The job is done."""
        done = {"status": "done", "duration": 754.0, "expires_at": time.time() + 3000, "formats": FORMATS}
        self.set(id, **{**done, "stage": None, "progress": 1.0, "estimate_s": None, **changes})

    def job(self, id: str) -> dict[str, Any]:
        if id not in self.jobs:
            raise ApiError(404, "there is no such job", "not_found")
        return self.jobs[id]

    async def create(self, request: Request) -> Response:
        async with request.form() as form:
            if self.refusals:
                raise self.refusals.pop(0)
            upload: Any = form["file"]
            fields = {name: value for name, value in form.items() if name != "file"}
            self.received.append({**fields, "file": (upload.filename, upload.size)})
        id = f"job{len(self.jobs) + 1}"
        self.jobs[id] = {
            "id": id, "object": "job", "status": "queued", "name": upload.filename, "created_at": time.time(),
            "position": 0, "stage": None, "progress": None, "estimate_s": None, "duration": None, "error": None,
            "notices": [], "corrected": False, "expires_at": None, "formats": [],
        }  # fmt: skip
        return JSONResponse(self.jobs[id], 202)

    async def look(self, id: str) -> Response:
        return JSONResponse(self.job(id))

    async def events(self, id: str) -> Response:
        self.job(id)

        async def follow() -> AsyncIterator[str]:
            sent: dict[str, Any] | None = None
            while id in self.jobs:
                now = self.jobs[id]
                if now != sent:
                    yield f"data: {json.dumps(now)}\n\n"
                if now["status"] not in ("queued", "running"):
                    return
                sent = now
                await asyncio.sleep(0.02)

        return StreamingResponse(follow(), media_type="text/event-stream")

    async def result(self, id: str, format: str) -> Response:
        job = self.job(id)
        if format in ("html", "minutes-html"):
            page = formats.dumps(conversation(), format, "talk", save="corrections")
            return Response(page, media_type="text/html")
        name = f"talk.{format}"
        disposition = f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
        return Response(f"{job['name']} as {format}", headers={"Content-Disposition": disposition})

    async def correct(self, id: str, request: Request) -> Response:
        self.job(id)
        self.corrections[id] = await request.json()
        self.set(id, corrected=True)
        return Response(status_code=204)

    async def delete(self, id: str) -> Response:
        self.job(id)
        del self.jobs[id]
        return Response(status_code=204)

    def app(self, settings: ServerSettings) -> FastAPI:
        app = small_app(settings, self.load)
        app.add_api_route("/v1/jobs", self.create, methods=["POST"], response_model=None)
        app.add_api_route("/v1/jobs/{id}", self.look, methods=["GET"], response_model=None)
        app.add_api_route("/v1/jobs/{id}", self.delete, methods=["DELETE"], response_model=None)
        app.add_api_route("/v1/jobs/{id}/events", self.events, methods=["GET"], response_model=None)
        app.add_api_route("/v1/jobs/{id}/result", self.result, methods=["GET"], response_model=None)
        app.add_api_route("/v1/jobs/{id}/corrections", self.correct, methods=["PUT"], response_model=None)
        return app


@contextmanager
def scripted(**settings: Any) -> Iterator[Scripted]:
    """A running server of scripted jobs."""
    import uvicorn

    jobs = Scripted()
    config = uvicorn.Config(
        jobs.app(some_settings(**settings)), port=0, log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    jobs.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    try:
        yield jobs
    finally:
        server.should_exit = True
        thread.join(10)
