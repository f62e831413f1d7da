"""A fake server of the OpenAI chat protocol on this machine, and a model of a few keywords."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self

from pipeline.minutes.llm.model import LanguageModel

Json = Mapping[str, Any]
Behaviour = Callable[["Handler", Json], None]
"""What a server does with a request: it writes the answer, or not."""
KEYWORDS = {"decided": "decisions", "I'll": "actions", "can you": "actions", "?": "questions", "stage": "points"}
SUBJECTS = {"budget": "Money", "parking": "Parking"}
"""Words of `talks.TOPICS`, and the labels of their topics."""


@dataclass(frozen=True)
class Seen:
    """One request as the server saw it."""

    path: str
    headers: Mapping[str, str]
    body: Json

    @property
    def data(self) -> Json:
        """The user message."""
        return json.loads(self.body["messages"][1]["content"])  # type: ignore[no-any-return]


class Handler(BaseHTTPRequestHandler):
    """Reads a request and hands it to the server's behaviour."""

    server: FakeHttpServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(Seen(self.path, dict(self.headers), body))
        with suppress(OSError):
            self.server.behaviour(self, body)

    def do_GET(self) -> None:
        """What a client sends that follows a redirect."""
        self.server.seen.append(Seen(self.path, dict(self.headers), {}))
        self.send(b"{}")

    def send(self, content: bytes, status: int = 200, content_type: str = "application/json", **headers: str) -> None:
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


class FakeHttpServer(ThreadingHTTPServer):
    daemon_threads = True
    behaviour: Behaviour
    seen: list[Seen]
    closing: Event

    def handle_error(self, *_: object) -> None:
        """A client that leaves is no error."""


class FakeServer:
    """A running server; `behaviour` may be replaced at any time."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self._http = FakeHttpServer(("127.0.0.1", 0), Handler)
        self._http.behaviour, self._http.seen = behaviour or answering(keywords), []
        self._http.closing = Event()

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.closing.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def seen(self) -> list[Seen]:
        """The requests so far."""
        return self._http.seen

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def behave(self, behaviour: Behaviour) -> None:
        """Do this from now on."""
        self._http.behaviour = behaviour

    def model(self, context: int = 8192, timeout: float = 5.0, key: str | None = None) -> LanguageModel:
        """The language model at this server."""
        return LanguageModel(f"http://127.0.0.1:{self.port}/v1", "small", context, timeout, key)


def envelope(content: Any, reason: str = "stop") -> bytes:
    """The answer of the protocol around a model's text."""
    message = {"role": "assistant", "content": content}
    whole = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": reason}]}
    return json.dumps(whole).encode()


def answering(model: Callable[[Json], Any], reason: str = "stop") -> Behaviour:
    """A server whose model answers with a value as JSON, or with a text as it is."""

    def behave(handler: Handler, body: Json) -> None:
        answer = model(body)
        handler.send(envelope(answer if isinstance(answer, str) else json.dumps(answer), reason))

    return behave


def sending(content: bytes, **options: Any) -> Behaviour:
    """A server that sends these bytes, whatever it is asked."""
    return lambda handler, _: handler.send(content, **options)


def dripping(seconds: float) -> Behaviour:
    """A server that sends a good answer, one byte at a time."""

    def behave(handler: Handler, body: Json) -> None:
        content = envelope(json.dumps(keywords(body)))
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        for byte in content:
            handler.wfile.write(bytes([byte]))
            time.sleep(seconds)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """A server that does one after the other, and the last one from then on."""
    left = list(behaviours)
    return lambda handler, body: (left.pop(0) if len(left) > 1 else left[0])(handler, body)


def keywords(body: Json) -> dict[str, Any]:
    """The good model: segments with keywords are items, a new subject is a topic; of candidates the first are best."""
    data = json.loads(body["messages"][1]["content"])
    form = body["response_format"]["json_schema"]["schema"]["properties"]
    if "candidates" in data:
        numbers = [row[0] for row in data["candidates"]]
        return {"first": numbers[0], "chosen": numbers[: form["chosen"]["maxItems"]]}
    people = {name: number for number, name in data["people"]}
    topics, subject = [], data["topic_so_far"]
    items: list[dict[str, Any]] = []
    for number, name, text in data["segments"]:
        label = next((each for word, each in SUBJECTS.items() if word in text), subject)
        if label != subject:
            topics.append({"segment": number, "label": label})
            subject = label
        for word, kind in KEYWORDS.items():
            if word in text:
                who = people[name] if kind == "actions" else None
                items.append({"kind": kind, "segment": number, "label": f"{kind} with {word}", "who": who})
    items = [item for item in items if item["kind"] in form["items"]["items"]["properties"]["kind"]["enum"]]
    kinds = [item["kind"] for item in items]
    places = sorted(range(len(items)), key=lambda n: kinds[:n].count(kinds[n]))  # the first of each kind first
    items = [items[n] for n in places]
    first = data["segments"][0][0]
    return {"first": first, "topics": topics[: form["topics"]["maxItems"]], "items": items[: form["items"]["maxItems"]]}
