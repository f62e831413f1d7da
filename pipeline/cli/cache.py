"""``transcribe cache``: the cache of finished stages."""

from __future__ import annotations

from typing import Annotated

import typer


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all finished stages.")] = False,
) -> None:
    """Print the folder of the finished stages, and its size."""
    from pipeline.engine.artifact_cache import DiskCache

    stages = DiskCache()
    if clear:
        stages.clear()
    size = sum(path.stat().st_size for path in stages.root.glob("*/*"))
    typer.echo(f"{stages.root}  {size / 1e6:.1f} MB")
