"""Finished stages on disk: addressed by what made them, written atomically, readable (JSON, FLAC), never pickled.

A cache saves time and is never a reason to fail: what cannot be read is absent, and where nothing can be written the
run goes on without.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import platformdirs

from pipeline.core import serialization
from pipeline.core.atomic_write import TEMPORARY, write_atomically
from pipeline.core.audio import RATE, Samples
from pipeline.core.errors import CrosstalkError
from pipeline.core.events import Listener, NoticeIssued, ignore

Value = TypeVar("Value")
KEEP_DAYS = 14.0
"""Days after which an entry is removed: it holds what was said. More lets interrupted work wait longer."""
DAY = 86_400.0
"""Seconds of a day: a cache that stays open looks for old entries so often."""
_SEAL = 65
"""Bytes at the end of an entry: a line break and the hexadecimal SHA-256 of what is before them."""


def recipe_key(**parts: Any) -> str:
    """32 hexadecimal digits that name a result by everything that can change it."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Cache(Protocol):
    """Where stages keep their results."""

    def load(self, key: str, kind: type[Value]) -> Value | None: ...

    def save(self, key: str, value: Any) -> None: ...

    def load_samples(self, key: str) -> Samples | None: ...

    def save_samples(self, key: str, samples: Samples) -> None: ...


class NoCache:
    """The cache that keeps nothing."""

    def load(self, key: str, kind: type[Value]) -> Value | None:
        return None

    def save(self, key: str, value: Any) -> None:
        pass

    def load_samples(self, key: str) -> Samples | None:
        return None

    def save_samples(self, key: str, samples: Samples) -> None:
        pass


class DiskCache:
    """A folder (private to the user) with one file per finished stage; a damaged file counts as absent.

    Entries older than `KEEP_DAYS` are removed when it is first used, whoever uses it, and once a day from then on. The
    first write that fails is reported to ``listener`` (``cache_unavailable``); after that nothing is written.
    """

    def __init__(self, root: Path | None = None, listener: Listener = ignore) -> None:
        self.root = root or default_root()
        self._listener = listener
        self._writable = True
        self._next_pruning = -float("inf")

    def load(self, key: str, kind: type[Value]) -> Value | None:
        self._prune_daily()
        content = self._read(self._path(key, "json"))
        try:
            return None if content is None else serialization.from_plain(kind, json.loads(content))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None  # an entry of another version

    def holds(self, key: str) -> bool:
        """Whether there is a result under the key; it is not read."""
        return self._path(key, "json").is_file()

    def save(self, key: str, value: Any) -> None:
        self._write(self._path(key, "json"), json.dumps(serialization.to_plain(value), ensure_ascii=False).encode())

    def load_samples(self, key: str) -> Samples | None:
        """16-bit samples as float32, or None."""
        import soundfile  # here: the command line's help does without it

        content = self._read(self._path(key, "flac"))
        if content is None:
            return None
        samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")
        return (samples / np.float32(32768)).astype(np.float32) if rate == RATE else None

    def save_samples(self, key: str, samples: Samples) -> None:
        """Samples on the 16-bit grid, without loss, as FLAC."""
        import soundfile

        buffer = io.BytesIO()
        grid = np.round(samples * 32768).clip(-32768, 32767).astype(np.int16)
        soundfile.write(buffer, grid, RATE, format="FLAC", subtype="PCM_16")
        self._write(self._path(key, "flac"), buffer.getvalue())

    def prune(self, days: float = KEEP_DAYS) -> None:
        """Remove what was not touched for ``days``."""
        horizon = time.time() - days * DAY
        with contextlib.suppress(OSError):
            for path in self.root.glob("*/*"):
                with contextlib.suppress(OSError):  # another run prunes too, or the folder is read-only
                    if path.stat().st_mtime < horizon:
                        path.unlink()

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)

    def problem(self) -> str | None:
        """Why nothing can be kept there, None where it can."""
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

    def _read(self, path: Path) -> bytes | None:
        """The content of an entry; None where there is none, or it is not what was written."""
        try:
            data = path.read_bytes()
        except OSError:
            return None
        return data[:-_SEAL] if data[-_SEAL:] == _seal(data[:-_SEAL]) else None

    def _write(self, path: Path, data: bytes) -> None:
        self._prune_daily()
        if not self._writable:
            return
        try:
            self._make_folder(path.parent)
            write_atomically(path, data + _seal(data))
        except (OSError, CrosstalkError) as error:
            self._writable = False
            reason = error.line if isinstance(error, CrosstalkError) else f"{self.root}: {error.strerror}"
            self._listener(NoticeIssued("cache_unavailable", f"finished stages are not kept: {reason}"))

    def _make_folder(self, folder: Path) -> None:
        """``folder`` in a root that nobody else may look into."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        folder.mkdir(exist_ok=True)


def _seal(content: bytes) -> bytes:
    return b"\n" + hashlib.sha256(content).hexdigest().encode()


def default_root() -> Path:
    """``runs`` in the user's cache folder."""
    return platformdirs.user_cache_path("crosstalk") / "runs"
