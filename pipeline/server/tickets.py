"""Tickets of submitted work: a thread posts updates, any number of readers on the event loop follow them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from pipeline.server.work import End, StageProgress, Update, Waiting


class Identified(Protocol):
    """A job with a unique id."""

    @property
    def id(self) -> str:
        """What distinguishes it from all others."""
        ...


J = TypeVar("J", bound=Identified)
Observer = Callable[[Any, Update], None]
"""``observer(job, update)`` is called in the dispatcher's thread with each start and with the end of a job."""


def ignore(job: Any, update: Update) -> None:
    """The observer that does nothing."""


class Ticket(Generic[J]):
    """A job that was submitted; the event loop reads it, the dispatcher's thread posts to it."""

    def __init__(self, job: J, position: int, cancel: Callable[[Ticket[J]], None], observer: Observer) -> None:
        self.job = job
        self.observer = observer
        self.position, self.attempt = position, 0
        self.began = time.monotonic()
        """Reading of `time.monotonic` at the last start, until then at the submission."""
        self.history: list[Update] = [Waiting(position)]
        """All updates but those of a stage before its latest one, so that its length has a bound."""
        self.changed = asyncio.Event()
        """Set, and replaced by a new one, with each update."""
        self._cancel = cancel
        self._loop = asyncio.get_running_loop()

    @property
    def latest(self) -> Update:
        """The last update."""
        return self.history[-1]

    def cancel(self) -> None:
        """Take the job out of the queue, or let its worker leave it: it ends as `Cancelled` unless it ended before."""
        self._cancel(self)

    def updates(self) -> AsyncIterator[Update]:
        """The latest update, then all others to the end of the job; a reader that is slow gets fewer of a stage's.

        An ``anext`` that is given up, as by `asyncio.wait_for`, loses nothing: the next one continues.
        """
        return _Updates(self)

    async def end(self) -> End:
        """The end of the job, as soon as it is there."""
        while not isinstance(self.latest, End):
            await self.changed.wait()
        return self.latest

    def post(self, update: Update) -> None:
        """Add an update, from any thread."""
        with suppress(RuntimeError):  # the loop is closed: there is no reader any more
            self._loop.call_soon_threadsafe(self._add, update)

    def _add(self, update: Update) -> None:
        latest = self.latest
        if isinstance(latest, StageProgress) and isinstance(update, StageProgress) and latest.stage == update.stage:
            self.history[-1] = update
        else:
            self.history.append(update)
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()


class _Updates(AsyncIterator[Update]):
    """One reader of a ticket: its place in the history, and the update that it got last."""

    def __init__(self, ticket: Ticket[Any]) -> None:
        self._ticket = ticket
        self._place = len(ticket.history) - 1
        self._last: Update | None = None

    async def __anext__(self) -> Update:
        if isinstance(self._last, End):
            raise StopAsyncIteration
        history = self._ticket.history
        while history[self._place] is self._last:
            if self._place + 1 < len(history):
                self._place += 1
            else:
                await self._ticket.changed.wait()
        self._last = history[self._place]
        return self._last
