"""What the user sees while a run goes on, on stderr: a bar per stage on a terminal, else a line per stage."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.cli.printing import tell
from pipeline.core.errors import printable
from pipeline.core.events import Event, Listener, NoticeIssued, StageAdvanced, StageFinished, StageStarted, ignore

if TYPE_CHECKING:
    from pipeline.engine.artifact_cache import DiskCache


def warn(event: Event) -> None:
    """The listener that prints warnings on stderr, and nothing else."""
    if isinstance(event, NoticeIssued):
        tell(printable(f"transcribe: warning: {event.message}"))


def check_cache(cache: DiskCache) -> None:
    """Remove old entries, and warn where new ones cannot be kept."""
    cache.prune()
    problem = cache.problem()
    if problem is not None:
        warn(NoticeIssued("cache_unavailable", f"finished stages are not kept: {problem}"))


@contextmanager
def listening(quiet: bool) -> Iterator[Listener]:
    """A listener that draws progress bars or prints lines, or the one that does nothing."""
    if quiet or not sys.stderr.isatty():
        yield ignore if quiet else _print_line
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


def _print_line(event: Event) -> None:
    """A line when a stage has ended: a recording that is refused gets one line, its error."""
    if isinstance(event, StageFinished):
        tell(f"transcribe: {event.stage}: {'kept' if event.cached else f'{event.seconds:.1f} s'}")
