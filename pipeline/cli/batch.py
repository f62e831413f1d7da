"""``transcribe batch CALLS... --output-dir DIR``: batch processing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import AllowIncomplete, Language, Model, RunOptions, WritingOptions, options
from pipeline.cli.printing import FORMATS, show, tell
from pipeline.core.errors import CrosstalkError, OutputError, OutputExists, SettingsError, exit_code_of, printable

if TYPE_CHECKING:
    from pipeline.batch.discovery import LeftOut, Search, SearchResult
    from pipeline.batch.journal import Journal
    from pipeline.batch.recording_pool import Engine
    from pipeline.batch.report import Planned
    from pipeline.batch.scheduler import BatchOptions, RecordingResult, Task
    from pipeline.batch.worker import Setup
    from pipeline.config.schema import Config
    from pipeline.redaction.settings import RedactionSettings

MINUTES = ("minutes", "minutes-json")
"""The formats that ``--minutes`` adds: the page to read, and the one that tables count."""


@dataclass(frozen=True, slots=True)
class BatchRedaction:
    """Options of redacted results."""

    redact: Annotated[str | None, typer.Option(metavar="KINDS", help="Write redacted results only.")] = None
    redact_audio: Annotated[bool, typer.Option(help="With --redact: also write the redacted recordings.")] = True
    redact_sound: Annotated[str, typer.Option(help="What stands in muted spans: silence or tone.")] = "silence"
    allow_incomplete: AllowIncomplete = False

    def settings(self) -> RedactionSettings | None:
        """What is redacted; None without --redact. Raises `SettingsError`."""
        from pipeline.redaction.settings import RedactionSettings, parse_cover
        from pipeline.redaction.types import parsed_kinds

        if self.redact is None:
            if self != BatchRedaction():
                raise SettingsError("options of redaction need --redact", hint="name the kinds: --redact card,cvv")
            return None
        cover, kinds = parse_cover(self.redact_sound, "--redact-sound"), parsed_kinds(self.redact.split(","))
        return RedactionSettings(kinds, cover, self.redact_audio, self.allow_incomplete)


@options(shared=RunOptions, writing=WritingOptions, redaction=BatchRedaction)
def batch(
    calls: Annotated[list[str], typer.Argument(help="Files, folders, 'patterns' or manifest.csv.")],
    out: Annotated[Path, typer.Option("--output-dir", "-o", help="Folder of the results and of the journal.")],
    shared: RunOptions,
    writing: WritingOptions,
    redaction: BatchRedaction,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Worker processes, which share the cores.")] = 1,
    retry: Annotated[bool, typer.Option("--retry", help="Also retry recordings that failed before.")] = False,
    only_failed: Annotated[bool, typer.Option("--only-failed", help="Retry only what failed before.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of recordings in this run.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Also transcribe new files, until interrupted.")] = False,
    attempts: Annotated[int, typer.Option(min=1, help="Failed attempts before a recording is set aside.")] = 3,
    timeout: Annotated[float, typer.Option(min=0, help="Time limit: 5 minutes plus this times the duration.")] = 30.0,
    memory: Annotated[float | None, typer.Option(min=0, help="Memory limit of a worker, in GB.")] = None,
    engine: Annotated[str, typer.Option(help="local, or ray: actors on a Ray cluster.")] = "local",
    address: Annotated[str | None, typer.Option(help="Address of the Ray cluster; default: start one here.")] = None,
    minutes: Annotated[bool, typer.Option("--minutes", help="Write NAME.minutes.md and .json too.")] = False,
    analytics: Annotated[bool, typer.Option("--analytics", help="Write NAME.analytics.json too.")] = False,
    rules: Annotated[Path | None, typer.Option(help="A YAML file of rules and roles; implies --analytics.")] = None,
    name_pattern: Annotated[
        str | None, typer.Option("--name-pattern", help="Columns from names: '{date}_{agent}_{id}.wav'.")
    ] = None,
    language: Language = None,
    model: Model = None,
    format_: Annotated[str, typer.Option("--format", "-f", help=FORMATS)] = "txt,json",
) -> None:
    """Transcribe many recordings, each once. Run the command again to resume."""
    settings = shared.settings(language=language, model=model)
    names = f"{format_},{','.join(MINUTES)}" if minutes else format_
    setup = _setup(settings, out, names, (analytics, rules), shared, writing)
    setup = _redacting(setup, redaction.settings())
    batch_options = _options(jobs, attempts, limit, retry, only_failed, (timeout, memory), engine, address)
    search = _search(calls, setup, name_pattern)
    (_plan if dry_run else _watch if watch else _run)(search, setup, batch_options, shared.quiet)


def _setup(
    settings: Config,
    out: Path,
    formats: str,
    analysis: tuple[bool, Path | None],
    shared: RunOptions,
    writing: WritingOptions,
) -> Setup:
    """What is the same for all recordings; ``analysis``: whether to write analytics, and the rules for them."""
    from pipeline.analytics.roles.request import request_of, role_specs
    from pipeline.analytics.rules.reading import read_file
    from pipeline.batch.worker import Setup
    from pipeline.engine import artifact_cache
    from pipeline.formats import files

    root = None if shared.no_cache else artifact_cache.default_root()
    analytics, rules = analysis
    text = read_file(rules) if analytics or rules else None
    request_of(role_specs(text), settings.diarization.roles, {})  # roles that contradict end the command
    names, options = files.parse_formats(formats), writing.options()
    return Setup(settings, out, names, root, text, shared.overwrite, options, writing.sound_use)


def _redacting(setup: Setup, redaction: RedactionSettings | None) -> Setup:
    """The same with redaction: without the cache, which holds words. Raises `SettingsError` for a mixed folder."""
    from pipeline.batch.redacted import require_same_redaction

    require_same_redaction(setup.out, redaction, setup.overwrite)
    return setup if redaction is None else replace(setup, redaction=redaction, cache=None)


def _options(
    jobs: int,
    attempts: int,
    limit: int | None,
    retry: bool,
    only_failed: bool,
    limits: tuple[float, float | None],
    engine: str,
    address: str | None,
) -> BatchOptions:
    from pipeline.batch.scheduler import BatchOptions
    from pipeline.batch.worker import Limits

    if engine not in ("local", "ray"):
        raise SettingsError(f"unknown engine {engine!r}", where="--engine", hint="use local or ray")
    factor, memory = limits
    worker = Limits(factor=factor, memory=None if memory is None else int(memory * 1e9))
    name: Engine = "ray" if engine == "ray" else "local"
    return BatchOptions(jobs, attempts, limit, retry, only_failed, worker, name, address)


def _search(calls: list[str], setup: Setup, pattern: str | None) -> Search:
    from pipeline.batch.discovery import SUFFIXES, Search
    from pipeline.batch.estimate import suffixes
    from pipeline.batch.history import read_names
    from pipeline.batch.name_pattern import parse
    from pipeline.batch.redacted import suffixes_of
    from pipeline.batch.scheduler import validator

    endings = (*suffixes(setup.formats, setup.analytics is not None), *suffixes_of(setup.redaction))
    parsed = None if pattern is None else parse(pattern, SUFFIXES)
    names = read_names(setup.out)
    return Search(tuple(calls), setup.out, endings, validator(setup), names, parsed)


def _run(place: Search, setup: Setup, options: BatchOptions, quiet: bool) -> None:
    from pipeline.batch import report, scheduler, skipped
    from pipeline.batch.discovery import discover
    from pipeline.batch.history import read_duplicates
    from pipeline.cli.progress import check_cache
    from pipeline.engine.artifact_cache import DiskCache

    search = discover(place)
    _print(() if quiet else (*report.announce(search), *_without_roles(search, setup)))
    skipped.record(setup.out, place.places, search.skipped.items)
    if setup.cache is not None:
        check_cache(DiskCache(setup.cache))
    began = time.monotonic()
    progress = report.Progress(search.recordings, options.jobs, options.limit)
    results: list[RecordingResult] = []

    def on_result(result: RecordingResult) -> None:
        results.append(result)
        line = progress.line(result)
        if not quiet:
            tell(line)

    try:
        scheduler.run(search.recordings, setup, options, on_result)
    except BaseException:
        if any(result.failed for result in results):
            with suppress(CrosstalkError):  # the error that ended the run is the one to report
                report.write_failures(results, setup.out, setup.overwrite)
        raise
    duplicates = read_duplicates(setup.out, [] if quiet else [recording.name for recording in search.recordings])
    lines = [_write_failures(results, setup), report.duplicates_line(duplicates)]
    show(report.summarize(results, time.monotonic() - began, search.skipped.count))
    _print(filter(None, lines))
    raise typer.Exit(exit_code_of([result.resumable for result in results if result.failed], len(results)))


def _write_failures(results: Sequence[RecordingResult], setup: Setup) -> str:
    """Write ``failures.csv``; a line that says so, or which file of the user is in the way, or ""."""
    from pipeline.batch import report

    try:
        path = report.write_failures(results, setup.out, setup.overwrite)
    except OutputExists as error:
        return error.line
    return f"{sum(result.failed for result in results)} failed; see {path}" if path else ""


def _watch(search: Search, setup: Setup, options: BatchOptions, quiet: bool) -> None:
    """Run until interrupted: existing files are transcribed like new ones."""
    from pipeline.batch import report, scheduler, skipped
    from pipeline.batch.folder_watch import Watch
    from pipeline.cli.progress import check_cache
    from pipeline.engine.artifact_cache import DiskCache

    if setup.cache is not None:
        check_cache(DiskCache(setup.cache))
    progress = report.Progress((), options.jobs)
    results: dict[str, RecordingResult] = {}
    problems: set[str] = set()

    def on_result(result: RecordingResult) -> None:
        results[result.recording.name] = result
        try:
            report.write_failures(tuple(results.values()), setup.out, setup.overwrite)
        except (OutputError, OutputExists) as error:  # it is written again after the next recording
            _print({error.line} - problems)
            problems.add(error.line)
        if not quiet:
            tell(progress.line(result))

    def leave_out(items: Sequence[LeftOut]) -> None:
        skipped.record(setup.out, search.places, items)

    watch = Watch(search, report=lambda line: _print([line]), leave_out=leave_out)
    scheduler.run((), setup, options, on_result, watch)


def _plan(place: Search, setup: Setup, options: BatchOptions, quiet: bool) -> None:
    from pipeline.batch import estimate, report, scheduler
    from pipeline.batch.discovery import discover

    search = discover(place)
    tasks = scheduler.tasks(search.recordings, setup)
    speed = estimate.Speed()
    if not (setup.out / ".crosstalk").is_dir():
        rows = [report.Planned(task.recording, "do") for task in tasks if not options.only_failed]
    else:
        with scheduler.open_journal(setup.out, options.attempts) as journal:
            speed = estimate.measured_speed(journal)
            rows = [
                _planned(task, journal, setup, options)
                for task in tasks
                if not options.only_failed or journal.has_failed(task.recording.name)
            ]
    rows = report.limited(rows, options.limit)
    show(report.plan(rows, speed, options.jobs))
    _print((*report.announce(search), *_without_roles(search, setup)))


def _without_roles(search: SearchResult, setup: Setup) -> tuple[str, ...]:
    """A line about roles that the rules ask for, where no option, column or rules file gives them to any recording."""
    from pipeline.analytics.roles.request import FIRST_SPEAKER
    from pipeline.analytics.rules import asked_roles, reading
    from pipeline.config.channel_roles import parse_roles

    if not setup.analytics:
        return ()
    content = reading.read(setup.analytics)
    texts = {setup.config.diarization.roles, *(each.settings.get("diarization.roles") for each in search.recordings)}
    given = {role.name for text in texts for role in parse_roles(text)} | {spec.role for spec in content.roles}
    given |= {each.columns.get(FIRST_SPEAKER, "").strip() for each in search.recordings}
    line = asked_roles.line_without(content.rules, given)
    return (line,) if line else ()


def _planned(task: Task, journal: Journal, setup: Setup, options: BatchOptions) -> Planned:
    from pipeline.batch import estimate, report

    decision = str(journal.decide(task.recording, task.key, options.again or options.only_failed))
    content = journal.content(task.recording) if decision == "do" else ""
    cached = estimate.is_cached(content, task.config, task.models, setup.cache)
    return report.Planned(task.recording, decision, cached)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        tell(f"transcribe: {printable(line)}")
