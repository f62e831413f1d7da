"""Hashing and looking through files on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path


def digest_files(digests: Mapping[str, str]) -> str:
    """One SHA-256 over names and hashes of files, whatever their order."""
    lines = sorted(f"{digest}  {name}\n" for name, digest in digests.items())
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def list_files(folder: Path) -> tuple[str, ...]:
    """Names of all files below a folder, relative to it with ``/``, sorted; hidden ones are left out."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts)))


def flush(path: Path) -> None:
    """Wait until a file or a folder is on the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
