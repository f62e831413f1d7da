"""``verbose_json``: segments, and words when they are asked for, with measured times and probabilities."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from pipeline.config.languages import language_name
from pipeline.core.types import Transcript
from pipeline.server.replies.answer import Answer, delta
from pipeline.server.replies.passages import Passage, deltas, text_of, times, usage, word_item
from pipeline.server.replies.plain_json import logprob
from pipeline.server.work import Reply


def answer(transcript: Transcript, spoken: Sequence[Passage], reply: Reply) -> Answer:
    """The body, and a delta for each utterance; the last event has the rest of the body."""
    text = text_of(spoken)
    further: dict[str, Any] = {
        "task": "transcribe",
        "language": language_name(transcript.language).lower() if transcript.language else "unknown",
        "duration": round(transcript.duration, 3),
    }
    if reply.segments:
        further["segments"] = [_segment(number, passage) for number, passage in enumerate(spoken)]
    if reply.words:
        words = [{**word_item(piece), "speaker": each.speaker} for each in spoken for piece in each.pieces]
        further["words"] = sorted(words, key=lambda word: (word["start"], word["end"]))
    body = {**further, "text": text, "usage": usage(transcript)}
    return Answer(body, text, [delta(added) for _, added in deltas(spoken)], further)


def _segment(number: int, passage: Passage) -> dict[str, Any]:
    """A passage with the keys of Whisper's segments; what this recognizer does not have is empty or 0."""
    text, logprobs = passage.text, [logprob(each) for each in passage.probabilities]
    return {
        "id": number,
        "seek": 0,
        **times(passage),
        "text": text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": sum(logprobs) / len(logprobs) if logprobs else 0.0,
        "compression_ratio": len(text.encode()) / len(zlib.compress(text.encode())),
        "no_speech_prob": 0.0,
        "speaker": passage.speaker,
    }
