"""Whatever a server does: the failure is told, in time, without the key, and the minutes are made without the model."""

from __future__ import annotations

import json
import logging
import socket
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from pipeline.core.types import Transcript
from pipeline.minutes.documents import json_, markdown
from pipeline.minutes.llm import answers, failures, transport
from pipeline.minutes.llm.client import ask
from pipeline.minutes.llm.failures import BadAnswer, ModelFailure, Unreachable
from pipeline.minutes.llm.making import minutes_with
from pipeline.minutes.llm.model import LanguageModel
from pipeline.minutes.llm.prompts import Limits, about_chunk
from pipeline.minutes.llm.segments import chunks_of, segments_of
from pipeline.minutes.making import make_minutes
from pipeline.minutes.talk import Talk
from pipeline.minutes.types import Minutes
from tests.minutes.llm.failing import LIMIT, WAYS, Way
from tests.minutes.llm.fake import FakeServer, Handler, Json, answering, envelope, keywords, sending
from tests.minutes.talks import ENDING, TOPICS, transcript
from tests.minutes.test_making import check

SECRET = "sk-very-secret-1234567890"
SPOKEN = transcript([*TOPICS, *ENDING])
SLACK = 3.0
"""Seconds that a loaded machine may add to a deadline."""


@cache
def base_minutes() -> Minutes:
    """The minutes without a model."""
    return make_minutes(SPOKEN)


def answered(model: LanguageModel, spoken: Transcript = SPOKEN) -> answers.ChunkAnswer:
    """The answer about a whole transcript as one chunk."""
    limits = Limits.of(model.context, 10)
    (chunk,) = chunks_of(segments_of(Talk.of(spoken)), limits.room)
    return answers.read_chunk(ask(model, about_chunk(chunk, limits, None)), chunk, limits, model.key)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_failure_is_what_it_is_and_comes_in_time(way: Way, server: FakeServer) -> None:
    server.behave(way.behaviour)
    with at_most(LIMIT + SLACK), pytest.raises(way.error) as caught:
        answered(server.model(timeout=LIMIT, key=SECRET))
    assert isinstance(caught.value, ModelFailure)
    assert caught.value.what == way.what
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_minutes_are_then_made_without_the_model(
    way: Way, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """As they are without it, but for one notice, in which nothing stands that was said, and no key."""
    caplog.set_level(logging.DEBUG)
    server.behave(way.behaviour)
    base = base_minutes()
    minutes = minutes_with(SPOKEN, base, server.model(timeout=LIMIT, key=SECRET))
    check(SPOKEN, minutes)
    for kind in ("topics", "points", "decisions", "actions", "questions", "made_by", "left_out", "people"):
        assert getattr(minutes, kind) == getattr(base, kind)
    (notice,) = minutes.notices
    assert notice.code == "minutes_llm"
    assert f" {way.what}; made without it: 00:00:00 to " in notice.message
    assert not [name for name in ("budget", "parking", "Anna", "pay") if name in notice.message]
    assert SECRET not in json_.render(minutes, "x") + markdown.render(minutes, "x") + repr(minutes) + caplog.text
    assert 2 <= len(server.seen) <= 3


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        model = LanguageModel(f"http://127.0.0.1:{free.getsockname()[1]}/v1", "small", timeout=LIMIT, key=SECRET)
        with at_most(2 * LIMIT + SLACK):
            minutes = minutes_with(SPOKEN, base_minutes(), model)
    assert [notice.message.split(";")[0] for notice in minutes.notices] == [
        f"the language model at {model.host} {failures.NO_CONNECTION}"
    ]


def test_a_server_that_takes_no_connection_is_left_in_time() -> None:
    """A listening socket whose queue is full: connecting takes as long as the limit allows."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        model = LanguageModel(f"http://127.0.0.1:{busy.getsockname()[1]}/v1", "small", timeout=LIMIT)
        for _ in range(3):
            with at_most(LIMIT + SLACK), pytest.raises(Unreachable, match="did not answer"):
                answered(model)


def test_plain_http_where_tls_was_asked_for(server: FakeServer) -> None:
    with at_most(LIMIT + SLACK), pytest.raises(Unreachable, match=failures.NO_CONNECTION):
        answered(LanguageModel(f"https://127.0.0.1:{server.port}/v1", "small", timeout=LIMIT, key=SECRET))
    assert server.seen == []


def test_no_thread_is_left_after_a_deadline(server: FakeServer) -> None:
    import threading

    server.behave(WAYS["slow headers"].behaviour)
    with pytest.raises(Unreachable):
        answered(server.model(timeout=LIMIT))
    ending = time.monotonic() + 5
    while any(thread.name == "language model" for thread in threading.enumerate()):
        assert time.monotonic() < ending
        time.sleep(0.01)


@pytest.mark.promise(24)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, server: FakeServer) -> None:
    """Neither to another machine (the fixture of these tests would fail) nor to another port."""
    with FakeServer() as other:
        for target in (f"http://127.0.0.1:{other.port}/v1/chat/completions", "http://192.0.2.1/", "//example.org/"):
            server.behave(sending(b"", status=status, Location=target))
            with pytest.raises(Unreachable, match="another address"):
                answered(server.model(key=SECRET))
        assert other.seen == []


def test_proxies_of_the_environment_are_not_used(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        answered(server.model())
        assert proxy.seen == []


def test_an_answer_of_10_mb_is_not_read_to_its_end(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even kept, where its length is not stated."""
    import tracemalloc

    monkeypatch.setattr(transport, "MOST_BYTES", 100_000)
    server.behave(WAYS["endless"].behaviour)
    model = server.model()
    tracemalloc.start()
    with pytest.raises(BadAnswer, match="too large"):
        answered(model)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000


def test_a_label_with_the_key_is_left_out(server: FakeServer) -> None:
    """A server knows the key: it may not come into the minutes through its labels."""

    def repeating(handler: Handler, body: Json) -> None:
        answer = keywords(body)
        for each in (*answer["topics"], *answer["items"]):
            each["label"] = "x" * 70 + handler.headers["Authorization"]
        handler.send(envelope(json.dumps(answer)))

    server.behave(repeating)
    minutes = minutes_with(SPOKEN, base_minutes(), server.model(key=SECRET))
    assert "sk-very" not in json_.render(minutes, "x") + markdown.render(minutes, "x")
    assert {topic.label for topic in minutes.topics} == {None}


def test_an_interrupted_run_ends_at_once(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.behave(WAYS["slow first byte"].behaviour)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(transport.Thread, "join", interrupt)
    with at_most(SLACK), pytest.raises(KeyboardInterrupt):
        answered(server.model(timeout=30))


def test_the_good_server_is_good(server: FakeServer) -> None:
    """The other tests of this file fail for what they change, and for nothing else."""
    answer = answered(server.model(timeout=LIMIT, key=SECRET))
    assert all(answer.items.values())
    server.behave(answering(keywords))
    assert answered(server.model()) == answer
