"""``transcribe analyze A.json`` and ``transcribe report DIR``: what calls were like, one and many."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def analyze(
    transcript: Annotated[Path, typer.Argument(help="A transcript: json, rttm, ctm, stm or seglst.")],
    rules: Annotated[Path | None, typer.Option(help="A YAML file of rules for phrases.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Talk ratio, silence, overlaps and findings of one transcript, as JSON on stdout."""
    from pipeline.analytics import rules as ruling
    from pipeline.analytics import writing
    from pipeline.formats.reading import read_file

    file = read_file(transcript)
    for line in file.warnings():
        typer.echo(line, err=True)
    found = writing.analyze(file.transcript, ruling.read(ruling.read_file(rules)))
    typer.echo(writing.dumps(found), nl=False)


def report(
    folder: Annotated[Path, typer.Argument(help="The --out folder of transcribe batch --analytics.")],
    title: Annotated[str, typer.Option(help="The page's title.")] = "Calls",
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """One HTML page and tables (CSV, Parquet) over all calls of a folder."""
    from pipeline.analytics import page, tables
    from pipeline.analytics.reading import read_calls
    from pipeline.files import write_atomically

    for path in tables.write_tables(lambda: read_calls(folder), folder / "tables"):
        typer.echo(str(path), err=True)
    path = folder / "report.html"
    write_atomically(path, page.render(read_calls(folder), title).encode())
    typer.echo(str(path), err=True)
    if not tables.has_parquet():
        typer.echo("transcribe: no Parquet without pyarrow; install crosstalk-transcribe[analytics]", err=True)
