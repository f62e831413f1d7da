"""``transcribe bench RECORDINGS``: benchmark of settings, and of a baseline, on recordings with references."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import Debug, Overwrite, resolve
from pipeline.config.presets import BASELINE
from pipeline.core.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.core.output_record import OutputRecord
    from pipeline.evaluation.benchmark.bench import Measurement, System


def bench(
    recordings: Annotated[list[Path], typer.Argument(help="Folders of recordings with references, or manifests.")],
    system: Annotated[
        list[str] | None,
        typer.Option("--system", metavar="PRESET[,KEY=VALUE...]", help="Preset and settings to compare; repeatable."),
    ] = None,
    baseline: Annotated[bool, typer.Option("--baseline", help=f"Also run the baseline: {BASELINE}.")] = False,
    count_speakers: Annotated[bool, typer.Option("--count-speakers", help="Do not give the speaker count.")] = False,
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Output folder of bench.json.")] = Path(),
    output: Annotated[Path | None, typer.Option("--output", hidden=True)] = None,
    chart: Annotated[Path | None, typer.Option(help="Also draw a chart, as PNG or SVG.")] = None,
    normalizer: Annotated[str, typer.Option(help="none, basic or english.")] = "basic",
    repeat: Annotated[int, typer.Option(min=1, help="Runs; from the second on the sound is slightly disturbed.")] = 1,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Benchmark settings on recordings with references: errors, speed and memory, and each system beside the first."""
    from pipeline.evaluation.benchmark.bench import measure
    from pipeline.evaluation.benchmark.dataset import find_recordings
    from pipeline.evaluation.benchmark.tables import as_json, as_tables, draw, figures
    from pipeline.evaluation.metrics.scoring import ScoreConfig
    from pipeline.models.weights import Store

    output = _figures_file(output_dir, output)
    record = _checked(output, overwrite)
    charts = _checked(chart, overwrite) if chart else None
    systems = parse_systems(system or ["default"], baseline)
    dataset = [r for path in recordings for r in find_recordings(path, give_speakers=not count_speakers)]
    measured = measure(systems, dataset, Store(offline=True), ScoreConfig(normalizer), _print, repeat)
    results = figures(measured, systems)
    record.write(output, as_json(results).encode())
    if chart and charts:
        charts.check([chart])
        draw(results["rows"], chart)
        charts.add(chart)
    typer.echo(as_tables(results))


def _checked(path: Path, overwrite: bool) -> OutputRecord:
    """The record of the file's folder; raises `OutputExists` if the file must not be replaced."""
    from pipeline.core.output_record import OutputRecord

    record = OutputRecord(path.parent, "bench", overwrite=overwrite)
    record.check([path])
    return record


def _figures_file(output_dir: Path, output: Path | None) -> Path:
    """``bench.json`` in the folder, or the file given by the old options ``--output`` and ``-o FILE.json``."""
    if output is None and output_dir.suffix == ".json" and not output_dir.is_dir():
        return output_dir
    return output or output_dir / "bench.json"


def parse_systems(specifications: list[str], baseline: bool) -> tuple[System, ...]:
    """Systems from ``PRESET,KEY=VALUE,...``; with ``baseline`` the baseline for the first one comes first."""
    from pipeline.config.schema import parse_assignments
    from pipeline.evaluation.benchmark.bench import BASELINE_NAME, System

    systems: list[System] = []
    for text in specifications:
        preset, *settings = text.split(",")
        systems.append(System(text, resolve(preset, assignments=parse_assignments(settings, where="--system"))))
    if len({system.name for system in systems}) < len(systems):
        raise SettingsError("the same system is given twice", where="--system")
    return (System(BASELINE_NAME, systems[0].config, is_baseline=True), *systems) if baseline else tuple(systems)


def _print(measured: Measurement) -> None:
    """Print one line to stderr about a measurement."""
    cpwer, der = measured.scores.cpwer, measured.scores.der
    rate = "" if der.error_rate is None else f"DER {100 * der.error_rate:.1f} %"
    words = f"cpWER {cpwer.errors}/{cpwer.words}"
    speed = f"{measured.real_time_factor:.3f} x real time"
    run = f", run {measured.run}" if measured.run else ""
    typer.echo(f"{measured.recording.name}  {measured.system}{run}: {words}, {rate}, {speed}", err=True)
