"""Asking a model many times: each question is repeated once, and a model that keeps failing is not asked further."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pipeline.minutes.llm import answers, prompts
from pipeline.minutes.llm.answers import ChunkAnswer
from pipeline.minutes.llm.client import Question, ask
from pipeline.minutes.llm.failures import NOTHING_FITS, BadAnswer, ModelFailure, Unreachable
from pipeline.minutes.llm.model import LanguageModel
from pipeline.minutes.llm.prompts import Limits
from pipeline.minutes.llm.segments import Chunk

NO_CONTACT, LOST_CONTACT = 2, 4
"""Questions in a row without an answer after which no more are asked: before the first usable answer, and later. Chosen
by hand: a wrong key or address fails at every question, a server that restarts fails at some."""
NO_SENSE, LOST_SENSE = 6, 12
"""The same for failures of any sort. Chosen by hand: two and four chunks, each with its two halves."""
Answer = TypeVar("Answer")


class Session:
    """The questions about one transcript, one after the other."""

    def __init__(self, model: LanguageModel, limits: Limits) -> None:
        self.model, self.limits = model, limits
        self.stopped: str | None = None
        """The failure after which no more is asked; null while the model is asked."""
        self._topic: str | None = None  # the model's label of the topic that the last chunk ended in
        self._answered = False
        self._silent = self._failed = 0

    def about_chunk(self, chunk: Chunk) -> list[tuple[Chunk, ChunkAnswer | str]]:
        """The answers about a chunk, or about its halves where the first answer was bad; or what failed."""
        try:
            return [(chunk, self._chunk(chunk))]
        except Unreachable:
            parts: tuple[Chunk, ...] = (chunk,)
        except BadAnswer as failure:
            if failure.what == NOTHING_FITS:
                self._topic = None
                return [(chunk, failure.what)]
            parts = chunk.halves
        found: list[tuple[Chunk, ChunkAnswer | str]] = []
        for part in parts:
            try:
                found.append((part, self._chunk(part)))
            except ModelFailure as failure:
                found.append((part, failure.what))
                self._topic = None
        return found

    def choice(self, question: Question, read: Callable[[Any], Answer]) -> Answer:
        """The answer to a question of choice, which is repeated once. Raises `ModelFailure`."""
        try:
            return self._ask(question, read)
        except ModelFailure:
            return self._ask(question, read)

    def _chunk(self, chunk: Chunk) -> ChunkAnswer:
        if chunk.tokens > self.limits.room:
            raise BadAnswer(NOTHING_FITS)
        question = prompts.about_chunk(chunk, self.limits, self._topic)
        answer = self._ask(question, lambda value: answers.read_chunk(value, chunk, self.limits, self.model.key))
        self._topic = answer.topics[-1].label if answer.topics else self._topic
        return answer

    def _ask(self, question: Question, read: Callable[[Any], Answer]) -> Answer:
        if self.stopped is not None:
            raise Unreachable(self.stopped)
        try:
            answer = read(ask(self.model, question))
        except ModelFailure as failure:
            self._count(failure)
            raise
        self._answered, self._silent, self._failed = True, 0, 0
        return answer

    def _count(self, failure: ModelFailure) -> None:
        """Count a failure, and stop after too many in a row."""
        self._failed += 1
        self._silent = self._silent + 1 if isinstance(failure, Unreachable) else 0
        silent, failed = (LOST_CONTACT, LOST_SENSE) if self._answered else (NO_CONTACT, NO_SENSE)
        if self._silent >= silent or self._failed >= failed:
            self.stopped = failure.what
