"""Benchmark of diarization beside senko (`make bench-diarization SENKO=python`): errors and speed on a CPU.

    python -m examples.benchmarks.senko_bench --senko PYTHON [--only GROUP ...] [--runs N] [--update]

Run it in the repository's folder. ``--senko`` is the interpreter of an environment with senko 0.2. The recordings are
those of diarization_bench.py. The two systems are in two processes, which have loaded their models and have diarized
one recording before the first is timed, and each uses a thread per core. They take every recording in turn, ``--runs``
times; errors are those of the first run. senko has no option for the number of speakers, so the row of Crosstalk to
compare it with is the one without; with the number given, Crosstalk runs once.
``--update`` writes examples/benchmarks/senko.json and the table in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from examples.benchmarks import data
from examples.benchmarks.diarization_bench import OPEN, OURS, Result, gather, score
from pipeline import __version__, media
from pipeline.config.schema import Config, assign
from pipeline.core.audio import Audio
from pipeline.core.events import no_progress
from pipeline.core.types import Turn
from pipeline.evaluation.benchmark.bench import read_reference
from pipeline.evaluation.benchmark.dataset import Recording
from pipeline.evaluation.benchmark.tables import machine
from pipeline.evaluation.metrics.der import DiarizationErrors
from pipeline.models import registry
from pipeline.models.protocols import Diarizer, SpeakerBounds
from pipeline.models.weights import Store

FIGURES = data.RESULTS / "senko.json"
MERGED, RAW = "senko", "senko, segments not merged"
HEADINGS = (
    "recordings", "system", "errors", "DER", "missed", "false alarm", "confusion", "number right", "× real time",
)  # fmt: skip
PACKAGES = ("senko", "torch", "silero-vad")
WORKER = """
import importlib.metadata, json, sys, time
answers, sys.stdout = sys.stdout, sys.stderr
def answer(**values):
    print(json.dumps(values), file=answers, flush=True)
begin = time.perf_counter()
import senko, torch
diarizer = senko.Diarizer(device="cpu", warmup=False)
loading = time.perf_counter() - begin
versions = {name: importlib.metadata.version(name) for name in sys.argv[1:]}
answer(loading=loading, threads=torch.get_num_threads(), versions=versions)
for line in sys.stdin:
    begin = time.perf_counter()
    result = diarizer.diarize(line.rstrip("\\n")) or {"merged_segments": [], "raw_segments": []}
    answer(seconds=time.perf_counter() - begin, merged=result["merged_segments"], raw=result["raw_segments"])
"""
"""Loads senko, then answers each line, the path of a recording, with a line of JSON.

senko's warm-up is left out: most of it is for the clustering of recordings of 20 minutes or more, which are not here.
"""


@dataclass(frozen=True, slots=True)
class TimedResult(Result):
    """A result, with the seconds of each run."""

    seconds: tuple[float, ...]


class Senko:
    """senko in a process of the interpreter ``python``; `SystemExit` if it ends early, after its own error output."""

    def __init__(self, python: str) -> None:
        command = [python, "-I", "-c", WORKER, *PACKAGES]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts = self._answer()
        """Seconds of ``loading``, number of torch's ``threads``, and ``versions`` of packages."""

    def diarize(self, recording: Path) -> Mapping[str, Any]:
        """Segments, ``merged`` and ``raw``, and ``seconds`` of a 16-bit WAV file, mono with 16 kHz."""
        assert self._process.stdin
        self._process.stdin.write(f"{recording}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> Mapping[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise SystemExit("senko ended without an answer")
        values: dict[str, Any] = json.loads(line)
        return values


def main() -> None:
    """Simulate, measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--senko", metavar="PYTHON", required=True, help="interpreter of an environment with senko")
    parser.add_argument("--only", nargs="*", help="groups of recordings to measure")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each recording (default: 5)")
    parser.add_argument("--update", action="store_true", help="write senko.json and docs/benchmarks.md")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs is at least 1")
    recordings = [r for r in gather() if not options.only or r.group in options.only]
    figures = measure_all(recordings, options.senko, options.runs)
    sys.stdout.write(as_page(figures) + "\n")
    if options.update:
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        data.write_block(data.ROOT / "docs" / "benchmarks.md", "senko", as_page(figures))


def measure_all(recordings: Sequence[Recording], python: str, runs: int) -> dict[str, Any]:
    """Plain data: versions, machine, threads, seconds of loading, and the results of both systems."""
    threads = os.cpu_count() or 1  # what senko takes
    began = time.perf_counter()
    ours = registry.load("diarizer", "pyannote", assign(Config(), {"runtime.threads": threads}), Store(offline=True))
    loading = time.perf_counter() - began
    senko = Senko(python)
    results = []
    for number, recording in enumerate(recordings):
        if number == 0:
            list(measure(recording, ours, senko, 1))  # a first inference takes longer
        for result in measure(recording, ours, senko, runs):
            results.append(result)
            sys.stderr.write(f"{as_row([result])}\n")
    senko.close()
    return {
        "version": __version__,
        "date": date.today().isoformat(),
        "machine": machine(),
        "runs": runs,
        "threads": {OURS: threads, MERGED: senko.facts["threads"]},
        "loading": {OURS: loading, MERGED: senko.facts["loading"]},
        "versions": senko.facts["versions"],
        "results": [asdict(result) for result in results],
    }


def measure(recording: Recording, ours: Diarizer, senko: Senko, runs: int) -> Iterator[TimedResult]:
    """Crosstalk with the number of speakers given (one run) and without, and both kinds of senko's segments."""
    audio = media.decode(recording.audio).audio
    copy = data.WORK / "senko" / f"{recording.group}-{recording.name}.wav"  # senko refuses other kinds of files
    copy.parent.mkdir(parents=True, exist_ok=True)
    media.export(audio.samples, copy)
    truth = read_reference(recording).turns
    speakers = len({turn.speaker for turn in truth})
    given, given_seconds = _diarize(ours, audio, SpeakerBounds(speakers, speakers))
    pairs = [(_diarize(ours, audio, SpeakerBounds()), senko.diarize(copy)) for _ in range(runs)]
    (found, _), answer = pairs[0]
    our_seconds = tuple(seconds for (_, seconds), _ in pairs)
    their_seconds = tuple(float(theirs["seconds"]) for _, theirs in pairs)
    for system, turns, seconds in (
        (OURS, given, (given_seconds,)),
        (OPEN, found, our_seconds),
        (MERGED, _turns(answer["merged"]), their_seconds),
        (RAW, _turns(answer["raw"]), their_seconds),
    ):
        result = score(recording, truth, system, audio.duration, turns)
        yield TimedResult(**{**asdict(result), "errors": result.errors}, seconds=seconds)


def _diarize(diarizer: Diarizer, audio: Audio, bounds: SpeakerBounds) -> tuple[Sequence[Turn], float]:
    """The turns, and the seconds that they took."""
    began = time.perf_counter()
    turns = diarizer.diarize(audio, bounds, no_progress).turns
    return turns, time.perf_counter() - began


def _turns(segments: Sequence[Mapping[str, Any]]) -> tuple[Turn, ...]:
    return tuple(Turn(segment["start"], segment["end"], segment["speaker"]) for segment in segments)


def read_results(figures: Mapping[str, Any]) -> list[TimedResult]:
    """The results in the figures of `measure_all`, which may have been read from JSON."""
    return [TimedResult(**{**row, "errors": DiarizationErrors(**row["errors"])}) for row in figures["results"]]


def as_page(figures: Mapping[str, Any]) -> str:
    """A Markdown table with a row per group and system, and a line on how it was measured."""
    results = read_results(figures)
    rows = [" | ".join(HEADINGS), " | ".join("---" for _ in HEADINGS)]
    for group, system in dict.fromkeys((r.group, r.system) for r in results):
        rows.append(as_row([r for r in results if (r.group, r.system) == (group, system)]))
    computer, threads, loading = figures["machine"], figures["threads"], figures["loading"]
    versions = ", ".join(f"{name} {version}" for name, version in figures["versions"].items())
    origin = (
        f"Crosstalk {figures['version']}; {versions}; {figures['date']}; {computer['processor']}, {computer['cores']} "
        f"cores; threads: {threads[OURS]} and {threads[MERGED]}; runs: {figures['runs']}. Loading, not in the times: "
        f"Crosstalk {loading[OURS]:.1f} s, senko {loading[MERGED]:.1f} s."
    )
    return "\n".join([*(f"| {row} |" for row in rows), "", origin])


def as_row(results: Sequence[TimedResult]) -> str:
    """The cells of a system on a group: rates are of the summed errors, the speed that of each run over all recordings.

    A number of speakers is right if those who talk for less than a second are counted or not.
    """
    errors = sum((r.errors for r in results), DiarizationErrors())
    parts = (errors.errors, errors.missed, errors.false_alarm, errors.confusion)
    length = sum(r.duration for r in results)
    speeds = [sum(run) / length for run in zip(*(r.seconds for r in results), strict=True)]
    spread = f" ({min(speeds):.3f}–{max(speeds):.3f})" if len(speeds) > 1 else ""
    right = sum(r.audible <= r.found <= r.speakers for r in results)
    cells = (
        f"{results[0].group} ({len(results)})",
        results[0].system,
        f"{errors.errors:.1f} of {errors.total:.1f} s",
        *(f"{100 * part / errors.total:.1f} %" for part in parts),
        f"{right} of {len(results)}",
        f"{statistics.median(speeds):.3f}{spread}",
    )
    return " | ".join(cells)


if __name__ == "__main__":
    main()
