"""Progress of a download by another program, from the size of its files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.core.events import Progress

_INTERVAL = 0.2  # seconds


@contextmanager
def report_size(measure: Callable[[], int], total: int, progress: Progress) -> Iterator[None]:
    """Report ``measure()`` of ``total`` bytes while the block runs, and ``total`` when it ends without an error."""
    done = threading.Event()

    def poll() -> None:
        while not done.wait(_INTERVAL):
            progress(min(measure(), total), total)

    watcher = threading.Thread(target=poll, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    progress(total, total)


def largest_file(folder: Path, suffix: str) -> int:
    """Size in bytes of the largest file with the suffix in a folder tree; pip may keep two copies of a download."""
    return max(_sizes(folder, suffix), default=0)


def all_files(folder: Path) -> int:
    """Total size in bytes of the files in a folder tree."""
    return sum(_sizes(folder, ""))


def _sizes(folder: Path, suffix: str) -> list[int]:
    sizes = []
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(suffix):
                with suppress(FileNotFoundError):  # the other program moves and removes files
                    sizes.append(Path(parent, name).stat().st_size)
    return sizes
