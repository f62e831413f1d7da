"""``transcribe config`` shows the settings in force; ``transcribe cache`` the finished stages kept on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def show(
    preset: Annotated[str, typer.Option(help="default, accurate or fast.")] = "default",
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting.")] = None,
) -> None:
    """Print the settings in force as YAML, fit for --config."""
    from pipeline.config.presets import resolve
    from pipeline.config.schema import as_yaml, parse_assignments

    typer.echo(as_yaml(resolve(preset, assignments=parse_assignments(set_ or []), file=config)), nl=False)


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove everything that is kept.")] = False,
) -> None:
    """Print where finished stages are kept, and their size."""
    from pipeline.engine.artifact_cache import DiskCache

    kept = DiskCache()
    if clear:
        kept.clear()
    size = sum(path.stat().st_size for path in kept.root.glob("*/*"))
    typer.echo(f"{kept.root}  {size / 1e6:.1f} MB")
