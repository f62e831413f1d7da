"""Inside a worker process: start the program, then answer jobs until the pipe closes.

The process ends with its parent, however that ends: a thread reads the pipe, and the end of the pipe kills the process
group.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
from multiprocessing.connection import Connection
from typing import Any

from pipeline.core.allocator import keep_freed_memory
from pipeline.core.errors import CrosstalkError
from pipeline.workers.program import ABANDON, Control, Extended, Fatal, Message, Program, Ready, Reported, answer


def main(handle: int) -> None:
    """Serve the pipe with this file descriptor. Never returns."""
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _exit)
    pipe: Connection[Any, Any] = Connection(handle)
    program: Program = pickle.loads(pipe.recv_bytes())
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    abandoned = threading.Event()
    threading.Thread(target=_read, args=(pipe, jobs, abandoned), daemon=True).start()

    def send(message: Message) -> None:
        pipe.send_bytes(pickle.dumps(message))

    try:
        handler = program.start()
    except CrosstalkError as error:
        send(Fatal(error.line, error.exit_code))
        signal.pause()
    else:
        send(Ready())
        control = Control(
            lambda seconds: send(Extended(seconds)), lambda value: send(Reported(value)), abandoned.is_set
        )
        while True:
            pipe.send_bytes(answer(handler, jobs.get(), control))


def _read(pipe: Connection[Any, Any], jobs: queue.SimpleQueue[bytes], abandoned: threading.Event) -> None:
    """Put jobs into the queue; an empty message, `program.ABANDON`, is about the job before it."""
    try:
        while True:
            message = pipe.recv_bytes()
            if message == ABANDON:
                abandoned.set()
            else:
                abandoned.clear()
                jobs.put(message)
    except (EOFError, OSError):
        os.killpg(0, signal.SIGKILL)


def _exit(number: int, frame: Any) -> None:
    raise SystemExit(128 + number)
