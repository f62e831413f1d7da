"""Watch folders for new recordings, which are taken once they are complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.batch.discovery import LeftOut, Recording, Search, SearchResult, find, rename_line, unmatched_line
from pipeline.batch.journal import file_signature
from pipeline.batch.naming import absolute

SETTLED = 10.0
"""Seconds without a change after which a file counts as complete. Chosen by hand; a smaller value transcribes
files that are still being written, and then once more."""
POLL_INTERVAL = 2.0
"""Seconds between two searches. Chosen by hand; a smaller value loads the disk more."""
MISSING_WAIT = 60.0
"""Seconds that a listed file may be missing before it is reported. Chosen by hand; a smaller value reports files whose
copy has not begun yet."""


class Watch:
    """Returns each recording once it is complete, and again after it has changed.

    A recording keeps its name. Problems are reported to ``report`` once and do not end the watch. ``leave_out`` gets
    what the search left out, whenever that has changed.
    """

    def __init__(
        self,
        search: Search,
        settled: float = SETTLED,
        report: Callable[[str], None] = lambda line: None,
        leave_out: Callable[[Sequence[LeftOut]], None] = lambda items: None,
    ) -> None:
        self._search, self._settled, self._report, self._leave_out = search, settled, report, leave_out
        self._left_out: Sequence[LeftOut] | None = None
        self._problem_since: dict[str, float] = {}
        self._reported: set[str] = set()
        self._returned: dict[Path, str] = {}
        self._growing: dict[Path, tuple[str, float]] = {}
        self._names = dict(search.names)
        self._next = 0.0

    def __call__(self) -> list[Recording]:
        """Recordings that are new and complete; empty between two searches."""
        now = time.monotonic()
        if now < self._next:
            return []
        self._next = now + POLL_INTERVAL
        result = find(replace(self._search, names=self._names))
        new = [recording for recording in result.recordings if self._is_new(recording, now)]
        self._names |= {absolute(recording.path): recording.name for recording in new}
        self._report_lasting(self._problems(result, new), now)
        if result.skipped.items != self._left_out:
            self._left_out = result.skipped.items
            self._leave_out(self._left_out)
        return new

    def _problems(self, result: SearchResult, new: Iterable[Recording]) -> Iterable[tuple[str, float]]:
        """Lines to report, each with the seconds that the problem must last first."""
        yield from ((rename_line(path, result.renamed[path]), 0.0) for path in _renamed(result, new))
        yield from ((rejected.line, self._settled) for rejected in result.rejected)
        yield from ((unmatched_line(each), 0.0) for each in [result.unmatched] if each.count)
        yield from ((f"cannot read {folder}", 0.0) for folder in result.skipped.unreadable)
        missing = (recording.path for recording in result.recordings if not file_signature(recording.path))
        yield from ((f"{path} is missing, or not a regular file", MISSING_WAIT) for path in missing)

    def _report_lasting(self, problems: Iterable[tuple[str, float]], now: float) -> None:
        """Report problems that have lasted long enough; one that disappears and returns is reported again."""
        waits = dict(problems)
        self._problem_since = {line: self._problem_since.get(line, now) for line in waits}
        self._reported &= waits.keys()
        for line, wait in waits.items():
            if line not in self._reported and now - self._problem_since[line] >= wait:
                self._reported.add(line)
                self._report(line)

    def _is_new(self, recording: Recording, now: float) -> bool:
        path, signature = recording.path, file_signature(recording.path)
        if not signature or self._returned.get(path) == signature:
            return False
        last, since = self._growing.get(path, ("", now))
        if last != signature:
            since = now - (_age(path) if path not in self._growing else 0.0)
            self._growing[path] = signature, since
        if now - since < self._settled:
            return False
        del self._growing[path]
        self._returned[path] = signature
        return True


def _renamed(result: SearchResult, new: Iterable[Recording]) -> Iterable[Path]:
    return [recording.path for recording in new if recording.path in result.renamed]


def _age(path: Path) -> float:
    """Seconds since the last write to the file; 0 if it no longer exists."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return 0.0
