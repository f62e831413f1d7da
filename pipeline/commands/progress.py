"""What the user sees while a run goes on: one bar per stage on stderr, when it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from pipeline.errors import printable
from pipeline.events import Event, Listener, StageAdvanced, StageFinished, StageStarted, Warned, ignore

if TYPE_CHECKING:
    from pipeline.cache import DiskCache


def warn(event: Event) -> None:
    """The listener that prints warnings on stderr, and nothing else."""
    if isinstance(event, Warned):
        typer.echo(printable(f"transcribe: warning: {event.message}"), err=True)


def check_cache(cache: DiskCache) -> None:
    """Remove old entries, and warn where new ones cannot be kept."""
    cache.prune()
    problem = cache.problem()
    if problem is not None:
        warn(Warned("cache_unavailable", f"finished stages are not kept: {problem}"))


@contextmanager
def listening(quiet: bool) -> Iterator[Listener]:
    """A listener that draws progress bars, or the one that does nothing."""
    if quiet or not sys.stderr.isatty():
        yield ignore
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:
        running: dict[str, TaskID] = {}

        def listen(event: Event) -> None:
            if isinstance(event, StageStarted):
                running[event.stage] = bars.add_task(event.stage, total=None)
            elif isinstance(event, StageAdvanced):
                bars.update(running[event.stage], completed=event.done, total=event.total)
            elif isinstance(event, StageFinished):
                label = f"{event.stage} (kept)" if event.cached else event.stage
                bars.update(running[event.stage], description=label, completed=1, total=1)

        yield listen
