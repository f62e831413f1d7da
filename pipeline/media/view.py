"""A range of bytes of a file, readable as a file, with single bytes replaced."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import BinaryIO


class View:
    """The bytes from ``start`` to ``end`` of an open file; ``patches`` replace bytes, by position in the view.

    Views of one file share its position: each read seeks first.
    """

    def __init__(
        self, file: BinaryIO, start: int = 0, end: int | None = None, patches: Mapping[int, bytes] | None = None
    ) -> None:
        whole = file.seek(0, os.SEEK_END)
        self._file, self._start, self._patches = file, start, dict(patches or {})
        self.size = max(0, (whole if end is None else min(end, whole)) - start)
        self._at = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and self._bounds == other._bounds

    def __hash__(self) -> int:
        return hash((self._start, self.size))

    @property
    def _bounds(self) -> tuple[object, ...]:
        return self._file, self._start, self.size, self._patches

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self.size - self._at)
        size = left if size is None or size < 0 else min(size, left)
        if not size:
            return b""
        self._file.seek(self._start + self._at)
        data = self._file.read(size)
        for at, patch in self._patches.items():
            data = _patched(data, at - self._at, patch)
        self._at += len(data)
        return data

    def read_at(self, at: int, size: int) -> bytes:
        self.seek(at)
        return self.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def _patched(data: bytes, at: int, patch: bytes) -> bytes:
    """``data`` with the part of ``patch``, which begins at ``at``, that lies inside."""
    first, last = max(0, at), min(len(data), at + len(patch))
    return data[:first] + patch[first - at : last - at] + data[last:] if first < last else data
