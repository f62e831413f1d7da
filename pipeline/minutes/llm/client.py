"""One question to a language model: the OpenAI chat protocol with an answer in JSON.

``POST {url}/chat/completions`` with ``response_format: {type: json_schema, json_schema: {name, strict, schema}}``. The
servers differ:

- llama.cpp's server makes a grammar of ``json_schema.schema`` and ignores ``strict`` and the model's name. A request
  that is too long is HTTP 400 (``exceed_context_size_error``), in some versions 500.
- vLLM makes a grammar too; an unknown model is HTTP 404, a request that is too long HTTP 400.
- Ollama takes the schema from version 0.5 on. This protocol cannot set its context, and it drops the beginning of a
  request that is longer, without an error: therefore every answer repeats the first number that it was given.
- The grammar is not in the prompt: the system message describes the answer as well.
- A server that ignores ``response_format`` sends what the model likes to write, often JSON between marks of Markdown.
  That is refused like anything else that is not the JSON: whoever ignores the format also ignores the numbers.
- OpenAI itself refuses some keywords of schemas (``maxLength``) in strict mode.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pipeline.minutes.llm import failures
from pipeline.minutes.llm.failures import BadAnswer, ModelFailure, Unreachable
from pipeline.minutes.llm.model import LanguageModel
from pipeline.minutes.llm.transport import Reply, post

PATH = "/chat/completions"
"""Below the address of the API."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked in one request."""

    name: str
    """Name of the answer's schema."""
    rules: str
    """The system message."""
    data: Mapping[str, Any]
    """The user message: JSON."""
    schema: Mapping[str, Any]
    """JSON schema of the answer."""
    answer_tokens: int
    """Most tokens of the answer."""

    @property
    def content(self) -> str:
        """The user message."""
        return json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))


def ask(model: LanguageModel, question: Question) -> Any:
    """The JSON value that the model answered, not yet compared with the schema. Raises `ModelFailure`."""
    body = {
        "model": model.name,
        "messages": [
            {"role": "system", "content": question.rules},
            {"role": "user", "content": question.content},
        ],
        "temperature": 0,
        "max_tokens": question.answer_tokens,
        "stream": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": question.name, "strict": True, "schema": question.schema},
        },
    }
    reply = post(model, PATH, json.dumps(body).encode())
    if reply.status != 200:
        raise _refusal(reply)
    if reply.content_type != "application/json":
        raise BadAnswer(failures.NO_JSON)
    return _parsed(_content(_parsed(reply.body)))


def _refusal(reply: Reply) -> ModelFailure:
    """The failure that a status means; of the content only whether it is about the context is read."""
    if reply.status in (400, 413, 422, 500) and b"context" in reply.body.lower():
        return BadAnswer(failures.CONTEXT)
    if 300 <= reply.status < 400:
        return Unreachable(failures.REDIRECT)
    known = {401: failures.REFUSED_KEY, 403: failures.REFUSED_KEY, 404: failures.UNKNOWN}
    return Unreachable(known.get(reply.status, failures.STATUS.format(reply.status)))


def _content(envelope: Any) -> str:
    """The text of the first choice."""
    try:
        choice = envelope["choices"][0]
        content, reason = choice["message"]["content"], choice.get("finish_reason")
    except (TypeError, KeyError, IndexError, AttributeError):
        raise BadAnswer(failures.NO_JSON) from None
    if reason == "length":
        raise BadAnswer(failures.CUT)
    if content is None or content == "":
        raise BadAnswer(failures.EMPTY)
    if not isinstance(content, str):
        raise BadAnswer(failures.NO_JSON)
    return content


def _parsed(text: str | bytes) -> Any:
    """JSON without NaN, infinity and repeated keys, not too deep."""
    if not text.strip():
        raise BadAnswer(failures.EMPTY)
    try:
        return json.loads(text, parse_constant=_refused, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise BadAnswer(failures.NO_JSON) from None


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("repeated keys")
    return dict(pairs)
