"""``transcribe apply A.json A.corrections.json``: corrections put into a transcript, without models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import Debug, Overwrite, WritingOptions, options
from pipeline.cli.printing import FORMATS, tell, tell_kept
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
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Apply corrections to a transcript and to its files in other formats; later runs keep them."""
    from pipeline import formats
    from pipeline.corrections import apply_corrections, load
    from pipeline.corrections.counting import count_changes, misfit_line
    from pipeline.formats.reading import read_file
    from pipeline.formats.rewriting import rewrite

    if formats.guess(transcript) != "json":
        raise SettingsError("corrections are applied to a JSON transcript", where=str(transcript))
    before = result = read_file(transcript, "json").transcript
    for each in [load(path) for path in corrections]:
        result = apply_corrections(result, each)
    if format_ is None and output_dir is None:
        paths = rewrite(transcript, result, before.speakers, overwrite, tell_kept)
    else:
        paths = _written(transcript, result, (format_ or "json", output_dir or Path(), overwrite), writing)
    for path in paths:
        tell(printable(f"transcribe: wrote {path}"))
    changes = count_changes(result)
    tell(printable(f"transcribe: {changes.line}, in all"))
    for misfit in changes.misfits:
        tell(printable(f"transcribe: not applied: {misfit_line(misfit)}"))


def _written(
    transcript: Path, result: Transcript, target: tuple[str, Path, bool], writing: WritingOptions
) -> Iterator[Path]:
    """Write the files of other formats, and yield them; ``target``: formats, folder, and whether to overwrite."""
    from pipeline import formats
    from pipeline.core.output_record import OutputRecord, source_of_result
    from pipeline.formats import files
    from pipeline.formats.sound import recording_beside, sound_maker

    names, folder, overwrite = target
    record = OutputRecord(folder, source_of_result(transcript), overwrite=overwrite)
    kinds, stem = files.parse_formats(names), formats.stem(transcript, "json")
    writing.tell_of_sound(result, kinds)
    sound = sound_maker(recording_beside(transcript, result), result, writing.sound_use)
    yield from files.write(result, stem, folder, kinds, record, sound, **writing.options())
