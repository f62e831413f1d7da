"""Finished stages on disk: addressed by what made them, written atomically, readable (JSON, FLAC), never pickled."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import time
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import platformdirs

from pipeline import plain
from pipeline.audio import RATE, Samples
from pipeline.files import explain, write_atomically

Value = TypeVar("Value")
KEEP_DAYS = 14.0
"""Artefacts untouched for so long are removed when a run begins: they hold what was said."""


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

    def prune(self) -> None: ...


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

    def prune(self) -> None:
        pass


class DiskCache:
    """A folder (private to the user) with one file per finished stage; a damaged file counts as absent."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_root()

    def load(self, key: str, kind: type[Value]) -> Value | None:
        try:
            data = json.loads(self._path(key, "json").read_text(encoding="utf-8"))
            return plain.from_plain(kind, data)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def holds(self, key: str) -> bool:
        """Whether there is a result under the key; it is not read."""
        return self._path(key, "json").is_file()

    def save(self, key: str, value: Any) -> None:
        self._write(self._path(key, "json"), json.dumps(plain.to_plain(value), ensure_ascii=False).encode())

    def load_samples(self, key: str) -> Samples | None:
        """16-bit samples as float32, or None."""
        import soundfile  # here: the command line's help does without it

        try:
            samples, rate = soundfile.read(io.BytesIO(self._path(key, "flac").read_bytes()), dtype="int16")
        except (OSError, RuntimeError):
            return None
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
        horizon = time.time() - days * 86_400
        for path in self.root.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):  # another run prunes too
                if path.stat().st_mtime < horizon:
                    path.unlink()

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _path(self, key: str, suffix: str) -> Path:
        return self.root / key[:2] / f"{key}.{suffix}"

    def _write(self, path: Path, data: bytes) -> None:
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.root.chmod(0o700)
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise explain(error, path.parent) from error
        write_atomically(path, data)


def default_root() -> Path:
    """``runs`` in the user's cache folder."""
    return platformdirs.user_cache_path("crosstalk") / "runs"
