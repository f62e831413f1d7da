"""``transcribe analyze A.json`` and ``transcribe report DIR``: analytics of one call, and of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import Debug, Overwrite
from pipeline.core.errors import SettingsError, printable

if TYPE_CHECKING:
    from pipeline.analytics.calls import Call


def analyze(
    transcript: Annotated[Path, typer.Argument(help="Transcript: JSON, RTTM, CTM, STM or SegLST.")],
    rules: Annotated[Path | None, typer.Option(help="YAML file with rules and roles.")] = None,
    roles: Annotated[str | None, typer.Option(help="Roles of the speakers: agent,customer.")] = None,
    explain: Annotated[str | None, typer.Option(metavar="RULE", help="Print why this rule passes or fails.")] = None,
    debug: Debug = False,
) -> None:
    """Print talk ratio, silence, overlaps and findings of one transcript as JSON."""
    from pipeline.analytics import analytics_file
    from pipeline.analytics.roles.assigning import UNKNOWN, with_roles_again
    from pipeline.analytics.rules import asked_roles, explaining, reading
    from pipeline.formats.reading import read_file

    if explain is not None and rules is None:
        raise SettingsError("needs the file that has the rule", where="--explain", hint="add --rules FILE")
    content = reading.read(reading.read_file(rules), str(rules))
    file = read_file(transcript)
    for line in file.notice_lines():
        typer.echo(line, err=True)
    call = with_roles_again(file.transcript, content.roles, roles)
    for notice in call.notices:
        if notice.code == UNKNOWN:
            typer.echo(printable(f"transcribe: {transcript}: warning: {notice.message}"), err=True)
    given = {*call.speakers, *(each.role or "" for each in call.roles), *(spec.role for spec in content.roles)}
    if not call.roles and (line := asked_roles.line_without(content.rules, given)):
        typer.echo(printable(f"transcribe: {transcript}: warning: {line}"), err=True)
    analytics = analytics_file.analyze(call, content.rules)
    if explain is not None:
        typer.echo(explaining.explain(call, content.rules, analytics, explain), nl=False)
        return
    typer.echo(analytics_file.dumps(analytics), nl=False)


def report(
    folder: Annotated[Path, typer.Argument(help="Output folder of transcribe batch --analytics.")],
    title: Annotated[str, typer.Option(help="Title of the page.")] = "Calls",
    role: Annotated[str, typer.Option(help="Role of the people whose calls are grouped and ranked.")] = "agent",
    keep_removed: Annotated[
        bool, typer.Option("--keep-removed", help="Keep calls whose recordings were removed since, marked.")
    ] = False,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Write a page that compares agents, teams and days, and tables (CSV, Parquet), about all calls of a folder."""
    from pipeline.analytics import tables
    from pipeline.analytics.calls import read_calls, removed
    from pipeline.analytics.remarks import Remarks
    from pipeline.analytics.report.build import render
    from pipeline.batch.history import read_history
    from pipeline.core.output_record import OutputRecord

    if not folder.is_dir():
        raise SettingsError("is not a folder", where=str(folder))
    history = read_history(folder)
    record = OutputRecord(folder, "report", overwrite=overwrite)
    path = folder / "report.html"
    record.check([path])

    def calls() -> Iterator[Call]:
        return read_calls(folder, history, keep_removed=keep_removed)

    for table in tables.write_tables(calls, folder / "tables", history, record):
        typer.echo(str(table), err=True)
    remarks = Remarks(role)
    page = render(remarks.watch(calls()), title, history.failures, history.skipped, role)
    record.write(path, page.encode())
    typer.echo(str(path), err=True)
    gone = 0 if keep_removed else len(removed(folder, history))
    for line in (*remarks.lines(), *_omissions(gone)):
        typer.echo(f"transcribe: {line}", err=True)


def _omissions(removed: int) -> Iterator[str]:
    """What the report leaves out: a number of ``removed`` recordings, and Parquet files."""
    from pipeline.analytics.tables.writers import has_parquet
    from pipeline.core.text import counted

    if removed:
        yield f"{counted(removed, 'call')} left out, whose recordings were removed; --keep-removed keeps them, marked"
    if not has_parquet():
        yield "Parquet tables need pyarrow: pip install 'crosstalk-transcribe[analytics]'"
