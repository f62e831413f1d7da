"""What commands print on stdout, and what their options say about formats."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path
from typing import TextIO

from pipeline.core.errors import printable
from pipeline.formats import built_in

FORMATS = f"A comma list of: {', '.join(built_in())}; or package.module:FORMAT."
"""Help of the options that choose formats."""


def show(text: str) -> None:
    """Print on stdout; a reader that has gone away (``| head -1``) is no reason to stop the work."""
    _write(text, sys.stdout)


def tell(line: str) -> None:
    """The same on stderr: one line."""
    _write(f"{line}\n", sys.stderr)


def tell_kept(path: Path) -> None:
    """Say that a file was not made again with the transcript that it belongs to."""
    tell(printable(f"transcribe: {path} was made with other settings and is as before: make it again"))


def drop_unread() -> bool:
    """Redirect closed standard streams to the null device, also for the last flush; return whether there were any."""
    unread = [stream for stream in (sys.stdout, sys.stderr) if _is_unread(stream)]
    for stream in unread:
        _drop(stream)
    return bool(unread)


def _write(text: str, stream: TextIO) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _drop(stream)


def _is_unread(stream: TextIO) -> bool:
    poll = select.poll()
    try:
        poll.register(stream.fileno(), select.POLLOUT)
    except (OSError, ValueError):
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _drop(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
