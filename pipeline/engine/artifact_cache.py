"""Results of finished stages on disk: addressed by their key, written atomically, in readable files, never pickled.

A cache saves time and is never a reason to fail: an unreadable entry counts as absent, and where nothing can be written
the run goes on without.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import platformdirs

from pipeline.core.atomic_write import TEMPORARY, write_atomically
from pipeline.core.codecs import Codec
from pipeline.core.errors import CrosstalkError
from pipeline.core.events import Listener, NoticeIssued, ignore

Value = TypeVar("Value")
KEEP_DAYS = 14.0
"""Days after which an unused entry is removed. Chosen by hand: entries hold what was said, so they must not stay; more
days let interrupted work be resumed later."""
DAY = 86_400.0
"""Seconds of a day: the time between two removals of old entries in a cache that stays open."""
_SEAL = 65
"""Bytes at the end of an entry: a line break and the hexadecimal SHA-256 of the bytes before it."""


def recipe_key(**parts: Any) -> str:
    """32 hexadecimal digits that name a result by everything that can change it."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Cache(Protocol):
    """Where the results of stages are stored, as files by key and suffix."""

    def read(self, key: str, suffix: str) -> bytes | None:
        """The file's content; None where there is no such file or it is damaged."""
        ...

    def write(self, key: str, suffix: str, content: bytes) -> None: ...


def load(cache: Cache, key: str, codec: Codec[Value], inputs: Sequence[Any] = ()) -> Value | None:
    """The value under a key; None where it is absent, damaged or of another version."""
    try:
        return codec.decode(functools.partial(cache.read, key), inputs)
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError):
        return None


def save(cache: Cache, key: str, codec: Codec[Value], value: Value) -> None:
    """Store a value under a key; the file that marks it as complete is written last."""
    for suffix, content in codec.encode(value).items():
        cache.write(key, suffix, content)


class NoCache:
    """The cache that stores nothing."""

    def read(self, key: str, suffix: str) -> bytes | None:
        return None

    def write(self, key: str, suffix: str, content: bytes) -> None:
        pass


class DiskCache:
    """A folder, private to the user, with the files of each finished stage; a damaged file counts as absent.

    Entries older than `KEEP_DAYS` are removed when the cache is first used and once a day from then on. The first write
    that fails is reported to ``listener`` (``cache_unavailable``); after that nothing is written.
    """

    def __init__(self, root: Path | None = None, listener: Listener = ignore) -> None:
        self.root = root or default_root()
        self._listener = listener
        self._writable = True
        self._next_pruning = -float("inf")

    def holds(self, key: str) -> bool:
        """Whether there is a complete value under the key; it is not read."""
        return self._path(key, "json").is_file()

    def read(self, key: str, suffix: str) -> bytes | None:
        self._prune_daily()
        try:
            data = self._path(key, suffix).read_bytes()
        except OSError:
            return None
        return data[:-_SEAL] if data[-_SEAL:] == _seal(data[:-_SEAL]) else None

    def write(self, key: str, suffix: str, content: bytes) -> None:
        self._prune_daily()
        if not self._writable:
            return
        path = self._path(key, suffix)
        try:
            self._make_folder(path.parent)
            write_atomically(path, content + _seal(content))
        except (OSError, CrosstalkError) as error:
            self._writable = False
            reason = error.line if isinstance(error, CrosstalkError) else f"{self.root}: {error.strerror}"
            self._listener(NoticeIssued("cache_unavailable", f"finished stages are not cached: {reason}"))

    def prune(self, days: float = KEEP_DAYS) -> None:
        """Remove the entries that were not written for ``days``."""
        oldest = time.time() - days * DAY
        with contextlib.suppress(OSError):
            for path in self.root.glob("*/*"):
                with contextlib.suppress(OSError):  # another run prunes too, or the folder is read-only
                    if path.stat().st_mtime < oldest:
                        path.unlink()

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)

    def problem(self) -> str | None:
        """Why the folder cannot be written; None where it can."""
        try:
            self._make_folder(self.root)
            with tempfile.TemporaryFile(prefix=TEMPORARY, dir=self.root) as file:
                file.write(b"x")
        except OSError as error:
            return f"{self.root} cannot be written: {error.strerror}"
        return None

    def _prune_daily(self) -> None:
        if time.monotonic() >= self._next_pruning:
            self._next_pruning = time.monotonic() + DAY
            self.prune()

    def _path(self, key: str, suffix: str) -> Path:
        return self.root / key[:2] / f"{key}.{suffix}"

    def _make_folder(self, folder: Path) -> None:
        """Make ``folder`` in a root that only the user can read."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        folder.mkdir(exist_ok=True)


def _seal(content: bytes) -> bytes:
    """The end of an entry, by which damage is detected."""
    return b"\n" + hashlib.sha256(content).hexdigest().encode()


def default_root() -> Path:
    """``runs`` in the user's cache folder."""
    return platformdirs.user_cache_path("crosstalk") / "runs"
