"""``transcribe convert A.json --format srt``: other formats from a transcript, without models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    transcript: Annotated[Path, typer.Argument(help="A transcript: json, rttm, ctm, stm or seglst.")],
    format_: Annotated[str, typer.Option("--format", "-f", help="A comma list, for example srt,md.")],
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Where the files go.")] = Path(),
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Re-render a transcript in other formats."""
    from pipeline import formats, output
    from pipeline.formats.reading import read_file

    names = output.parse_formats(format_)
    file = read_file(transcript)
    for line in file.warnings():
        typer.echo(line, err=True)
    stem = formats.stem(transcript, file.kind)
    for path in output.write(file.transcript, stem, output_dir, names):
        typer.echo(str(path), err=True)
