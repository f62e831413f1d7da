"""What a batch tells: a line per recording with an honest rest of time, the table at the end, and ``failures.csv``."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.batch.discovery import Found, Recording, renaming
from pipeline.batch.estimate import TEXT, Speed, guess_duration
from pipeline.batch.naming import FAILURES
from pipeline.batch.scheduler import RecordingResult
from pipeline.core.atomic_write import as_error, write_atomically
from pipeline.core.errors import printable
from pipeline.formats.sanitize import cell

ENOUGH = 3
"""After so many recordings worked on, the time that is left is worth saying."""
SHOWN = 8
"""Recordings with other names that are listed one by one before a run."""
WORDS: Mapping[str, str] = {
    "done": "done before", "refused": "refused before", "aside": "set aside", "elsewhere": "another run has it",
    "later": "left for later", "do": "to do",
}  # fmt: skip


class Progress:
    """Counts what has ended; its clock starts with it. Work is measured in seconds of recording, guessed by size.

    Of what is left, no more than ``limit`` recordings are counted in.
    """

    def __init__(self, recordings: Sequence[Recording], jobs: int, limit: int | None = None) -> None:
        self._began, self._jobs, self._limit = time.monotonic(), jobs, limit
        self._guesses = {recording.name: guess_duration(recording.path) for recording in recordings}
        self._left = sum(self._guesses.values())
        self._total, self._ended, self._tried, self._worked = len(recordings), 0, 0, 0
        self._guessed = self._heard = self._spent = 0.0

    def line(self, end: RecordingResult) -> str:
        """What is to be said of a recording that ended, and how the night goes."""
        self._ended += 1
        guess = self._guesses.pop(end.recording.name, 0.0)
        self._left -= guess
        outcome = end.outcome
        what = WORDS[end.verdict] if outcome is None else outcome.status
        parts = [f"[{self._ended}/{max(self._total, self._ended)}] {end.recording.name}: {what}"]
        if outcome is not None:
            self._tried += 1
            if outcome.status == "done":
                self._worked += 1
                self._guessed += guess
                self._heard += outcome.duration or 0.0
                self._spent += outcome.seconds
            if outcome.duration:
                parts.append(f"{clock(outcome.duration)} in {outcome.seconds:.1f} s")
        parts += [part for part in (end.reason, end.remark) if part]
        parts += [f"warning: {message}" for _, message in end.notices]
        return printable(", ".join(parts + self._pace()))

    def _pace(self) -> list[str]:
        """Throughput and the time that is left, once there is something to tell it by.

        What is left takes as many seconds of work per guessed second of recording as what was worked on.
        """
        seconds = time.monotonic() - self._began
        waiting = len(self._guesses)
        allowed = waiting if self._limit is None else min(waiting, self._limit - self._tried)
        if self._worked < ENOUGH or allowed <= 0 or not self._guessed:
            return []
        left = self._left * allowed / waiting * self._spent / self._guessed / min(self._jobs, allowed)
        return [f"{self._heard / seconds:.1f} x real time", f"about {clock(left)} left"]


def summarize(ended: Sequence[RecordingResult], seconds: float, skipped: int = 0) -> str:
    """The table at the end; ``skipped`` folders and files were left out by the search."""
    worked = [end.outcome for end in ended if end.outcome is not None]
    done = [outcome for outcome in worked if outcome.status == "done"]
    heard = sum(outcome.duration or 0.0 for outcome in done)
    rows = [("transcribed", str(len(done))), ("failed", str(sum(end.failed for end in ended)))]
    known = Counter(end.verdict for end in ended if end.outcome is None and not end.failed)
    rows += [(WORDS[verdict], str(count)) for verdict, count in sorted(known.items())]
    rows += [("with warnings", str(count))] if (count := sum(bool(end.notices) for end in ended)) else []
    rows += [("left out", str(skipped))] if skipped else []
    rows += [("recordings", str(len(ended))), ("heard", clock(heard)), ("took", clock(seconds))]
    if heard and seconds:
        rows.append(("throughput", f"{heard / seconds:.1f} x real time"))
    stages: Counter[str] = Counter()
    for outcome in done:
        stages.update(outcome.stages)
    rows += [(f"  {stage}", clock(spent)) for stage, spent in stages.items()]
    width = max(len(label) for label, _ in rows)
    return "".join(f"{label:<{width}}  {value:>12}\n" for label, value in rows)


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen with a recording; ``cached`` when no model has to run for it."""

    recording: Recording
    verdict: str
    cached: bool = False


def limited(rows: Sequence[Planned], limit: int | None) -> list[Planned]:
    """The rows, of which only the first ``limit`` are to be done now."""
    made: list[Planned] = []
    count = 0
    for row in rows:
        count += row.verdict == "do"
        late = row.verdict == "do" and limit is not None and count > limit
        made.append(replace(row, verdict="later") if late else row)
    return made


def plan(rows: Sequence[Planned], speed: Speed, jobs: int) -> str:
    """What a run would do, with an estimate of time and space."""
    counts = Counter(WORDS[row.verdict] for row in rows)
    todo = [(row, guess_duration(row.recording.path)) for row in rows if row.verdict == "do"]
    total = sum(seconds for _, seconds in todo)
    work = sum(seconds * (speed.cached if row.cached else speed.computed) for row, seconds in todo)
    basis = "measured in this folder" if speed.measured else "a guess: nothing was measured in this folder yet"
    lines = [printable(f"{WORDS[row.verdict]:<12} {row.recording.name}") for row in rows]
    lines.append(", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    lines.append(f"about {clock(total)} of recordings, {clock(work / jobs)} of work ({basis})")
    cached = sum(row.cached for row, _ in todo)
    lines += [f"{cached} of them need no model: their finished stages are in the cache"] if cached else []
    lines.append(f"about {total * TEXT / 1e6:.1f} MB of results")
    return "\n".join(lines) + "\n"


def announce(found: Found) -> list[str]:
    """What the search left out, and which results are not named like their recordings."""
    renamed = [renaming(path, name) for path, name in found.renamed.items()]
    more = [f"{len(renamed) - SHOWN} more recordings have results with such names"] if len(renamed) > SHOWN else []
    skipped = [found.skipped.line] if found.skipped.count else []
    return [printable(line) for line in (*skipped, *renamed[:SHOWN], *more)]


def write_failures(ended: Sequence[RecordingResult], out: Path) -> Path | None:
    """``failures.csv`` with name, file, status and reason of each that failed; gone when none did."""
    failed = [end for end in ended if end.failed]
    path = out / FAILURES
    if not failed:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise as_error(error, path) from error
        return None
    buffer = io.StringIO(newline="")
    rows = csv.writer(buffer, lineterminator="\n")
    rows.writerow(("name", "path", "status", "reason"))
    for end in sorted(failed, key=lambda end: end.recording.name):
        reason = "; ".join(part for part in (end.reason, end.remark) if part)
        fields = (end.recording.name, str(end.recording.path), end.status, reason)
        rows.writerow([inert(field) for field in fields])
    write_atomically(path, buffer.getvalue().encode())
    return path


def inert(text: str) -> str:
    """A CSV field that no spreadsheet takes for a formula, with control characters made visible."""
    return cell(printable(text))


def clock(seconds: float) -> str:
    """``3.4 s``, ``2:05 min`` or ``1:02:03 h``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d} h"
