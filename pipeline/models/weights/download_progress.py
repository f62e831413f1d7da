"""Progress of a download that another program makes, seen from the files it writes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.core.events import Progress

_INTERVAL = 0.2  # seconds


@contextmanager
def watched(measure: Callable[[], int], total: int, progress: Progress) -> Iterator[None]:
    """Report ``measure()`` of ``total`` bytes while the block runs, and the whole when it ends well."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_INTERVAL):
            progress(min(measure(), total), total)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    progress(total, total)


def largest_file(folder: Path, suffix: str) -> int:
    """Size of the largest file below a folder with that suffix: pip keeps up to two copies of what it fetches."""
    return max(_sizes(folder, suffix), default=0)


def all_files(folder: Path) -> int:
    """Size of all files below a folder together."""
    return sum(_sizes(folder, ""))


def _sizes(folder: Path, suffix: str) -> list[int]:
    sizes = []
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(suffix):
                with suppress(FileNotFoundError):  # the downloader moves and removes files meanwhile
                    sizes.append(Path(parent, name).stat().st_size)
    return sizes
