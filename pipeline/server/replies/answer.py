"""An answer: its body, and the events of a stream that say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

DONE: Final = b"data: [DONE]\n\n"
"""The end of every stream without an error."""
DELTA: Final = "transcript.text.delta"


@dataclass(frozen=True, slots=True)
class Answer:
    """``body``: an object, or a text. ``events`` are those before the last one; their deltas make up ``text``.

    ``further`` is what the last event has beside the text.
    """

    body: Mapping[str, Any] | str
    text: str
    events: Sequence[Mapping[str, Any]]
    further: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body in bytes."""
        return (self.body if isinstance(self.body, str) else dumps(self.body)).encode()

    @property
    def stream(self) -> bytes:
        """All events in bytes."""
        return b"".join(self._parts())

    def _parts(self) -> Iterator[bytes]:
        yield from map(event, self.events)
        yield event({"type": "transcript.text.done", "text": self.text, **self.further})
        yield DONE


def event(data: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + dumps(data).encode() + b"\n\n"


def delta(text: str, **further: Any) -> dict[str, Any]:
    """The event of a piece of text."""
    return {"type": DELTA, "delta": text, **further}


def dumps(data: Mapping[str, Any]) -> str:
    """An object as JSON on one line."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
