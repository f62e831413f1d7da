"""Claims that die with their owner: a byte of one file per recording, locked by the operating system."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from pipeline.core.atomic_write import as_error

_PRESENCE = 0
_FIRST = 1
_BYTES = 6


class Locks:
    """Locks on bytes of one file; the kernel lets go of them when the process ends, however it ends.

    POSIX locks belong to the process: one `Claims` per folder and process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise as_error(error, path) from error

    def take(self, name: str) -> bool:
        """Whether the recording is now ours; False while another run has it."""
        return self._lock(_place(name), fcntl.LOCK_EX)

    def drop(self, name: str) -> None:
        """Let go of a recording."""
        self._call(fcntl.LOCK_UN, _place(name))

    def arrive(self) -> None:
        """Say that a run is here; waits while another one tidies up."""
        self._call(fcntl.LOCK_SH, _PRESENCE)

    def is_alone(self) -> bool:
        """Whether no other run is here; then none can begin until `arrive` is called or this process ends."""
        return self._lock(_PRESENCE, fcntl.LOCK_EX)

    def close(self) -> None:
        """Let go of everything."""
        os.close(self._file)

    def _lock(self, place: int, kind: int) -> bool:
        try:
            fcntl.lockf(self._file, kind | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        except OSError as error:
            raise as_error(error, self._path) from error
        return True

    def _call(self, kind: int, place: int) -> None:
        try:
            fcntl.lockf(self._file, kind, 1, place)
        except OSError as error:
            raise as_error(error, self._path) from error


def _place(name: str) -> int:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return _FIRST + int.from_bytes(digest[:_BYTES])
