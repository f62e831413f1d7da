"""``transcribe convert A.json --format srt``: other formats from a transcript, without models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import Debug, Overwrite, WritingOptions, options
from pipeline.cli.printing import FORMATS, tell
from pipeline.core.errors import OutputExists

if TYPE_CHECKING:
    from pipeline.core.output_record import OutputRecord


@options(writing=WritingOptions)
def convert(
    transcript: Annotated[Path, typer.Argument(help="A transcript file, such as json, rttm, ctm, stm or seglst.")],
    format_: Annotated[str, typer.Option("--format", "-f", help=FORMATS)],
    writing: WritingOptions,
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Where the files go.")] = Path(),
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Re-render a transcript in other formats."""
    from pipeline import formats
    from pipeline.formats import files
    from pipeline.formats.reading import read_file
    from pipeline.formats.sound import recording_beside, sound_maker

    names = files.parse_formats(format_)
    kind = formats.guess(transcript)
    stem = formats.stem(transcript, kind)
    targets = files.expected_paths(stem, output_dir, names, **writing.options())
    record = _record(transcript, kind, targets, output_dir, overwrite)
    file = read_file(transcript, kind)
    for line in file.notice_lines():
        tell(line)
    writing.tell_of_sound(file.transcript, names)
    sound = sound_maker(recording_beside(transcript, file.transcript), file.transcript, writing.sound_use)
    for path in files.write(file.transcript, stem, output_dir, names, record, sound, **writing.options()):
        tell(str(path))


def _record(transcript: Path, kind: str, targets: tuple[Path, ...], folder: Path, overwrite: bool) -> OutputRecord:
    """The right to write what is converted; `OutputExists` where that would replace the transcript itself."""
    from pipeline.core.output_record import OutputRecord, source_of, source_of_result

    source = source_of_result(transcript) if kind == "json" else source_of(transcript)
    record = OutputRecord(folder, source, overwrite=overwrite)
    for path in () if overwrite or not transcript.exists() else targets:
        if path.exists() and path.samefile(transcript):
            hint = "choose another folder, or replace it with --overwrite"
            raise OutputExists("is the transcript that is to be converted", where=str(path), hint=hint)
    record.check(targets)
    return record
