"""``transcribe rename A.json SPEAKER_00=Ana``: names of speakers in a transcript's files, without models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.printing import tell
from pipeline.core.errors import SettingsError, printable


def rename(
    transcript: Annotated[Path, typer.Argument(help="A JSON transcript.")],
    names: Annotated[list[str], typer.Argument(metavar="LABEL=NAME...", help="New names, such as SPEAKER_00=Ana.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that others wrote or changed.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Name speakers in a transcript and in its files in other formats; a later run keeps the names."""
    from pipeline.core.output_record import OutputRecord, source_of_result
    from pipeline.formats import built_in, files
    from pipeline.formats.naming import with_given_names
    from pipeline.formats.reading import read_file

    file = read_file(transcript, "json")
    given = _parse(names, file.transcript.speakers, transcript)
    stem = transcript.name.removesuffix(".json")
    folder = transcript.parent
    record = OutputRecord(folder, source_of_result(transcript), overwrite=overwrite)
    record.add(transcript)  # its edits were read, and are kept
    kinds = [kind for kind in built_in() if record.has_written(*files.output_paths(stem, folder, [kind]))]
    record.check(files.output_paths(stem, folder, kinds))
    renamed = with_given_names(file.transcript, given)
    for path in files.write(renamed, stem, folder, kinds, record):
        tell(printable(f"transcribe: wrote {path}"))


def _parse(items: Sequence[str], speakers: Sequence[str], transcript: Path) -> dict[str, str]:
    """The new names by label; `SettingsError` for a label that the transcript has not, and for a bad name."""
    from pipeline.gallery.people import check_name, is_label

    names: dict[str, str] = {}
    for item in items:
        label, equals, name = item.partition("=")
        if not equals:
            raise SettingsError(f"{item!r} is not LABEL=NAME", hint="for example SPEAKER_00=Ana")
        if label not in speakers:
            hint = f"there are {', '.join(speakers)}"
            raise SettingsError(f"no speaker is called {label!r}", where=str(transcript), hint=hint)
        try:
            names[label] = name if is_label(name) else check_name(name)
        except ValueError as error:
            raise SettingsError(str(error), where=repr(item)) from error
    return names
