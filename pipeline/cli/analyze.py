"""``transcribe analyze A.json`` and ``transcribe report DIR``: analytics of one call, and of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.core.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.analytics.calls import Call, History


def analyze(
    transcript: Annotated[Path, typer.Argument(help="Transcript: JSON, RTTM, CTM, STM or SegLST.")],
    rules: Annotated[Path | None, typer.Option(help="YAML file with rules.")] = None,
    explain: Annotated[str | None, typer.Option(metavar="RULE", help="Print why this rule passes or fails.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Print talk ratio, silence, overlaps and findings of one transcript as JSON."""
    from pipeline.analytics import analytics_file
    from pipeline.analytics.rules import explaining, reading
    from pipeline.formats.reading import read_file

    if explain is not None and rules is None:
        raise SettingsError("needs the file that has the rule", where="--explain", hint="add --rules FILE")
    content = reading.read(reading.read_file(rules), str(rules)).rules
    file = read_file(transcript)
    for line in file.notice_lines():
        typer.echo(line, err=True)
    analytics = analytics_file.analyze(file.transcript, content)
    if explain is not None:
        typer.echo(explaining.explain(file.transcript, content, analytics, explain), nl=False)
        return
    typer.echo(analytics_file.dumps(analytics), nl=False)


def report(
    folder: Annotated[Path, typer.Argument(help="Output folder of transcribe batch --analytics.")],
    title: Annotated[str, typer.Option(help="Title of the page.")] = "Calls",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that others wrote or changed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Write one HTML page and tables (CSV, Parquet) about all calls of a folder."""
    from pipeline.analytics import html_report, tables
    from pipeline.analytics.calls import read_calls
    from pipeline.core.output_record import OutputRecord

    history = _history(folder)
    record = OutputRecord(folder, "report", overwrite=overwrite)
    path = folder / "report.html"
    record.check([path])
    for table in tables.write_tables(lambda: read_calls(folder, history), folder / "tables", history.failures, record):
        typer.echo(str(table), err=True)
    calls = _counted(read_calls(folder, history))
    record.write(path, html_report.render(calls, title, history.failures).encode())
    typer.echo(str(path), err=True)
    if not tables.has_parquet():
        typer.echo("transcribe: Parquet tables need pyarrow: pip install 'crosstalk-transcribe[analytics]'", err=True)


def _counted(calls: Iterator[Call]) -> Iterator[Call]:
    """The calls; after the last, a line about files of an earlier version."""
    old = 0
    for call in calls:
        old += call.is_old
        yield call
    if old:
        typer.echo(
            f"transcribe: files with the analytics format of version 0.1.0, which the next version will refuse: {old}; "
            "write them again with transcribe batch --analytics",
            err=True,
        )


def _history(folder: Path) -> History:
    """Failed calls, deleted recordings and superseded names in the journal of the folder."""
    from pipeline.analytics.calls import Failure, History
    from pipeline.batch.history import read_last, read_superseded

    last = read_last(folder)
    failures = tuple(Failure(one.name, one.status, one.error) for _, one in sorted(last.items()) if one.failed)
    return History(failures, {name: one.exists for name, one in last.items()}, read_superseded(folder))
