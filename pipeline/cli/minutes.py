"""``transcribe minutes A.json``: topics, key points, decisions, actions and questions, each with its moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.printing import show, tell
from pipeline.core.choices import comma_list
from pipeline.core.errors import SettingsError, printable

if TYPE_CHECKING:
    from pipeline.minutes.types import Minutes

FORMATS = {"md": ".minutes.md", "json": ".minutes.json"}
"""Suffix of the minutes' file in each format."""


def minutes(
    transcripts: Annotated[list[Path], typer.Argument(help="Transcripts: json, seglst, stm or ctm.")],
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Where the files go.")] = Path(),
    format_: Annotated[str, typer.Option("--format", "-f", help=f"Comma list of {', '.join(FORMATS)}.")] = "md,json",
    max_items: Annotated[int, typer.Option(min=1, help="Maximum number of items of each kind.")] = 10,
    only: Annotated[str | None, typer.Option(help="Kinds to keep: points,decisions,actions,questions.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not print the minutes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that others wrote or changed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Make minutes of transcripts: every item is words that were said, with who and when. No model is needed."""
    from pipeline import formats
    from pipeline.core.output_record import OutputRecord, source_of
    from pipeline.formats.reading import read_file
    from pipeline.minutes.making import make_minutes
    from pipeline.minutes.rendering import KINDS, to_json, to_markdown

    names = _chosen(format_, tuple(FORMATS), "--format")
    kinds = _chosen(only, KINDS, "--only") if only is not None else KINDS
    for transcript in transcripts:
        file = read_file(transcript)
        for line in file.notice_lines():
            tell(line)
        stem = formats.stem(transcript, file.kind)
        record = OutputRecord(output_dir, source_of(transcript), overwrite=overwrite)
        paths = {name: output_dir / f"{stem}{FORMATS[name]}" for name in names}
        record.check(paths.values())
        made = _with_kinds(make_minutes(file.transcript, max_items), kinds)
        texts = {"md": to_markdown(made, stem), "json": to_json(made, stem)}
        if not quiet:
            show(texts["md"])
        for name, path in paths.items():
            record.write(path, texts[name].encode())
            tell(printable(f"transcribe: wrote {path}"))


def _chosen(text: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    """The names of a comma list, each once; raises `SettingsError` for an unknown one."""
    names = comma_list(text, known, option)
    if unknown := [name for name in names if name not in known]:
        raise SettingsError(f"unknown: {', '.join(unknown)}", where=option, hint=f"known are {', '.join(known)}")
    return names


def _with_kinds(made: Minutes, kinds: tuple[str, ...]) -> Minutes:
    """The minutes without the items of other kinds."""
    return replace(
        made,
        points=made.points if "points" in kinds else (),
        decisions=made.decisions if "decisions" in kinds else (),
        actions=made.actions if "actions" in kinds else (),
        questions=made.questions if "questions" in kinds else (),
    )
