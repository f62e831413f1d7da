"""Benchmark of batch processing (`make bench-batch`): calls with one worker and with two, and many short files.

    python -m examples.benchmarks.batch_bench [--calls N] [--files N] [--update]

Run it in the repository's folder. Calls are excerpts of real and simulated calls, in mono and with one channel per
speaker; no two files are equal. The real calls are those of the development recordings where these are available, else
pyannote's sample call. ``--update`` writes the figures into examples/benchmarks/batch.json and docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from examples.benchmarks import data
from pipeline.evaluation.benchmark.tables import machine
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.models.weights import Store

SHORTEST, MEAN, LONGEST = 30.0, 45.0, 300.0
"""Lengths of calls in seconds. The part above the shortest is log-normal: many short calls, few long ones."""
SPREAD = 1.2
"""Standard deviation of the logarithm of that part."""
MODELS = ("diarization", "separation", "recognition")
"""The stages in which models compute; all other time is overhead."""
WITHOUT_MODELS = (
    "diarization.backend=synthetic", "embedding.model=synthetic", "separation.backend=passthrough",
    "recognition.backend=synthetic",
)  # fmt: skip
"""Settings that replace the models by synthetic ones, to measure everything else."""
EARLY = 200
"""Number of files after which the parent's memory is compared with its memory at the end."""


@dataclass(frozen=True, slots=True)
class Source:
    """A recording from which excerpts are cut: ``samples`` of shape (frames, channels), ``rate`` in Hz."""

    samples: NDArray[np.int16]
    rate: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """A row of the journal; ``began`` is in seconds since the epoch, ``duration`` is that of the recording."""

    status: str
    began: float
    duration: float
    stages: Mapping[str, float]
    worker: str
    loads: int

    @property
    def model_seconds(self) -> float:
        """Seconds in which models computed."""
        return sum(self.stages.get(stage, 0.0) for stage in MODELS)


@dataclass(frozen=True, slots=True)
class BatchRun:
    """A run of ``transcribe batch``: wall ``seconds``, its end, the parent's MB after each file, the journal's rows."""

    seconds: float
    ended: float
    memory: tuple[float, ...]
    attempts: tuple[Attempt, ...]

    @property
    def done(self) -> int:
        return sum(attempt.status == "done" for attempt in self.attempts)

    @property
    def speed(self) -> float:
        """Seconds of recording per second of wall time, loading the models included."""
        return sum(attempt.duration for attempt in self.attempts) / self.seconds

    @property
    def loads(self) -> dict[str, tuple[int, ...]]:
        """Worker -> the numbers of models it had loaded after each of its files: one number when loaded once."""
        counts_of: dict[str, set[int]] = {}
        for attempt in self.attempts:
            counts_of.setdefault(attempt.worker, set()).add(attempt.loads)
        return {worker: tuple(sorted(counts)) for worker, counts in counts_of.items()}

    @property
    def overhead(self) -> float:
        """Seconds per file without the models' time, for a run with one worker, from the end of the first file on.

        It contains decoding, writing, the journal and idle time.
        """
        later = self.attempts[1:]
        return (self.ended - later[0].began - sum(attempt.model_seconds for attempt in later)) / len(later)


def main() -> None:
    """Write the calls, run the batches and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=200, help="number of calls of 0.5 to 5 minutes")
    parser.add_argument("--files", type=int, default=2000, help="number of files of one second")
    parser.add_argument("--update", action="store_true", help="write batch.json and docs/benchmarks.md")
    options = parser.parse_args()
    work = data.WORK / "batch"
    shutil.rmtree(work, ignore_errors=True)
    sources = gather()
    write_excerpts(sources, lengths(options.calls), work / "calls")
    write_excerpts(sources, [1.0] * options.files, work / "files")
    one = run(work / "calls", work / "one", 1, report=sys.stderr.write)
    two = run(work / "calls", work / "two", 2, report=sys.stderr.write)
    short = run(work / "files", work / "short", 1, WITHOUT_MODELS, report=sys.stderr.write)
    figures = summarize(one, two, short)
    sys.stdout.write(as_table(figures) + "\n")
    if options.update:
        text = json.dumps({"machine": machine(), **figures}, indent=1) + "\n"
        (data.RESULTS / "batch.json").write_text(text, encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "benchmarks.md", "batch-bench", as_table(figures))


def gather() -> list[Source]:
    """Real calls, and simulated ones mixed and with one channel per speaker."""
    shared = data.shared_data()
    sample = data.sample_folder() / "sample.wav"
    names = ("call_centre_8k", "phone_order_8k", "katie_steve", "two_channel_overlap")
    real = [shared / "calls" / f"{name}.wav" for name in names] if shared else [sample]
    meetings = data.simulated(data.speakers(), "calls", [Conversation(2, 120.0, overlap) for overlap in (0.05, 0.15)])
    mixed = [meeting.audio for meeting in meetings]
    separate = [path.with_suffix(".channels.wav") for path in mixed]
    return [_read(path) for path in (*real, *mixed, *separate)]


def lengths(count: int, seed: int = 6) -> list[float]:
    """Lengths of ``count`` calls in seconds."""
    middle = np.log(MEAN - SHORTEST) - SPREAD**2 / 2
    drawn = SHORTEST + np.random.default_rng(seed).lognormal(middle, SPREAD, count)
    return [round(float(length), 2) for length in drawn.clip(SHORTEST, LONGEST)]


def write_excerpts(sources: Sequence[Source], seconds: Sequence[float], folder: Path) -> None:
    """Write a WAV file per length, from the sources in turn, each with another start; short sources are repeated."""
    folder.mkdir(parents=True)
    for number, length in enumerate(seconds):
        source = sources[number % len(sources)]
        first = round(number * 1.37 * source.rate)
        frames = np.arange(first, first + round(length * source.rate)) % len(source.samples)
        soundfile.write(folder / f"{number:05d}.wav", source.samples[frames], source.rate, subtype="PCM_16")


def run(calls: Path, out: Path, jobs: int, settings: Sequence[str] = (), report: Any = lambda line: None) -> BatchRun:
    """Run the command on a folder with one thread per worker and an empty cache; exits when it fails."""
    options = [str(calls), "-o", str(out), "--jobs", str(jobs), "--threads", str(jobs), "--format", "txt,json"]
    options += [text for setting in settings for text in ("--set", setting)]
    cache = {"XDG_CACHE_HOME": str(out.with_name(f"{out.name}-cache")), "CROSSTALK_MODELS": str(Store().root)}
    began = time.monotonic()
    command = [sys.executable, "-m", "pipeline", "batch", *options]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **cache}
    ) as parent:
        assert parent.stderr
        memory = []
        for line in parent.stderr:
            report(line)
            memory += [size for size in [_resident_memory(parent.pid)] if size]
    if parent.returncode:
        raise SystemExit(f"the batch in {out} ended with code {parent.returncode}")
    return BatchRun(time.monotonic() - began, time.time(), tuple(memory), tuple(read_attempts(out)))


def read_attempts(out: Path) -> Iterator[Attempt]:
    """The rows of a batch's journal, in the order of the attempts."""
    base = sqlite3.connect(out / ".crosstalk" / "journal.sqlite")
    rows = base.execute("SELECT status, began, duration, stages, worker, loads FROM attempts ORDER BY id").fetchall()
    base.close()
    for status, began, duration, stages, worker, loads in rows:
        yield Attempt(status, began, duration or 0.0, json.loads(stages), worker, loads)


def summarize(one: BatchRun, two: BatchRun, short: BatchRun) -> dict[str, Any]:
    """The figures as plain data, from runs with one worker and with two, and the run of short files."""
    decoding = sum(attempt.stages["decode"] for attempt in one.attempts) / len(one.attempts)
    early = min(EARLY, len(short.memory)) - 1
    return {
        "calls": len(one.attempts),
        "minutes": round(sum(attempt.duration for attempt in one.attempts) / 60, 1),
        "done": [one.done, two.done],
        "loads": [sorted(batch.loads.values()) for batch in (one, two)],
        "speed": [round(batch.speed, 2) for batch in (one, two)],
        "ratio": round(two.speed / one.speed, 2),
        "overhead": round(one.overhead, 3),
        "decoding": round(decoding, 3),
        "files": len(short.attempts),
        "files_done": short.done,
        "file_overhead": round(short.overhead, 3),
        "early": early + 1,
        "parent_mb": [round(short.memory[early], 1), round(short.memory[-1], 1)],
    }


def as_table(figures: Mapping[str, Any]) -> str:
    """A Markdown table of the figures."""
    (first, second), (early, late) = figures["speed"], figures["parent_mb"]
    workers = [len(loads) for loads in figures["loads"]]
    once = all(len(counts) == 1 for loads in figures["loads"] for counts in loads)
    rows = [
        (f"calls done, of {figures['calls']} ({figures['minutes']} min)", " and ".join(map(str, figures["done"]))),
        ("workers that worked", " and ".join(map(str, workers))),
        ("models loaded once per worker", "yes" if once else "no"),
        ("throughput, × real time", f"{first:.1f} and {second:.1f}: {figures['ratio']:.2f} times as much"),
        ("overhead per call, one worker", f"{figures['overhead']:.2f} s, of it decoding {figures['decoding']:.2f} s"),
        (f"files of one second done, of {figures['files']}", str(figures["files_done"])),
        ("everything per file but models", f"{figures['file_overhead']:.2f} s"),
        (f"parent's memory after {figures['early']} and all", f"{early:.0f} and {late:.0f} MB"),
    ]
    return "\n".join(["| one single-threaded worker and two | |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def _read(path: Path) -> Source:
    samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    return Source(samples, rate)


def _resident_memory(process: int) -> float:
    """Resident memory of a process in MB; 0 when it has ended, or on a system without ``/proc``."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, IndexError):
        return 0.0


if __name__ == "__main__":
    main()
