"""The bodies of answers of the audio API, one module per format; ``stream`` makes server-sent events of each.

passages        the utterances, cleaned, with the labels that clients see
answer          a body, and the events that say the same
plain_json, verbose_json, diarized_json, plain_text, subtitles     the formats
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pipeline.core.types import Transcript
from pipeline.server.replies import diarized_json, plain_json, plain_text, subtitles, verbose_json
from pipeline.server.replies.answer import Answer
from pipeline.server.replies.passages import passages
from pipeline.server.work import Reply, ReplyFormat

MEDIA_TYPE: Final[Mapping[ReplyFormat, str]] = {
    "json": "application/json",
    "verbose_json": "application/json",
    "diarized_json": "application/json",
    "text": "text/plain; charset=utf-8",
    "srt": "text/plain; charset=utf-8",
    "vtt": "text/plain; charset=utf-8",
}
"""The media type of each format, as OpenAI's API sends it."""
STREAM_TYPE: Final = "text/event-stream; charset=utf-8"
"""The media type of every format as a stream."""
KEEP_ALIVE: Final = 5.0
"""Seconds after which a stream without news sends a comment. Chosen by hand, below the limits of proxies for silent
connections (nginx: 60 s); a larger value sends less."""
_ANSWERS: Final[Mapping[ReplyFormat, Callable[..., Answer]]] = {
    "json": plain_json.answer,
    "verbose_json": verbose_json.answer,
    "diarized_json": diarized_json.answer,
    "text": plain_text.answer,
    "srt": subtitles.answer,
    "vtt": subtitles.answer,
}


def render(transcript: Transcript, reply: Reply, known: Sequence[str] = ()) -> bytes:
    """The body of the answer, or all its events; ``known`` are the names of all known speakers."""
    answer = _ANSWERS[reply.format](transcript, passages(transcript, known), reply)
    return answer.stream if reply.stream else answer.content
