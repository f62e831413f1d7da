"""Locks that end with their process: one byte of a file per recording, locked by the operating system."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from pipeline.core.atomic_write import as_error

_PRESENCE = 0
"""Byte that every run locks, shared, while it uses the folder."""
_FIRST = 1
"""First byte for recordings."""
_BYTES = 6
"""Bytes of the hash that place a recording's lock: two names share a lock once in 2**48. Chosen by hand, within the
offsets that file systems take."""


class Locks:
    """Locks on bytes of one file. The kernel releases them when the process ends, however it ends.

    POSIX locks belong to the process, so there must be only one `Locks` per folder and process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise as_error(error, path) from error

    def acquire(self, name: str) -> bool:
        """Try to lock a recording; False while another run holds it."""
        return self._lock(_offset(name), fcntl.LOCK_EX)

    def release(self, name: str) -> None:
        """Unlock a recording."""
        self._call(fcntl.LOCK_UN, _offset(name))

    def join(self) -> None:
        """Register this run as a user of the folder; blocks while another run holds it exclusively."""
        self._call(fcntl.LOCK_SH, _PRESENCE)

    def try_exclusive(self) -> bool:
        """Try to lock the whole folder: True when no other run uses it. None can join until `join` or the end of this
        process.
        """
        return self._lock(_PRESENCE, fcntl.LOCK_EX)

    def close(self) -> None:
        """Release all locks."""
        os.close(self._file)

    def _lock(self, offset: int, kind: int) -> bool:
        try:
            fcntl.lockf(self._file, kind | fcntl.LOCK_NB, 1, offset)
        except (BlockingIOError, PermissionError):
            return False
        except OSError as error:
            raise as_error(error, self._path) from error
        return True

    def _call(self, kind: int, offset: int) -> None:
        try:
            fcntl.lockf(self._file, kind, 1, offset)
        except OSError as error:
            raise as_error(error, self._path) from error


def _offset(name: str) -> int:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return _FIRST + int.from_bytes(digest[:_BYTES])
