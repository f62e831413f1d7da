"""``json``: the text, and with ``include[]=logprobs`` the logarithm of each word's probability."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from pipeline.core.types import Transcript
from pipeline.server.replies.answer import Answer, delta
from pipeline.server.replies.passages import Passage, deltas, text_of, usage
from pipeline.server.work import Reply

LEAST: Final = 1e-10
"""Probability below which a logarithm stays at −23. Chosen by hand, because JSON has no infinity."""


def answer(transcript: Transcript, spoken: Sequence[Passage], reply: Reply) -> Answer:
    """The body, and a delta for each utterance."""
    text = text_of(spoken)
    further: dict[str, Any] = {"languages": [{"code": transcript.language}] if transcript.language else []}
    events = [delta(added, **({"logprobs": _logprobs([passage], added)} if reply.logprobs else {}))
              for passage, added in deltas(spoken)]  # fmt: skip
    if reply.logprobs:
        further["logprobs"] = _logprobs(spoken, text)
    return Answer({"text": text, **further, "usage": usage(transcript)}, text, events, further)


def logprob(probability: float) -> float:
    """The natural logarithm of a probability."""
    return math.log(max(probability, LEAST))


def _logprobs(spoken: Sequence[Passage], text: str) -> list[dict[str, Any]]:
    """An item for each word; their tokens make up ``text``, as those of OpenAI's models do."""
    return list(_items(spoken, text[: len(text) - len(text_of(spoken))]))


def _items(spoken: Iterable[Passage], before: str) -> Iterator[dict[str, Any]]:
    for passage in spoken:
        for number, piece in enumerate(passage.pieces):
            token = piece.text if number else before + piece.text
            probability = piece.word.probability
            value = None if probability is None else logprob(probability)
            yield {"token": token, "logprob": value, "bytes": list(token.encode())}
        before = " "
