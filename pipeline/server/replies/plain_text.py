"""``text``: the text alone, on one line."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.core.types import Transcript
from pipeline.server.replies.answer import Answer, delta
from pipeline.server.replies.passages import Passage, deltas, text_of
from pipeline.server.work import Reply


def answer(transcript: Transcript, spoken: Sequence[Passage], reply: Reply) -> Answer:
    """The line; a stream has it without its end."""
    text = text_of(spoken)
    return Answer(f"{text}\n", text, [delta(added) for _, added in deltas(spoken)])
