"""``transcribe apply A.json A.corrections.json``: corrections put into a transcript, without models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import WritingOptions, options
from pipeline.cli.printing import FORMATS, tell
from pipeline.core.errors import SettingsError, printable

if TYPE_CHECKING:
    from pipeline.core.types import Transcript


@options(writing=WritingOptions)
def apply(
    transcript: Annotated[Path, typer.Argument(help="A JSON transcript.")],
    corrections: Annotated[list[Path], typer.Argument(help="Files of corrections, in order.")],
    writing: WritingOptions,
    format_: Annotated[str | None, typer.Option("--format", "-f", help=f"Files to write instead. {FORMATS}")] = None,
    output_dir: Annotated[Path | None, typer.Option("--output-dir", "-o", help="Where the files go.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that others wrote or changed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Apply corrections to a transcript and to its files in other formats; later runs keep them."""
    from pipeline import formats
    from pipeline.corrections import apply_corrections, load
    from pipeline.corrections.counting import count_changes, misfit_line
    from pipeline.formats.reading import read_file

    if formats.guess(transcript) != "json":
        raise SettingsError("corrections are applied to a JSON transcript", where=str(transcript))
    result = read_file(transcript, "json").transcript
    for each in [load(path) for path in corrections]:
        result = apply_corrections(result, each)
    for path in _written(transcript, result, format_, output_dir, overwrite, writing):
        tell(printable(f"transcribe: wrote {path}"))
    changes = count_changes(result)
    tell(printable(f"transcribe: {changes.line}, in all"))
    for misfit in changes.misfits:
        tell(printable(f"transcribe: not applied: {misfit_line(misfit)}"))


def _written(
    transcript: Path,
    result: Transcript,
    names: str | None,
    folder: Path | None,
    overwrite: bool,
    writing: WritingOptions,
) -> Iterator[Path]:
    """Write the files, and yield them: the transcript and those that were written with it, or those of ``names``."""
    from pipeline import formats
    from pipeline.core.output_record import OutputRecord, source_of_result
    from pipeline.formats import files
    from pipeline.formats.rewriting import rewrite
    from pipeline.formats.sound import sound_beside

    if names is None and folder is None:
        yield from rewrite(transcript, result, overwrite)
        return
    stem, folder = formats.stem(transcript, "json"), folder or Path()
    record = OutputRecord(folder, source_of_result(transcript), overwrite=overwrite)
    kinds = files.parse_formats(names or "json")
    writing.tell_of_sound(result, kinds)
    sound = sound_beside(transcript, result, writing.sound_use)
    yield from files.write(result, stem, folder, kinds, record, sound, **writing.options())
