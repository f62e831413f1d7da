"""``transcribe models``: listing, fetching, verifying and locating models."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from pipeline.config.whisper_models import model_name
from pipeline.core.events import Progress

app = typer.Typer(help="List, fetch and verify models.", no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", show_default=False)]
Preset = Annotated[str | None, typer.Option(help="The models of this preset.", show_default="default")]


@app.command("list")
def list_models() -> None:
    """List all models, installed ones first: state on this machine, download size, license and purpose."""
    from pipeline.models.weights import Store, catalogue

    store = Store()
    rows = [
        (m.name, store.status(m.name), "–" if m.bundled else _size(m.download), m.license, m.purpose)
        for m in sorted(catalogue(), key=lambda model: store.status(model.name) == "missing")
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    typer.echo(f"in {store.root}")


@app.command()
def pull(names: Names = None, preset: Preset = None) -> None:
    """Fetch models by name (also small or turbo), or those of a preset; installed ones are skipped."""
    from pipeline.models.weights import CATALOGUE, Store

    wanted = [model_name(name) for name in names or ()]
    if preset is not None or not wanted:
        from pipeline.config.presets import load_preset
        from pipeline.models.registry import required_model_names

        wanted += [name for name in required_model_names(load_preset(preset or "default")) if name in CATALOGUE]
    store = Store()
    for name in dict.fromkeys(wanted):
        with _bar(name) as progress:
            store.pull([name], progress)
        typer.echo(f"{name}: {store.path(name)}")


@app.command()
def verify(names: Names = None) -> None:
    """Verify the hashes of models, by default of all installed ones; exit code 5 if one differs."""
    from pipeline.core.errors import BadModel
    from pipeline.models.weights import Store, catalogue

    store = Store()
    bad = []
    given = [model_name(name) for name in names or ()]
    for name in given or [model.name for model in catalogue() if store.status(model.name) != "missing"]:
        problems = store.verify(name)
        typer.echo(f"{name}: {'; '.join(problems) or 'ok'}")
        bad += [name] if problems else []
    if bad:
        raise BadModel(
            f"{len(bad)} missing or different from the pinned hashes",
            hint=f"run: transcribe models pull {' '.join(bad)}",
        )


@app.command()
def path(name: str) -> None:
    """Print the folder of a model."""
    from pipeline.models.weights import Store

    typer.echo(Store().path(model_name(name)))


def _size(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count else "?"


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    """A progress bar on standard error; none without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total or None)
