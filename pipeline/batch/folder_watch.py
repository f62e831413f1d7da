"""Folders that are watched: new recordings are taken up once they are complete, half-written ones left alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from pipeline.batch.discovery import Found, Recording, Search, find, renaming
from pipeline.batch.journal import file_signature
from pipeline.batch.naming import absolute

SETTLED = 10.0
"""Seconds without a change after which a file is complete; one that goes on later is transcribed again."""
LOOK = 2.0
"""Seconds between two looks."""
PATIENCE = 60.0
"""Seconds that a listed file may be missing before that is reported."""


class Watch:
    """Gives each recording once it is complete, and again when it has changed.

    A recording keeps the name it was given under. What cannot be used is reported to ``report``, once; it ends nothing.
    """

    def __init__(
        self, search: Search, settled: float = SETTLED, report: Callable[[str], None] = lambda line: None
    ) -> None:
        self._search, self._settled, self._report = search, settled, report
        self._seen: dict[str, float] = {}
        self._reported: set[str] = set()
        self._given: dict[Path, str] = {}
        self._growing: dict[Path, tuple[str, float]] = {}
        self._names = dict(search.known)
        self._next = 0.0

    def __call__(self) -> list[Recording]:
        """What is new and complete; empty between two looks."""
        now = time.monotonic()
        if now < self._next:
            return []
        self._next = now + LOOK
        found = find(replace(self._search, known=self._names))
        new = [recording for recording in found.recordings if self._is_new(recording, now)]
        self._names |= {absolute(recording.path): recording.name for recording in new}
        self._report_lasting(self._problems(found, new), now)
        return new

    def _problems(self, found: Found, new: Iterable[Recording]) -> Iterable[tuple[str, float]]:
        """What is to be reported, and after how many seconds without a change."""
        yield from ((renaming(path, found.renamed[path]), 0.0) for path in _renamed(found, new))
        yield from ((rejected.line, self._settled) for rejected in found.rejected)
        yield from ((f"cannot read {folder}", 0.0) for folder in found.skipped.unreadable)
        missing = (recording.path for recording in found.recordings if not file_signature(recording.path))
        yield from ((f"{path} is not there, or is no file", PATIENCE) for path in missing)

    def _report_lasting(self, problems: Iterable[tuple[str, float]], now: float) -> None:
        """Report what has lasted long enough; what went away and comes back is reported again."""
        waits = dict(problems)
        self._seen = {line: self._seen.get(line, now) for line in waits}
        self._reported &= waits.keys()
        for line, wait in waits.items():
            if line not in self._reported and now - self._seen[line] >= wait:
                self._reported.add(line)
                self._report(line)

    def _is_new(self, recording: Recording, now: float) -> bool:
        path, mark = recording.path, file_signature(recording.path)
        if not mark or self._given.get(path) == mark:
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


def _renamed(found: Found, new: Iterable[Recording]) -> Iterable[Path]:
    return [recording.path for recording in new if recording.path in found.renamed]


def _age(path: Path) -> float:
    """Seconds since the file was written to; 0 when it has just gone."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return 0.0
