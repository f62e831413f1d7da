"""Hashes, lists and durable writes of files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path


def digest_files(digests: Mapping[str, str]) -> str:
    """One SHA-256 over the names and hashes of files, independent of their order."""
    lines = sorted(f"{digest}  {name}\n" for name, digest in digests.items())
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def list_files(folder: Path) -> tuple[str, ...]:
    """Sorted names of all files in a folder tree, relative with ``/``, without hidden files."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts)))


def flush(path: Path) -> None:
    """Wait until a file or folder is written to the disk (fsync)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
