"""The routes of the audio API: what is answered when, and that a request leaves nothing behind however it ends."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message

from pipeline.server import audio_routes
from pipeline.server.api_errors import ApiError
from pipeline.server.context import Context
from pipeline.server.dispatcher import QueueFull
from pipeline.server.work import (
    REPLY,
    Cancelled,
    Done,
    End,
    Failed,
    FailureKind,
    StageProgress,
    Started,
    Update,
    Waiting,
    Work,
)
from tests.server.conftest import RunningServer
from tests.server.event_loop import run
from tests.server.multipart import MULTIPART, Part, body_of, settings

WAV: Part = ("file", "talk.wav", b"RIFF")
STREAM: Part = ("stream", None, b"true")


class PlannedTicket:
    """A ticket with planned updates; without an end among them, it waits to be cancelled."""

    def __init__(self, job: Work, plan: Sequence[Update]) -> None:
        self.job, self.latest, self.is_cancelled = job, plan[0], asyncio.Event()
        self._plan = plan

    def cancel(self) -> None:
        self.is_cancelled.set()

    async def updates(self) -> AsyncIterator[Update]:
        for update in self._plan:
            await asyncio.sleep(0)
            self.latest = update
            yield update
        if not isinstance(self.latest, End):
            await self.is_cancelled.wait()
            self.latest = Cancelled()
            yield self.latest

    async def end(self) -> End:
        if not isinstance(self.latest, End):
            async for _ in self.updates():
                pass
        assert isinstance(self.latest, End)
        return self.latest


class PlannedDispatcher:
    """Gives every job a ticket with these updates; a worker's reply is there at once."""

    def __init__(self, *plan: Update, reply: bytes = b"{}", full: bool = False) -> None:
        self._plan, self._reply, self._full = plan, reply, full
        self.tickets: list[PlannedTicket] = []

    def require_room(self) -> None:
        if self._full:
            raise QueueFull(7)

    def submit(self, job: Work) -> PlannedTicket:
        if self._full:
            raise QueueFull(7)
        (job.folder / REPLY).write_bytes(self._reply)
        self.tickets.append(PlannedTicket(job, self._plan))
        return self.tickets[-1]


@dataclass
class Answer:
    """What a client got."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["error"]
        return found


def application(folder: Path, dispatcher: PlannedDispatcher) -> FastAPI:
    app = FastAPI()
    app.include_router(audio_routes.routes())
    context: Any = SimpleNamespace(settings=settings(folder), requests=folder, transcribing=dispatcher)
    context.require_room = lambda: Context.require_room(context)
    app.state.context = context

    @app.exception_handler(ApiError)
    async def api_error(request: Request, error: ApiError) -> Response:
        return JSONResponse(error.body, error.status, headers=error.headers)

    return app


def asked(
    folder: Path,
    dispatcher: PlannedDispatcher,
    *parts: Part,
    leaves: Callable[[Answer], bool] = lambda answer: False,
    patience: float = 0.3,
) -> Answer:
    """The answer to a request; the client ``leaves`` as soon as that is true, at the latest after its ``patience``."""
    answer, gone = Answer(), asyncio.Event()
    messages: list[Message] = [{"type": "http.request", "body": body_of(parts), "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message.get("body"):
            answer.chunks.append(message["body"])
        if leaves(answer):
            gone.set()

    async def check() -> None:
        asyncio.get_running_loop().call_later(patience, gone.set)
        scope = {
            "type": "http", "method": "POST", "path": "/v1/audio/transcriptions", "query_string": b"",
            "http_version": "1.1", "headers": [(b"content-type", MULTIPART.encode())],
            "asgi": {"version": "3.0", "spec_version": "2.3"},
        }  # fmt: skip
        await asyncio.wait_for(application(folder, dispatcher)(scope, receive, send), 10)

    run(check())
    assert list(folder.iterdir()) == []
    return answer


def test_the_body_is_what_the_worker_wrote(tmp_path: Path) -> None:
    dispatcher = PlannedDispatcher(Waiting(0), Started(1), Done(), reply=b'{"text":"Hi"}')
    answer = asked(tmp_path, dispatcher, WAV, ("temperature", None, b"1"), ("chunking_strategy", None, b"auto"))
    assert (answer.status, answer.body) == (200, b'{"text":"Hi"}')
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["crosstalk-ignored"] == "temperature, chunking_strategy"
    (ticket,) = dispatcher.tickets
    assert not ticket.is_cancelled.is_set()
    assert ticket.job.folder == tmp_path / ticket.job.id
    assert ticket.job.name == "talk.wav"


@pytest.mark.parametrize("name", ["text", "srt", "vtt"])
def test_texts_are_texts(tmp_path: Path, name: str) -> None:
    dispatcher = PlannedDispatcher(Done(), reply=b"Hi\n")
    answer = asked(tmp_path, dispatcher, WAV, ("response_format", None, name.encode()))
    assert (answer.headers["content-type"], answer.body) == ("text/plain; charset=utf-8", b"Hi\n")
    assert "crosstalk-ignored" not in answer.headers


def test_a_stream_comments_on_the_work_and_ends_with_the_events(tmp_path: Path) -> None:
    progress = [StageProgress("recognition", done, 10.0) for done in (1.0, 1.001, 1.002, 9.0)]
    plan = (Waiting(2), Waiting(0), Started(1), StageProgress("decode"), *progress, Done())
    answer = asked(tmp_path, PlannedDispatcher(*plan, reply=b"data: [DONE]\n\n"), WAV, STREAM)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.decode().split("\n\n") == [
        ": waiting 2", ": waiting 0", ": started", ": decode", ": recognition 10 %", ": recognition 90 %",
        "data: [DONE]", "",
    ]  # fmt: skip


def test_a_stream_is_never_silent_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_routes, "KEEP_ALIVE", 0.01)
    dispatcher = PlannedDispatcher(Waiting(3))
    answer = asked(tmp_path, dispatcher, WAV, STREAM, leaves=lambda answer: len(answer.chunks) == 5, patience=5)
    assert set(answer.chunks) == {b": waiting 3\n\n"}


KINDS: dict[FailureKind, int] = {
    "recording": 400, "request": 400, "machine": 503, "model": 500, "limit": 413, "crash": 500,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_failures(tmp_path: Path, kind: FailureKind) -> None:
    failed = Failed(kind, "it is so")
    answer = asked(tmp_path, PlannedDispatcher(Waiting(0), failed), WAV)
    assert (answer.status, answer.error["message"]) == (KINDS[kind], "it is so")
    assert answer.error.keys() == {"message", "type", "param", "code"}
    streamed = asked(tmp_path, PlannedDispatcher(Waiting(0), failed), WAV, STREAM)
    assert streamed.status == 200
    last = streamed.body.decode().split("\n\n")[-2]
    assert json.loads(last.removeprefix("data: ")) == {"error": answer.error}


@pytest.mark.parametrize("parts", [(WAV,), (WAV, STREAM)])
def test_a_full_queue_has_a_time_to_try_again(tmp_path: Path, parts: tuple[Part, ...]) -> None:
    answer = asked(tmp_path, PlannedDispatcher(full=True), *parts)
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert (answer.error["type"], answer.error["code"]) == ("rate_limit_error", "queue_full")


@pytest.mark.parametrize("parts", [(WAV,), (WAV, STREAM)])
def test_the_work_of_a_client_that_goes_away_is_cancelled(tmp_path: Path, parts: tuple[Part, ...]) -> None:
    dispatcher = PlannedDispatcher(Waiting(0), Started(1))
    asked(tmp_path, dispatcher, *parts, patience=0.05)
    (ticket,) = dispatcher.tickets
    assert ticket.is_cancelled.is_set()


def connection(server: RunningServer) -> http.client.HTTPConnection:
    parts = urlsplit(server.url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)


def posted(server: RunningServer, body: bytes, kind: str = MULTIPART) -> tuple[int, dict[str, Any]]:
    client = connection(server)
    client.request("POST", "/v1/audio/transcriptions", body, {"Content-Type": kind})
    response = client.getresponse()
    answer = response.status, json.loads(response.read())
    client.close()
    return answer


def is_empty(server: RunningServer) -> bool:
    """Whether no request has left anything; those whose client went away are given a while."""
    limit = time.monotonic() + 20
    while list(server.context.requests.iterdir()) and time.monotonic() < limit:
        time.sleep(0.02)
    return not list(server.context.requests.iterdir())


@pytest.mark.slow
class TestServer:
    @pytest.mark.parametrize(
        ("parts", "status", "param"),
        [
            ([], 400, "file"),
            ([WAV], 400, "file"),
            ([("file", "a.wav", b"")], 400, "file"),
            ([("file", None, b"RIFF")], 400, "file"),
            ([WAV, WAV], 400, "file"),
            ([WAV, ("voice", None, b"x")], 400, "voice"),
            ([WAV, ("model", None, b"gpt-5")], 404, "model"),
            ([WAV, ("language", None, b"en"), ("languages[]", None, b"de")], 400, "languages"),
            ([WAV, ("keywords[]", None, b"a\nb")], 400, "keywords"),
            ([("file", "../../x.wav", b"no sound")], 400, "file"),
        ],
    )
    def test_bad_requests(self, server: RunningServer, parts: list[Part], status: int, param: str | None) -> None:
        code, answer = posted(server, body_of(parts))
        assert code == status
        assert answer["error"].keys() == {"message", "type", "param", "code"}
        assert answer["error"]["param"] == param
        assert answer["error"]["type"] == "invalid_request_error"
        assert is_empty(server)

    def test_other_bodies(self, server: RunningServer) -> None:
        assert posted(server, b"{}", "application/json")[0] == 400
        assert posted(server, body_of([WAV])[:-9])[0] == 400
        assert posted(server, b"", MULTIPART)[0] == 400
        client = connection(server)
        client.putrequest("POST", "/v1/audio/transcriptions")
        client.putheader("Content-Type", MULTIPART)
        client.putheader("Content-Length", "10000000000")
        client.endheaders()
        assert client.getresponse().status == 413
        client.close()
        assert is_empty(server)

    def test_clients_that_go_away(self, server: RunningServer, tone_file: Path) -> None:
        body = body_of([("file", "a.wav", tone_file.read_bytes())])
        address = urlsplit(server.url)
        head = (
            f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: {MULTIPART}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        for sent in (head, head + body[: len(body) // 2], head + body):
            with socket.create_connection((address.hostname, address.port), timeout=20) as client:
                client.sendall(sent)
                time.sleep(0.05)
        assert is_empty(server)
        assert posted(server, body)[0] == 200

    def test_a_stream_begins_at_once(self, server: RunningServer, tone_file: Path) -> None:
        client = connection(server)
        body = body_of([("file", "a.wav", tone_file.read_bytes()), STREAM])
        client.request("POST", "/v1/audio/transcriptions", body, {"Content-Type": MULTIPART})
        began = time.monotonic()
        response = client.getresponse()
        first = response.readline()
        assert time.monotonic() - began < 1
        assert first.startswith(b": ")
        assert response.read().endswith(b"data: [DONE]\n\n")
        client.close()
        assert is_empty(server)
