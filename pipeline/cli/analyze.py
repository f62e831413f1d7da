"""``transcribe analyze A.json`` and ``transcribe report DIR``: what calls were like, one and many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.analytics.calls import History


def analyze(
    transcript: Annotated[Path, typer.Argument(help="A transcript: json, rttm, ctm, stm or seglst.")],
    rules: Annotated[Path | None, typer.Option(help="A YAML file of rules for phrases.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Talk ratio, silence, overlaps and findings of one transcript, as JSON on stdout."""
    from pipeline.analytics import analytics_file
    from pipeline.analytics import phrase_rules as ruling
    from pipeline.formats.reading import read_file

    file = read_file(transcript)
    for line in file.notice_lines():
        typer.echo(line, err=True)
    found = analytics_file.analyze(file.transcript, ruling.read(ruling.read_file(rules)))
    typer.echo(analytics_file.dumps(found), nl=False)


def report(
    folder: Annotated[Path, typer.Argument(help="The --out folder of transcribe batch --analytics.")],
    title: Annotated[str, typer.Option(help="The page's title.")] = "Calls",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that others wrote or changed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """One HTML page and tables (CSV, Parquet) over all calls of a folder."""
    from pipeline.analytics import html_report, tables
    from pipeline.analytics.calls import read_calls
    from pipeline.core.output_record import OutputRecord

    history = _history(folder)
    record = OutputRecord(folder, "report", overwrite=overwrite)
    path = folder / "report.html"
    record.check([path])
    for table in tables.write_tables(lambda: read_calls(folder, history), folder / "tables", history.failures, record):
        typer.echo(str(table), err=True)
    record.write(path, html_report.render(read_calls(folder, history), title, history.failures).encode())
    typer.echo(str(path), err=True)
    if not tables.has_parquet():
        typer.echo("transcribe: no Parquet without pyarrow; install crosstalk-transcribe[analytics]", err=True)


def _history(folder: Path) -> History:
    """What the folder's journal says of failed calls, deleted recordings and earlier names."""
    from pipeline.analytics.calls import Failure, History
    from pipeline.batch.history import read_last, read_superseded

    last = read_last(folder)
    failures = tuple(Failure(one.name, one.status, one.error) for _, one in sorted(last.items()) if one.failed)
    return History(failures, {name: one.exists for name, one in last.items()}, read_superseded(folder))
