"""``transcribe convert A.json --format srt``: other formats from a transcript, without models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import FormatError


def convert(
    transcript: Annotated[Path, typer.Argument(help="A transcript: json, rttm, ctm, stm or seglst.")],
    format_: Annotated[str, typer.Option("--format", "-f", help="A comma list, for example srt,md.")],
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Where the files go.")] = Path(),
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Re-render a transcript in other formats."""
    from pipeline import formats, output

    names = output.parse_formats(format_)
    kind = formats.guess(transcript)
    try:
        text = transcript.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", where=str(transcript)) from error
    try:
        loaded = formats.loads(text, kind)
    except FormatError as error:
        raise FormatError(error.what, where=f"{transcript} {error.where}".strip(), hint=error.hint) from error
    stem = transcript.name.removesuffix(formats.suffix(kind))
    for path in output.write(loaded, stem, output_dir, names):
        typer.echo(str(path), err=True)
