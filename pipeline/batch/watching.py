"""Folders that are watched: new recordings are taken up once they are complete, half-written ones left alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.batch.discovery import Recording, find
from pipeline.batch.journal import stamp
from pipeline.errors import SettingsError

SETTLED = 10.0
"""A file that has not changed for so many seconds is complete; one that goes on later is transcribed again."""
LOOK = 2.0
"""Seconds between two looks."""
PATIENCE = 60.0
"""A manifest that was good may be unreadable for so many seconds."""


class Watch:
    """Gives each recording once it is complete, and again when it has changed.

    Of two whose results would have one name only the first is given; the other one is told to ``tell``, once.
    """

    def __init__(
        self,
        places: Sequence[str],
        out: Path,
        settled: float = SETTLED,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._places, self._out, self._settled, self._tell = places, out, settled, tell
        self._told: set[Path] = set()
        self._given: dict[Path, str] = {}
        self._growing: dict[Path, tuple[str, float]] = {}
        self._names: dict[str, Path] = {}
        self._next = 0.0
        self._sound = float("-inf")

    def __call__(self) -> list[Recording]:
        """What is new and complete; empty between two looks."""
        now = time.monotonic()
        if now < self._next:
            return []
        self._next = now + LOOK
        return [recording for recording in self._look(now) if self._is_new(recording, now)]

    def _look(self, now: float) -> Sequence[Recording]:
        """What there is; nothing while a manifest is being written, which is an error only when it stays one."""
        try:
            found = find(self._places, self._out)
        except SettingsError:
            if now - self._sound > PATIENCE:
                raise
            return ()
        self._sound = now
        return found

    def _is_new(self, recording: Recording, now: float) -> bool:
        path, mark = recording.path, stamp(recording.path)
        if not mark or self._given.get(path) == mark:
            return False
        first = self._names.setdefault(recording.name.casefold(), path)
        if first != path:
            if path not in self._told:
                self._told.add(path)
                self._tell(f"{path} is left out: {first} has its results under the same name")
            return False
        last, since = self._growing.get(path, ("", now))
        if last != mark:
            since = now - (_age(path) if path not in self._growing else 0.0)
            self._growing[path] = mark, since
        if now - since < self._settled:
            return False
        del self._growing[path]
        self._given[path] = mark
        return True


def _age(path: Path) -> float:
    """Seconds since the file was written to; 0 when it has just gone."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return 0.0
