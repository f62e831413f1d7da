"""Benchmark of one part of the development data, see parts.yaml: the baseline, and systems compared with it.

    python -m examples.benchmarks.parts_bench --part tune|test [--system PRESET[,KEY=VALUE...] ...] [--repeat N]
        [--only GROUP ...] [--update [--again]]

Run it in the repository's folder. Settings and constants are chosen on the part tune. The part test is measured once
per version: ``--update`` refuses to replace its figures by others of the same version, unless ``--again`` is given,
which the figures then say. ``--update`` writes examples/benchmarks/parts.json and docs/benchmarks.md; all single
measurements are in out/bench/parts/PART.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any

from examples.benchmarks import data
from pipeline import __version__
from pipeline.cli.bench import parse_systems
from pipeline.evaluation.benchmark.bench import Measurement, measure
from pipeline.evaluation.benchmark.tables import as_json, as_tables, figures
from pipeline.evaluation.metrics.scoring import ScoreConfig
from pipeline.models.weights import Store

FIGURES = data.RESULTS / "parts.json"
PAGE = data.ROOT / "docs" / "benchmarks.md"
MEASURED = ("tune", "test")
"""Parts with figures; the third, train, has none."""
SYSTEMS = ("default,separation.backend=passthrough", "default")
"""Systems without ``--system``: with overlaps not separated, and as users get it."""

Entry = Mapping[str, Any]
"""Figures of a part, with the version and the run that they come from."""


def main() -> None:
    """Simulate, measure and print; with ``--update``, write the figures."""
    options = parse_options()
    stored = read_figures()
    is_known = options.part == "test" and stored.get("test", {}).get("version") == __version__
    if options.update and is_known and not options.again:
        raise SystemExit(f"part test has figures of version {__version__}; --again replaces them, and they say so")
    systems = parse_systems(options.system or list(SYSTEMS), baseline=True)
    recordings = list(data.gather_part(data.read_parts()[options.part], options.only or ()))
    if not recordings:
        raise SystemExit(f"part {options.part} has no group {' or '.join(options.only)}: see {data.PARTS.name}")
    measured = measure(systems, recordings, Store(offline=True), ScoreConfig("basic"), _report, options.repeat)
    results = figures(measured, systems)
    details = data.WORK / "parts" / f"{options.part}.json"
    details.parent.mkdir(parents=True, exist_ok=True)
    details.write_text(as_json(results), encoding="utf-8")
    sys.stdout.write(as_tables(results) + "\n")
    if options.update:
        stored[options.part] = entry(results, options.repeat, is_known)
        FIGURES.write_text(as_json(stored), encoding="utf-8")
        data.write_block(PAGE, "parts", as_page(stored))


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--part", choices=MEASURED, required=True, help="part to measure")
    parser.add_argument("--system", nargs="+", action="extend", metavar="PRESET[,KEY=VALUE...]", help="systems")
    parser.add_argument("--repeat", type=int, default=1, help="runs; from the second on the sound is disturbed")
    parser.add_argument("--only", nargs="*", help="groups of recordings to measure; not with --update")
    parser.add_argument("--update", action="store_true", help="write parts.json and docs/benchmarks.md")
    parser.add_argument("--again", action="store_true", help="replace figures of test of the same version")
    options = parser.parse_args()
    if options.update and options.only:
        parser.error("--update writes figures of the whole part: leave out --only")
    if options.repeat < 1:
        parser.error("--repeat is at least 1")
    return options


def read_figures() -> dict[str, Entry]:
    """The stored figures by part; none before the first ``--update``."""
    if not FIGURES.is_file():
        return {}
    stored: dict[str, Entry] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return stored


def entry(results: Mapping[str, Any], runs: int, again: bool) -> Entry:
    """The figures of a part that are stored: without single measurements, with what they were measured on."""
    return {
        "version": __version__,
        "commit": _commit(),
        "date": date.today().isoformat(),
        "runs": runs,
        "again": again,
        **{key: results[key] for key in ("machine", "systems", "rows", "comparisons")},
    }


def as_page(stored: Mapping[str, Entry]) -> str:
    """The figures of both parts as Markdown."""
    return "\n\n".join(_section(part, stored.get(part)) for part in MEASURED)


def _section(part: str, entry: Entry | None) -> str:
    if entry is None:
        return f"Part `{part}`: not yet measured."
    machine = f"{entry['machine']['processor']}, {entry['machine']['cores']} cores"
    runs = f"{entry['runs']} run{'s' * (entry['runs'] > 1)}"
    origin = f"version {entry['version']}, commit {entry['commit']}, {entry['date']}; {machine}; {runs}"
    again = "; **measured again** after figures of the same version were known" if entry["again"] else ""
    return f"Part `{part}`: {origin}{again}.\n\n{as_tables(entry)}"


def _commit() -> str:
    """The commit of the repository, with ``-dirty`` if files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"]
    done = subprocess.run(command, cwd=data.ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _report(measured: Measurement) -> None:
    cpwer, der = measured.scores.cpwer, measured.scores.der
    sys.stderr.write(
        f"{measured.recording.group}/{measured.recording.name}  {measured.system}, run {measured.run}: "
        f"cpWER {cpwer.errors}/{cpwer.words}, DER {der.errors:.1f}/{der.total:.1f} s\n"
    )


if __name__ == "__main__":
    main()
