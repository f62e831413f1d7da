"""Ways in which a server fails, each with what the minutes say of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.minutes.llm import failures
from pipeline.minutes.llm.failures import BadAnswer, Unreachable
from tests.minutes.llm.fake import Behaviour, Handler, Json, answering, dripping, envelope, keywords, sending

LIMIT = 0.4
"""Time limit of the requests, in seconds."""


@dataclass(frozen=True)
class Way:
    """What the server does, and the failure that it is."""

    behaviour: Behaviour
    what: str
    error: type[Exception] = BadAnswer


def changed(change: Callable[[dict[str, Any]], Any]) -> Behaviour:
    """The answer of the good model, changed in place or replaced."""

    def model(body: Json) -> Any:
        answer = keywords(body)
        other = change(answer)
        return answer if other is None else other

    return answering(model)


def entry(answer: dict[str, Any], **fields: Any) -> None:
    """Change the fields of one item."""
    item = {"kind": "points", "segment": answer["first"], "label": "a label", "who": None}
    answer.setdefault("items", []).append(item | fields)


def silent(handler: Handler, _: Json) -> None:
    """No answer within the limit."""
    handler.server.closing.wait(5)


def chunks_of_garbage(handler: Handler, _: Json) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.wfile.write(b"zz\r\n{}\r\n-5\r\n")


def endless(handler: Handler, _: Json) -> None:
    """Bytes without a stated length and without an end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while not handler.server.closing.is_set():
        handler.wfile.write(b" " * 65536)


def announced(handler: Handler, _: Json) -> None:
    """A stated length of 10 MB, and none of it."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000000")
    handler.end_headers()
    handler.server.closing.wait(5)


def slow_headers(handler: Handler, _: Json) -> None:
    """A header that goes on, a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.closing.wait(0.05):
        handler.wfile.write(b"x")


def no_http(handler: Handler, _: Json) -> None:
    handler.wfile.write(b"220 mail.example.org ESMTP\r\n")


def hanging_up(handler: Handler, _: Json) -> None:
    handler.connection.close()


DEEP = '{"first":' + "[" * 10_000 + "]" * 10_000 + "}"
GOOD_ENVELOPE = {"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}]}
WRONG, NO_JSON = failures.WRONG, failures.NO_JSON
STATUSES: Mapping[str, Way] = {
    "401": Way(sending(b"{}", status=401), failures.REFUSED_KEY, Unreachable),
    "403": Way(sending(b"{}", status=403), failures.REFUSED_KEY, Unreachable),
    "404": Way(sending(b'{"error":{"message":"no such model"}}', status=404), failures.UNKNOWN, Unreachable),
    "400": Way(sending(b"{}", status=400), failures.STATUS.format(400), Unreachable),
    "400 for its context": Way(
        sending(b'{"error":{"type":"exceed_context_size_error","n_ctx":4096}}', status=400), failures.CONTEXT
    ),
    "500 for its context": Way(
        sending(b'{"error":{"message":"Context size has been exceeded."}}', status=500), failures.CONTEXT
    ),
    "500": Way(sending(b"oops", status=500), failures.STATUS.format(500), Unreachable),
    "503": Way(sending(b"Loading model", status=503), failures.STATUS.format(503), Unreachable),
    "204": Way(sending(b"", status=204), failures.STATUS.format(204), Unreachable),
}
CONNECTIONS: Mapping[str, Way] = {
    "no HTTP": Way(no_http, failures.NO_CONNECTION, Unreachable),
    "hanging up": Way(hanging_up, failures.NO_CONNECTION, Unreachable),
    "chunks of garbage": Way(chunks_of_garbage, failures.NO_CONNECTION, Unreachable),
    "slow first byte": Way(silent, failures.LATE.format(LIMIT), Unreachable),
    "slow headers": Way(slow_headers, failures.LATE.format(LIMIT), Unreachable),
    "a byte at a time": Way(dripping(0.05), failures.LATE.format(LIMIT), Unreachable),
    "endless": Way(endless, failures.TOO_LARGE),
    "10 MB that never come": Way(announced, failures.TOO_LARGE),
    "10 MB": Way(sending(b" " * 10_000_000), failures.TOO_LARGE),
    "10 MB of a label": Way(sending(envelope("x" * 10_000_000)), failures.TOO_LARGE),
}
ENVELOPES: Mapping[str, Way] = {
    "nothing": Way(sending(b""), failures.EMPTY),
    "another type": Way(sending(json.dumps(GOOD_ENVELOPE).encode(), content_type="text/html"), NO_JSON),
    "half of it": Way(sending(envelope("{}")[:40]), NO_JSON),
    "bytes": Way(sending(bytes(range(128, 256))), NO_JSON),
    "a list": Way(sending(b"[]"), NO_JSON),
    "a number": Way(sending(b"1"), NO_JSON),
    "no choice": Way(sending(b'{"choices":[]}'), NO_JSON),
    "choices of another kind": Way(sending(b'{"choices":{"0":1}}'), NO_JSON),
    "a choice of another kind": Way(sending(b'{"choices":["x"]}'), NO_JSON),
    "content of another kind": Way(sending(envelope({"first": 0})), NO_JSON),
    "no content": Way(sending(envelope(None)), failures.EMPTY),
    "empty content": Way(sending(envelope("")), failures.EMPTY),
    "cut off": Way(answering(lambda body: json.dumps(keywords(body))[:9], "length"), failures.CUT),
    "nested": Way(sending(DEEP.encode()), NO_JSON),
}
CONTENTS: Mapping[str, Way] = {
    "white space": Way(answering(lambda _: "  \n"), failures.EMPTY),
    "half of the JSON": Way(answering(lambda body: json.dumps(keywords(body))[:-5]), NO_JSON),
    "prose": Way(answering(lambda _: "The decision is to pay X."), NO_JSON),
    "between marks of Markdown": Way(answering(lambda body: f"```json\n{json.dumps(keywords(body))}\n```"), NO_JSON),
    "thoughts before it": Way(answering(lambda body: f"<think>hm</think>{json.dumps(keywords(body))}"), NO_JSON),
    "deep": Way(answering(lambda _: DEEP), NO_JSON),
    "not a number": Way(answering(lambda _: '{"first":NaN,"topics":[],"items":[]}'), NO_JSON),
    "infinite": Way(answering(lambda _: '{"first":-Infinity,"topics":[],"items":[]}'), NO_JSON),
    "ten thousand digits": Way(answering(lambda _: '{"first":' + "9" * 10_000 + ',"topics":[],"items":[]}'), NO_JSON),
    "a key twice": Way(answering(lambda _: '{"first":0,"first":0,"topics":[],"items":[]}'), NO_JSON),
    "another shape": Way(answering(lambda _: [1, 2]), WRONG),
    "null": Way(answering(lambda _: None), WRONG),
    "an unknown field": Way(changed(lambda answer: answer.update(minutes="pay X")), WRONG),
    "a field too few": Way(changed(lambda answer: answer.pop("items") and None), WRONG),
    "not the first number": Way(changed(lambda answer: answer.update(first=answer["first"] + 3)), failures.FIRST),
    "a first number in words": Way(changed(lambda answer: answer.update(first="0")), WRONG),
    "topics of another kind": Way(changed(lambda answer: answer.update(topics={"segment": 0})), WRONG),
    "items of another kind": Way(changed(lambda answer: answer.update(items="none")), WRONG),
    "an item of another kind": Way(changed(lambda answer: answer["items"].append(3)), WRONG),
    "an invented number": Way(changed(lambda answer: entry(answer, segment=100_000)), WRONG),
    "a negative number": Way(changed(lambda answer: entry(answer, segment=-1)), WRONG),
    "a number in words": Way(changed(lambda answer: entry(answer, segment="0")), WRONG),
    "a fraction": Way(changed(lambda answer: entry(answer, segment=0.0)), WRONG),
    "a truth value": Way(changed(lambda answer: entry(answer, segment=False)), WRONG),
    "a huge number": Way(changed(lambda answer: entry(answer, segment=10**300)), WRONG),
    "too large a float": Way(answering(lambda _: '{"first":1e999,"topics":[],"items":[]}'), WRONG),
    "an unknown kind": Way(changed(lambda answer: entry(answer, kind="payments")), WRONG),
    "a kind of another kind": Way(changed(lambda answer: entry(answer, kind=["points"])), WRONG),
    "an unknown person": Way(changed(lambda answer: entry(answer, kind="actions", who=99)), WRONG),
    "a person by name": Way(changed(lambda answer: entry(answer, kind="actions", who="Mallory")), WRONG),
    "a label of another kind": Way(changed(lambda answer: entry(answer, label={"text": "pay X"})), WRONG),
    "words of the item": Way(changed(lambda answer: entry(answer, text="we pay X")), WRONG),
    "a topic of no segment": Way(changed(lambda answer: answer["topics"].append({"segment": -5, "label": "x"})), WRONG),
}
WAYS: Mapping[str, Way] = {**STATUSES, **CONNECTIONS, **ENVELOPES, **CONTENTS}
