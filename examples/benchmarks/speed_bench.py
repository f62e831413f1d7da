"""Time and memory of whole runs beside an earlier version, pair by pair (`make bench-speed BEFORE=FOLDER`).

    python -m examples.benchmarks.speed_bench --before FOLDER [--runs N] [--only CASE ...] [--update]

FOLDER is a checkout of the earlier version (``git worktree add --detach FOLDER COMMIT``); both run in the same
environment. The cases are the sample call of 30 s, for the start, and simulated meetings of four people, ten minutes
with 20 % overlap and without. The two versions take turns, each run is one process, nothing is cached, and the
ratio is that of neighbouring runs, so that it holds when the machine's speed drifts. ``--update`` writes
examples/benchmarks/speed.json and docs/benchmarks.md. Run it with nothing else running: 5 runs take half an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from examples.benchmarks import data
from pipeline.evaluation.benchmark.dataset import Recording, find_recordings
from pipeline.evaluation.benchmark.tables import machine
from pipeline.evaluation.simulation.conversation import Conversation

MEETINGS: Final = {"ten minutes, 20 % overlap": 0.2, "ten minutes, no overlap": 0.0}
"""Cases with a simulated meeting of four people: the share of its speech in overlaps."""
START: Final = "sample call, 30 s"
PAGE: Final = data.ROOT / "docs" / "benchmarks.md"
RESULTS: Final = data.RESULTS / "speed.json"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: wall time and processor time in seconds, and peak memory of the process in MB."""

    wall: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Case:
    """The runs of the earlier version and of the present one on a recording, in the order of the pairs."""

    name: str
    before: tuple[Run, ...]
    now: tuple[Run, ...]


def main() -> None:
    """Measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--before", type=Path, required=True, help="checkout of the earlier version")
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs of each case")
    parser.add_argument("--only", nargs="*", help="cases to measure")
    parser.add_argument("--update", action="store_true", help="write examples/benchmarks/ and docs/benchmarks.md")
    options = parser.parse_args()
    cases = []
    for name, recording in gather():
        if not options.only or name in options.only:
            cases.append(measure(name, recording, options.before, data.ROOT, options.runs))
            sys.stdout.write(as_rows(cases[-1]) + "\n")
    if options.update:
        commit = subprocess.check_output(["git", "-C", options.before, "rev-parse", "--short", "HEAD"], text=True)
        figures = {"machine": machine(), "before": commit.strip(), "cases": [asdict(case) for case in cases]}
        RESULTS.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(PAGE, "speed", as_table(cases))


def gather() -> Sequence[tuple[str, Recording]]:
    """The recordings by case; meetings are simulated where they are not there."""
    cases = [(START, next(iter(find_recordings(data.sample_folder()))))]
    for name, overlap in MEETINGS.items():
        group = f"speed-{round(100 * overlap):02d}"
        (meeting,) = data.simulated(data.speakers(), group, [Conversation(4, 600.0, overlap)])
        cases.append((name, meeting))
    return cases


def measure(name: str, recording: Recording, before: Path, now: Path, runs: int) -> Case:
    """Pairs of runs of the two checkouts in turn; the first pair, which fills the caches of files, is not counted."""
    pairs = [(run(recording, before), run(recording, now)) for _ in range(runs + 1)][1:]
    return Case(name, tuple(first for first, _ in pairs), tuple(second for _, second in pairs))


def run(recording: Recording, folder: Path) -> Run:
    """One run of the command of a checkout; ends the program where the command fails."""
    command = [sys.executable, "-m", "pipeline", str(recording.audio), "--no-cache", "--quiet", "--format", "json"]
    speakers = ["--speakers", str(recording.speakers)] if recording.speakers else []
    with tempfile.TemporaryDirectory() as output:
        began = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        child = subprocess.Popen([*command, *speakers, "--output-dir", output], cwd=folder, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"the run of {folder} failed")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def as_table(cases: Sequence[Case]) -> str:
    """Times and memory of all cases as a Markdown table: medians, with minimum and maximum of the runs."""
    head = "| recording | version | seconds | ratio | core-seconds | peak MB |\n|---|---|---|---|---|---|"
    return "\n".join([head, *map(as_rows, cases)])


def as_rows(case: Case) -> str:
    """The two rows of a case."""
    ratios = [now.wall / before.wall for before, now in zip(case.before, case.now, strict=True)]
    rows = []
    for version, runs, ratio in (("0.1.0", case.before, "1"), ("present", case.now, _spread(ratios, "{:.2f}"))):

        def spread(value: Callable[[Run], float], digits: str, runs: Sequence[Run] = runs) -> str:
            return _spread([value(each) for each in runs], digits)

        wall, cpu = spread(lambda each: each.wall, "{:.1f}"), spread(lambda each: each.cpu, "{:.1f}")
        peak = spread(lambda each: each.peak_mb, "{:.0f}")
        rows.append(f"| {case.name} | {version} | {wall} | {ratio} | {cpu} | {peak} |")
    return "\n".join(rows)


def _spread(values: Sequence[float], digits: str) -> str:
    """The median, and the minimum and maximum in brackets."""
    median, low, high = (digits.format(value) for value in (statistics.median(values), min(values), max(values)))
    return f"{median} ({low}–{high})"


if __name__ == "__main__":
    main()
