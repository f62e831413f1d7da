"""Reports of a batch: a line per recording with the time left, the summary, the plan, and ``failures.csv``."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.batch.discovery import Recording, SearchResult, rename_line, unmatched_line
from pipeline.batch.estimate import TEXT, Speed, guess_duration
from pipeline.batch.naming import FAILURES
from pipeline.batch.scheduler import RecordingResult
from pipeline.core.atomic_write import as_error
from pipeline.core.errors import OutputExists, printable
from pipeline.core.output_record import OutputRecord
from pipeline.core.text import counted
from pipeline.formats.sanitize import cell

MIN_MEASURED = 3
"""Finished recordings before the time left is shown. Chosen by hand; a smaller value shows less reliable estimates."""
MAX_RENAMED = 8
"""Renamed results that are listed one by one before a run. Chosen by hand; it only limits that list."""
_COLUMNS = ("name", "path", "status", "reason")
"""Header of ``failures.csv``."""
LABELS: Mapping[str, str] = {
    "done": "done before", "refused": "refused before", "quarantined": "set aside", "locked": "in another run",
    "over_limit": "over the limit", "do": "to do",
}  # fmt: skip
"""Decisions as the user reads them."""


class Progress:
    """Progress of a run, which starts when this is made. Work is estimated from the recordings' guessed durations.

    The time left counts at most ``limit`` recordings of this run.
    """

    def __init__(self, recordings: Sequence[Recording], jobs: int, limit: int | None = None) -> None:
        self._began, self._jobs, self._limit = time.monotonic(), jobs, limit
        self._guesses = {recording.name: guess_duration(recording.path) for recording in recordings}
        self._left = sum(self._guesses.values())
        self._total, self._ended, self._tried, self._worked = len(recordings), 0, 0, 0
        self._guessed = self._duration = self._spent = 0.0

    def line(self, result: RecordingResult) -> str:
        """The line about one result, with the pace of the run."""
        self._ended += 1
        guess = self._guesses.pop(result.recording.name, 0.0)
        self._left -= guess
        outcome = result.outcome
        label = LABELS[result.decision] if outcome is None else outcome.status
        parts = [f"[{self._ended}/{max(self._total, self._ended)}] {result.recording.name}: {label}"]
        if outcome is not None:
            self._tried += 1
            if outcome.status == "done":
                self._worked += 1
                self._guessed += guess
                self._duration += outcome.duration or 0.0
                self._spent += outcome.seconds
            if outcome.duration:
                parts.append(f"{clock(outcome.duration)} in {outcome.seconds:.1f} s")
        parts += [part for part in (result.reason, result.remark) if part]
        parts += [f"warning: {message}" for _, message in result.notices]
        return printable(", ".join(parts + self._pace()))

    def _pace(self) -> list[str]:
        """Throughput and time left, once there are `MIN_MEASURED` results.

        The remaining recordings are assumed to take as much work per guessed second as the finished ones.
        """
        seconds = time.monotonic() - self._began
        waiting = len(self._guesses)
        allowed = waiting if self._limit is None else min(waiting, self._limit - self._tried)
        if self._worked < MIN_MEASURED or allowed <= 0 or not self._guessed:
            return []
        left = self._left * allowed / waiting * self._spent / self._guessed / min(self._jobs, allowed)
        return [f"{self._duration / seconds:.1f} x real time", f"about {clock(left)} left"]


def summarize(results: Sequence[RecordingResult], seconds: float, skipped: int = 0) -> str:
    """The summary table; ``skipped`` is the number of folders and files that the search left out."""
    outcomes = [result.outcome for result in results if result.outcome is not None]
    done = [outcome for outcome in outcomes if outcome.status == "done"]
    duration = sum(outcome.duration or 0.0 for outcome in done)
    rows = [("transcribed", str(len(done))), ("failed", str(sum(result.failed for result in results)))]
    decisions = Counter(result.decision for result in results if result.outcome is None and not result.failed)
    rows += [(LABELS[decision], str(count)) for decision, count in sorted(decisions.items())]
    rows += [("with warnings", str(count))] if (count := sum(bool(result.notices) for result in results)) else []
    rows += [("left out", str(skipped))] if skipped else []
    rows += [("recordings", str(len(results))), ("audio", clock(duration)), ("took", clock(seconds))]
    if duration and seconds:
        rows.append(("throughput", f"{duration / seconds:.1f} x real time"))
    stages: Counter[str] = Counter()
    for outcome in done:
        stages.update(outcome.stages)
    rows += [(f"  {stage}", clock(spent)) for stage, spent in stages.items()]
    width = max(len(label) for label, _ in rows)
    return "".join(f"{label:<{width}}  {value:>12}\n" for label, value in rows)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do with a recording; ``cached`` if no model has to run."""

    recording: Recording
    decision: str
    cached: bool = False


def limited(rows: Sequence[Planned], limit: int | None) -> list[Planned]:
    """The rows with at most ``limit`` of them to do, the others over the limit."""
    result: list[Planned] = []
    count = 0
    for row in rows:
        count += row.decision == "do"
        is_over = row.decision == "do" and limit is not None and count > limit
        result.append(replace(row, decision="over_limit") if is_over else row)
    return result


def plan(rows: Sequence[Planned], speed: Speed, jobs: int) -> str:
    """The plan of a run, with estimates of time and space."""
    counts = Counter(LABELS[row.decision] for row in rows)
    todo = [(row, guess_duration(row.recording.path)) for row in rows if row.decision == "do"]
    total = sum(seconds for _, seconds in todo)
    work = sum(seconds * (speed.cached if row.cached else speed.computed) for row, seconds in todo)
    basis = "measured in this folder" if speed.measured else "a guess: no measurements in this folder yet"
    lines = [printable(f"{LABELS[row.decision]:<14} {row.recording.name}") for row in rows]
    lines.append(", ".join(f"{count} {label}" for label, count in sorted(counts.items())))
    lines.append(f"about {clock(total)} of recordings, {clock(work / jobs)} of work ({basis})")
    cached = sum(row.cached for row, _ in todo)
    lines += [f"{cached} of them need no model: their stages are in the cache"] if cached else []
    lines.append(f"about {total * TEXT / 1e6:.1f} MB of results")
    return "\n".join(lines) + "\n"


def announce(search: SearchResult) -> list[str]:
    """Lines about what the search left out, names that a pattern does not match, and renamed results."""
    renamed = [rename_line(path, name) for path, name in search.renamed.items()]
    more = (
        [f"{len(renamed) - MAX_RENAMED} more results have another name than their recording"]
        if len(renamed) > MAX_RENAMED
        else []
    )
    skipped = [search.skipped.line] if search.skipped.count else []
    unmatched = [unmatched_line(search.unmatched)] if search.unmatched.count else []
    return [printable(line) for line in (*skipped, *unmatched, *renamed[:MAX_RENAMED], *more)]


def duplicates_line(duplicates: Sequence[tuple[str, str]]) -> str:
    """A line about recordings with the content of another one; "" without any."""
    if not duplicates:
        return ""
    name, first = duplicates[0]
    recordings = counted(len(duplicates), "recording")
    return printable(f"{recordings} with the content of another one, all transcribed; the first: {name}, like {first}")


def write_failures(results: Sequence[RecordingResult], out: Path, overwrite: bool = False) -> Path | None:
    """Write ``failures.csv`` with name, path, status and reason of each failed recording; None if no recording failed.

    An earlier one is removed then. Raises `OutputExists` when a file is in the way that this program did not write, or
    that was changed since; ``overwrite`` allows to replace it.
    """
    failed = [result for result in results if result.failed]
    path = out / FAILURES
    if not failed:
        _remove(path, out)
        return None
    buffer = io.StringIO(newline="")
    rows = csv.writer(buffer, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for result in sorted(failed, key=lambda result: result.recording.name):
        reason = "; ".join(part for part in (result.reason, result.remark) if part)
        fields = (result.recording.name, str(result.recording.path), result.status, reason)
        rows.writerow([inert(field) for field in fields])
    OutputRecord(out, FAILURES, overwrite=overwrite).write(path, buffer.getvalue().encode())
    return path


def _remove(path: Path, out: Path) -> None:
    """Remove an earlier ``failures.csv``. A file that this program did not write stays."""
    try:
        OutputRecord(out, FAILURES).check([path])
        path.unlink(missing_ok=True)
    except OutputExists:
        return
    except OSError as error:
        raise as_error(error, path) from error


def inert(text: str) -> str:
    """A CSV field that spreadsheets do not read as a formula, with control characters escaped."""
    return cell(printable(text))


def clock(seconds: float) -> str:
    """``3.4 s``, ``2:05 min`` or ``1:02:03 h``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d} h"
