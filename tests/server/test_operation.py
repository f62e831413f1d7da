"""Health, readiness, figures, and the log: what operators see, and that it holds nothing of a recording."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import Response

from pipeline.server.operation import LOG, Logged
from tests.server.asgi import Load, answer, call, small_app, some_settings
from tests.server.event_loop import run


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, LOG.name)
    return caplog


def app_with(path: str, endpoint: Any, **options: Any) -> FastAPI:
    app = small_app(**options)
    app.add_api_route(path, endpoint, methods=["GET", "POST"])
    return app


def test_health_does_not_depend_on_workers() -> None:
    assert json.loads(call(small_app(load=Load(ready=0)), "/healthz").body) == {"status": "ok"}


def test_a_server_is_ready_once_a_worker_is() -> None:
    load = Load(ready=0)
    app = small_app(load=load)
    waiting = call(app, "/readyz")
    assert (waiting.status, waiting.code) == (503, "not_ready")
    assert "being loaded" in waiting.body.decode()
    assert waiting.headers["retry-after"]
    load.problem = "whisper-base is not on this machine; run transcribe models pull"
    assert "transcribe models pull" in call(app, "/readyz").body.decode()
    load.ready = 1
    assert call(app, "/readyz").status == 200


def test_other_machines_get_no_detail_of_this_one() -> None:
    app = small_app(
        some_settings(host="0.0.0.0", token="t" * 20), Load(ready=0, problem="/home/anna/models is missing")
    )
    found = call(app, "/readyz")
    assert found.status == 503
    assert b"anna" not in found.body


def test_the_figures_are_served() -> None:
    app = small_app(load=Load(waiting=3, running=2, ready=1))
    call(app, "/healthz")
    text = call(app, "/metrics").body.decode()
    assert "crosstalk_queue_waiting 3.0" in text
    assert "crosstalk_queue_running 2.0" in text
    assert 'crosstalk_requests_total{method="GET",route="/healthz",status="200"} 1.0' in text


def test_a_request_is_a_line_without_its_content(log: pytest.LogCaptureFixture) -> None:
    async def endpoint(id: str) -> Response:
        return Response("words of a recording")

    app = app_with("/v1/jobs/{id}", endpoint)
    call(app, "/v1/jobs/secret-id?name=anna.wav", headers={"Cookie": "a=b"})
    call(app, "/static/server/page/main.js")
    call(app, "/anna.wav")
    call(app, "/healthz", headers={"Host": "anna.example"})
    lines = [record.getMessage() for record in log.records]
    assert [line.split()[:3] for line in lines] == [
        ["GET", "/v1/jobs/{id}", "200"],
        ["GET", "/static/{name}", "200"],
        ["GET", "-", "404"],
        ["GET", "-", "403"],
    ]
    assert lines[0].endswith(" ms 20 bytes")
    assert not any(word in line for line in lines for word in ("anna", "secret", "words"))


def test_an_unexpected_error_is_logged_by_its_place_only(log: pytest.LogCaptureFixture) -> None:
    async def endpoint() -> Response:
        raise ValueError("the words of Anna")

    found = call(app_with("/fails", endpoint), "/fails")
    assert (found.status, found.code) == (500, "internal")
    assert found.headers["x-content-type-options"] == "nosniff"
    first, second = (record.getMessage() for record in log.records)
    assert first.startswith("GET /fails: ValueError in test_operation.py:")
    assert second.startswith("GET /fails 500 ")
    assert "Anna" not in log.text


def test_an_answer_that_breaks_off_is_not_ended() -> None:
    sent: list[Any] = []

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "app": small_app()}
    run(Logged(broken)(scope, lambda: None, send))  # type: ignore[arg-type, return-value]
    assert [message.get("more_body") for message in sent] == [None, True]


def test_a_client_that_goes_away_is_counted(log: pytest.LogCaptureFixture) -> None:
    async def endpoint() -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    app = app_with("/waits", endpoint)

    async def check() -> None:
        waiting = asyncio.create_task(answer(app, "/waits"))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    run(check())
    assert log.records[-1].getMessage().startswith("GET /waits 499 ")
    assert 'route="/waits",status="499"} 1.0' in call(app, "/metrics").body.decode()
