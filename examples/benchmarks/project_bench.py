"""The project's benchmark (`make bench`): Crosstalk beside the baseline system on the same models, in one process.

    python -m examples.benchmarks.project_bench [--only GROUP ...] [--update]
    python -m examples.benchmarks.project_bench --memory MINUTES ... [--update]
    python -m examples.benchmarks.project_bench --chart

Run it in the repository's folder. The recordings are meetings simulated from real speech, pyannote's sample call and,
where they are available, real meetings (see `examples.benchmarks.data`). ``--update`` writes the figures into
examples/benchmarks/ and docs/benchmarks.md; ``--chart`` draws the chart again from the stored figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace

from examples.benchmarks import data
from examples.benchmarks.speed_bench import run
from pipeline.cli.bench import parse_systems
from pipeline.evaluation.benchmark.bench import Measurement, measure
from pipeline.evaluation.benchmark.dataset import Recording
from pipeline.evaluation.benchmark.tables import as_json, as_table, as_tables, draw, figures
from pipeline.evaluation.metrics.scoring import ScoreConfig
from pipeline.evaluation.simulation.conversation import Conversation
from pipeline.models.weights import Store

CHART = data.ROOT / "docs" / "images" / "chart.png"
SYSTEMS = {
    "default,separation.backend=passthrough": "Crosstalk, overlaps not separated",
    "default,separation.backend=nmf-refined": "Crosstalk",
}
MEETINGS = {0.0: ((2, 3, 4), 120.0), 0.1: ((2, 4), 600.0), 0.2: ((2, 3), 600.0), 0.4: ((2, 3), 600.0)}
"""Simulated meetings: share of overlap -> numbers of speakers, and length in seconds."""


def main() -> None:
    """Simulate, measure and print; with ``--update``, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="*", help="groups of recordings to measure")
    parser.add_argument("--memory", nargs="*", type=int, metavar="MINUTES", help="peak memory by length of recording")
    parser.add_argument("--chart", action="store_true", help="draw the chart again from the stored figures")
    parser.add_argument("--update", action="store_true", help="write examples/benchmarks/ and docs/benchmarks.md")
    options = parser.parse_args()
    if options.chart:
        draw(json.loads((data.RESULTS / "results.json").read_text(encoding="utf-8"))["rows"], CHART)
        return
    if options.memory:
        measure_memory(options.memory, options.update)
        return
    recordings = [r for r in gather() if not options.only or r.group in options.only]
    systems = [replace(s, name=SYSTEMS.get(s.name, s.name)) for s in parse_systems(list(SYSTEMS), baseline=True)]
    measured = measure(systems, recordings, Store(offline=True), ScoreConfig("basic"), on_measurement=_report)
    results = figures(measured, systems)
    rows = results["rows"]
    sys.stdout.write(as_tables(results) + "\n")
    if options.update:
        (data.RESULTS / "results.json").write_text(as_json(results), encoding="utf-8")
        draw(rows, CHART)
        data.write_block(data.ROOT / "docs" / "benchmarks.md", "bench", as_table(rows))


def gather() -> Iterator[Recording]:
    """The real recordings, and simulated meetings in one group per share of overlap."""
    yield from data.gather_real()
    for overlap, (counts, length) in MEETINGS.items():
        conversations = [Conversation(n, length, overlap) for n in (counts if data.shared_data() else counts[:1])]
        yield from data.simulated(data.speakers(), f"simulated-{round(100 * overlap):02d}", conversations)


def measure_memory(lengths: list[int], update: bool) -> None:
    """Peak memory of the command on a meeting repeated to each length in minutes; a new process for each."""
    conversation = Conversation(4 if data.shared_data() else 2, 600.0, 0.1)
    (meeting,) = data.simulated(data.speakers(), "memory", [conversation])
    rows = ["| minutes | peak MB |", "|---|---|"]
    for minutes in lengths:
        peak = run(data.repeated(meeting, minutes, "memory"), data.ROOT).peak_mb
        rows.append(f"| {minutes} | {peak:.0f} |")
        sys.stdout.write(rows[-1] + "\n")
    if update:
        data.write_block(data.ROOT / "docs" / "benchmarks.md", "memory", "\n".join(rows))


def _report(measured: Measurement) -> None:
    cpwer = measured.scores.cpwer
    sys.stderr.write(
        f"{measured.recording.group}/{measured.recording.name}  {measured.system}: cpWER {cpwer.errors}/{cpwer.words}, "
        f"{measured.real_time_factor:.3f} x real time\n"
    )


if __name__ == "__main__":
    main()
