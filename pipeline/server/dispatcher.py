"""The bounded queue in front of worker processes: a thread owns their pool, an event loop submits work and follows it.

Whatever happens in the pool reaches the loop by ``call_soon_threadsafe``: neither side ever waits for the other.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from threading import Lock, Thread
from typing import Any, Final, Generic

from pipeline.core.errors import CrosstalkError
from pipeline.server.log import LOG
from pipeline.server.tickets import J, Observer, Ticket, ignore
from pipeline.server.work import Cancelled, Done, End, Failed, StageProgress, Started, Update, Waiting
from pipeline.workers.pool import GRACE, Crashed, Finished
from pipeline.workers.process_pool import ProcessPool
from pipeline.workers.program import Program

__all__ = ["STOPPED", "UNABLE", "Dispatcher", "QueueFull", "Ticket"]

STOPPED: Final = Failed("machine", "the server is stopping; try again")
"""The end of all work that a stopping server did not finish."""
UNABLE: Final = Failed("machine", "no worker can be started; the log of the server says why")
"""The end of work for which there is no worker."""
FIRST_RETRY: Final = 10.0
"""Seconds after which a client should try again before any work was done. Chosen by hand: models load in that time."""
RECENT: Final = 20
"""Number of pieces of work from which the mean is taken. Chosen by hand; a larger value follows a change later."""
RETRY_SECONDS: Final = 5.0
"""Seconds before another start of a worker after one that failed. Chosen by hand; a smaller value takes more of the
processor from other workers where no start can succeed."""


RETURN_SECONDS: Final = 5.0
"""Seconds that a worker has to leave cancelled work, before another one takes its place and loads the models anew.
Chosen by hand: about as long as that takes; a larger value keeps a worker longer from the next recording."""
PAUSE_SECONDS: Final = 0.2
"""Seconds before the next step after an error. Chosen by hand; a smaller value fills the log where the error lasts."""


class QueueFull(Exception):
    """As much work waits as may; after ``retry_after`` seconds, that will probably have begun."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"the queue is full; try again in {retry_after} s")


class Dispatcher(Generic[J]):
    """A queue of at most ``capacity`` jobs in front of ``workers`` processes that run ``program``.

    ``environments`` are those of `ProcessPool`; a job has ``seconds``, which its handler may extend. A
    job whose worker died is tried again, up to ``attempts`` times in all. With ``on_demand`` workers start with the
    first job, else at once. ``observer`` is called for all jobs. ``waiting``, ``running`` and ``ready`` count jobs in
    the queue, jobs in workers, and workers whose models are loaded; ``problem`` says why none can be started, which is
    tried again.
    """

    def __init__(
        self,
        program: Program,
        workers: int,
        *,
        capacity: int,
        environments: Sequence[Mapping[str, str]] = ({},),
        seconds: float = math.inf,
        attempts: int = 3,
        on_demand: bool = False,
        observer: Observer = ignore,
    ) -> None:
        self.ready = 0
        self.problem: str | None = None
        self._capacity, self._seconds, self._attempts = capacity, seconds, attempts
        self._on_demand, self._observer = on_demand, observer
        self._pool: ProcessPool[J, End] = ProcessPool(
            program, workers, environments=environments, on_report=self._report
        )
        self._queue: deque[Ticket[J]] = deque()
        self._running: dict[str, Ticket[J]] = {}
        self._live: dict[str, Ticket[J]] = {}
        self._cancelled: deque[Ticket[J]] = deque()
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._lock = Lock()  # of the queue, and of the decision to stop
        self._deadline: float | None = None
        self._next_start = 0.0
        self._thread = Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begin to work on what is submitted."""
        self._thread.start()

    def stop(self, grace: float) -> None:
        """End all work; what runs may end by itself within ``grace`` seconds. Blocks; what did not end is `STOPPED`."""
        with self._lock:
            self._deadline = time.monotonic() + grace
        self._pool.wake()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(GRACE)
        self.ready = 0
        for ticket in list(self._live.values()):
            self._close(ticket, STOPPED)

    def submit(self, job: J, *, accepted: bool = False, observer: Observer = ignore) -> Ticket[J]:
        """Put a job into the queue; called on the event loop. Raises `QueueFull`.

        Work that was ``accepted`` before is never refused. ``observer`` is called for this job; for its end,
        before any reader has that.
        """
        with self._lock:
            if not accepted:
                self.require_room()
            ticket = Ticket(job, len(self._queue), self._cancel, observer)
            if self._deadline is None:
                self._queue.append(ticket)
                self._live[job.id] = ticket
            else:
                ticket.post(STOPPED)
        self._pool.wake()
        return ticket

    def ticket(self, id: str) -> Ticket[J] | None:
        """The ticket of a job that waits or runs; None for any other."""
        return self._live.get(id)

    @property
    def waiting(self) -> int:
        """Number of jobs in the queue."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """Number of jobs in workers."""
        return len(self._running)

    def require_room(self) -> None:
        """Raise `QueueFull` where the queue takes no more."""
        if len(self._queue) >= self._capacity:
            seconds = self.seconds_until(len(self._queue) - 1)
            raise QueueFull(math.ceil(max(1.0, FIRST_RETRY if seconds is None else seconds)))

    @property
    def mean(self) -> float | None:
        """Mean seconds of recent work that was done; None before any was."""
        recent = tuple(self._recent)
        return sum(recent) / len(recent) if recent else None

    def seconds_until(self, position: int) -> float | None:
        """Seconds until the job at a position of the queue begins, by the mean of recent work; None before any."""
        mean = self.mean
        return None if mean is None else mean * (position + 1) / self._pool.size

    def _cancel(self, ticket: Ticket[J]) -> None:
        self._cancelled.append(ticket)
        self._pool.wake()

    def _run(self) -> None:
        """The dispatcher's thread. It ends when the server stops, and for no other reason."""
        while not self._is_over:
            try:
                self._step()
            except Exception as error:  # of a worker that cannot be started, or of the pool
                self._recover(error)

    @property
    def _is_over(self) -> bool:
        return self._deadline is not None and (not self._running or time.monotonic() >= self._deadline)

    def _step(self) -> None:
        """Do what was asked for since the last step, then wait for the next message or request."""
        self._stop_cancelled()
        if self._deadline is None:
            self._start_workers()
            self._hand_out()
        else:
            self._close_waiting(STOPPED)
        for job, end in self._pool.receive():
            self._finish(job, end)
        self.ready = self._pool.ready

    def _stop_cancelled(self) -> None:
        while self._cancelled:
            ticket = self._cancelled.popleft()
            if self._leave_queue(ticket):
                self._close(ticket, Cancelled())
                self._renumber()
            elif self._running.get(ticket.job.id) is ticket and self._pool.abandon(ticket.job, RETURN_SECONDS):
                self._close(ticket, Cancelled())

    def _leave_queue(self, ticket: Ticket[J]) -> bool:
        """Whether the ticket was in the queue, which it is no more."""
        with self._lock:
            if ticket not in self._queue:
                return False
            self._queue.remove(ticket)
        return True

    def _start_workers(self) -> None:
        if self.problem is not None:
            if time.monotonic() < self._next_start:
                return
            self.problem = None
        self._pool.scale(len(self._queue) + len(self._running) if self._on_demand else self._pool.size)

    def _hand_out(self) -> None:
        while self._queue and self._pool.idle:
            with self._lock:
                ticket = self._queue.popleft()
            ticket.attempt += 1
            ticket.began = time.monotonic()
            self._running[ticket.job.id] = ticket
            self._observe(ticket, Started(ticket.attempt))
            ticket.post(Started(ticket.attempt))
            self._pool.submit(ticket.job, self._seconds)
            self._renumber()

    def _renumber(self) -> None:
        """Tell those that wait where they are now."""
        with self._lock:
            queue = tuple(self._queue)
        for position, ticket in enumerate(queue):
            if ticket.position != position:
                ticket.position = position
                ticket.post(Waiting(position))

    def _report(self, job: J, value: Any) -> None:
        ticket = self._running.get(job.id)
        if ticket is not None and isinstance(value, StageProgress):
            ticket.post(value)

    def _finish(self, job: J, end: Finished[End] | Crashed) -> None:
        """The end of a job in a worker is that of its ticket, unless it is tried again."""
        ticket = self._running[job.id]
        if isinstance(end, Finished):
            if isinstance(end.value, Done):
                self._recent.append(time.monotonic() - ticket.began)
            self._close(ticket, end.value)
        elif end.cause == "limit":
            self._close(ticket, Failed("limit", end.reason))
        elif end.cause == "failed":
            self._close(ticket, Failed("model", end.reason))
        elif self._deadline is not None:
            self._close(ticket, STOPPED)
        elif ticket.attempt < self._attempts:
            self._put_back(ticket)
        else:
            self._close(ticket, Failed("crash", f"{end.reason}, at each of {ticket.attempt} attempts"))

    def _put_back(self, ticket: Ticket[J]) -> None:
        """Try a job again before all others: it was there before them."""
        del self._running[ticket.job.id]
        ticket.position = 0
        ticket.post(Waiting(0))
        with self._lock:
            self._queue.appendleft(ticket)
        self._renumber()

    def _recover(self, error: Exception) -> None:
        """Go on after an error of the pool: with the workers that are left, or with new ones for the next job."""
        self.problem = error.line if isinstance(error, CrosstalkError) else type(error).__name__
        LOG.error("a worker cannot be started: %s", self.problem)
        time.sleep(PAUSE_SECONDS)
        self.ready = self._pool.ready
        self._next_start = time.monotonic() + RETRY_SECONDS
        if not self.ready:
            self._pool.shutdown()
            self._close_waiting(UNABLE)
        held = {id(job) for job in self._pool.jobs}
        for ticket in [each for each in self._running.values() if id(each.job) not in held]:
            self._close(ticket, UNABLE)

    def _close_waiting(self, end: End) -> None:
        with self._lock:
            queue = tuple(self._queue)
            self._queue.clear()
        for ticket in queue:
            self._close(ticket, end)

    def _close(self, ticket: Ticket[J], end: End) -> None:
        """The end of a job: its observer first, so that the journal has it before any reader."""
        self._running.pop(ticket.job.id, None)
        self._observe(ticket, end)
        self._live.pop(ticket.job.id, None)
        ticket.post(end)

    def _observe(self, ticket: Ticket[J], update: Update) -> None:
        for observer in (self._observer, ticket.observer):
            try:
                observer(ticket.job, update)
            except Exception as error:  # of the journal or the figures: the work itself goes on
                LOG.error("an observer of work failed: %s", type(error).__name__)
