"""``diarized_json``: a segment for each utterance, with its speaker; segments overlap in time where people do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.core.types import Transcript
from pipeline.server.replies.answer import Answer, delta
from pipeline.server.replies.passages import Passage, VisibleWord, deltas, text_of, times, usage, word_item
from pipeline.server.work import Reply


def answer(transcript: Transcript, spoken: Sequence[Passage], reply: Reply) -> Answer:
    """The body; a delta and a segment for each utterance."""
    text, segments = text_of(spoken), [_segment(number, passage) for number, passage in enumerate(spoken, 1)]
    body = {
        "task": "transcribe",
        "duration": round(transcript.duration, 3),
        "text": text,
        "segments": segments,
        "usage": usage(transcript),
    }
    return Answer(body, text, list(_events(spoken, segments)))


def _events(spoken: Sequence[Passage], segments: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for (_, added), segment in zip(deltas(spoken), segments, strict=True):
        yield delta(added, segment_id=segment["id"])
        yield segment


def _segment(number: int, passage: Passage) -> dict[str, Any]:
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{number:04d}",
        **times(passage),
        "speaker": passage.speaker,
        "text": passage.text,
        "overlap": passage.overlap,
        "words": [_word(piece) for piece in passage.pieces],
    }


def _word(piece: VisibleWord) -> dict[str, Any]:
    return {**word_item(piece), "overlap": True} if piece.overlap else word_item(piece)
