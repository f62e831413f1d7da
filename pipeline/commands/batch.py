"""``transcribe batch CALLS... --out DIR``: a night of calls."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.batch.discovery import Recording
    from pipeline.batch.night import Orders
    from pipeline.batch.worker import Setup

SOME_FAILED, ALL_FAILED = 3, 4


def batch(
    calls: Annotated[list[str], typer.Argument(help="Files, folders, 'patterns' or manifest.csv.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the results go; the journal lies there too.")],
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Worker processes; they share the cores.")] = 1,
    retry: Annotated[bool, typer.Option("--retry", help="Give what failed before a new chance.")] = False,
    only_failed: Annotated[bool, typer.Option("--only-failed", help="Only what failed before, once more.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Transcribe at most so many now.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, how long, how much.")] = False,
    attempts: Annotated[int, typer.Option(min=1, help="Set a recording aside after so many failures.")] = 3,
    timeout: Annotated[float, typer.Option(min=0, help="Give up after 5 minutes and so many times the length.")] = 30.0,
    memory: Annotated[float | None, typer.Option(min=0, help="GB a worker may take before it is ended.")] = None,
    analytics: Annotated[bool, typer.Option("--analytics", help="Write NAME.analytics.json too.")] = False,
    rules: Annotated[Path | None, typer.Option(help="A YAML file of rules for phrases; implies --analytics.")] = None,
    speakers: Annotated[int | None, typer.Option(help="How many people talk in each.")] = None,
    min_speakers: Annotated[int | None, typer.Option(help="At least so many people.")] = None,
    max_speakers: Annotated[int | None, typer.Option(help="At most so many people.")] = None,
    language: Annotated[str | None, typer.Option(help="Two letters (en, de); found out when not given.")] = None,
    channels: Annotated[str | None, typer.Option(help="auto, split or mix: a stereo call's channels.")] = None,
    roles: Annotated[str | None, typer.Option(help="Who is on the channels: agent,customer.")] = None,
    preset: Annotated[str, typer.Option(help="default, accurate or fast.")] = "default",
    config: Annotated[Path | None, typer.Option(help="A YAML file of settings.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting.")] = None,
    format_: Annotated[str, typer.Option("--format", "-f", help="A comma list, for example txt,srt.")] = "txt,json",
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:1.")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads of all workers; 0 takes all cores.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never fetch anything.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no finished stages on disk.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No lines while it goes on.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Transcribe many recordings, each once; run it again to resume."""
    from pipeline.batch import night
    from pipeline.batch.crew import Limits
    from pipeline.batch.discovery import discover

    given = {
        "diarization.speakers": speakers,
        "diarization.min_speakers": min_speakers,
        "diarization.max_speakers": max_speakers,
        "recognition.language": language,
        "diarization.channels": channels,
        "diarization.roles": roles,
        "runtime.device": device,
        "runtime.threads": threads,
        "runtime.offline": offline or None,
    }
    setup = _setup(preset, given, set_ or [], config, out, format_, no_cache, analytics, rules)
    limits = Limits(factor=timeout, memory=None if memory is None else int(memory * 1e9))
    orders = night.Orders(jobs, attempts, limit, retry, only_failed, limits)
    recordings = discover(calls, out)
    if dry_run:
        _plan(recordings, setup, orders)
    else:
        _run(recordings, setup, orders, quiet)


def _setup(
    preset: str,
    given: dict[str, object],
    assignments: list[str],
    file: Path | None,
    out: Path,
    formats: str,
    no_cache: bool,
    analytics: bool,
    rules: Path | None,
) -> Setup:
    from pipeline import cache, output
    from pipeline.batch.worker import Setup
    from pipeline.config import parse_assignments
    from pipeline.presets import compose

    settings = compose(preset, given, parse_assignments(assignments), file)
    text = None
    if analytics or rules:
        from pipeline.analytics.rules import read_file

        text = read_file(rules)
    root = None if no_cache else cache.default_root()
    return Setup(settings, out, output.parse_formats(formats), root, text)


def _run(recordings: tuple[Recording, ...], setup: Setup, orders: Orders, quiet: bool) -> None:
    from pipeline.batch import night, reporting
    from pipeline.cache import DiskCache

    if setup.cache is not None:
        DiskCache(setup.cache).prune()
    began = time.monotonic()
    progress = reporting.Progress(recordings)

    def witness(end: night.Ended) -> None:
        line = progress.line(end)
        if not quiet:
            typer.echo(line, err=True)

    ended = night.run(recordings, setup, orders, witness)
    path = reporting.write_failures(ended, setup.out)
    sys.stdout.write(reporting.summarize(ended, time.monotonic() - began))
    sys.stdout.flush()
    failures = sum(end.failed for end in ended)
    if path is not None:
        typer.echo(f"transcribe: {failures} failed; the reasons are in {path}", err=True)
        raise typer.Exit(ALL_FAILED if failures == len(ended) else SOME_FAILED)


def _plan(recordings: tuple[Recording, ...], setup: Setup, orders: Orders) -> None:
    from pipeline.batch import night, planning, reporting

    tasks = night.tasks(recordings, setup)
    if not (setup.out / ".crosstalk").is_dir():
        rows = [(task.recording, "do") for task in tasks]
        speed = None
    else:
        with night.opened(setup.out, orders.attempts) as journal:
            speed = journal.speed()
            again = orders.again or orders.only_failed
            rows = [
                (task.recording, str(journal.look(task.recording, task.key, again)))
                for task in tasks
                if not orders.only_failed or journal.has_failed(task.recording.name)
            ]
    measured = speed is not None
    sys.stdout.write(reporting.plan(rows, planning.GUESS if speed is None else speed, measured, orders.jobs))
