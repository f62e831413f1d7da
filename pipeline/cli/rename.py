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
    from pipeline import formats
    from pipeline.core.atomic_write import write_atomically
    from pipeline.core.output_record import OutputRecord, source_of_result
    from pipeline.formats import files
    from pipeline.formats.naming import with_given_names
    from pipeline.formats.reading import read_file

    transcript = transcript.resolve() if transcript.is_symlink() else transcript
    file = read_file(transcript, "json")
    renamed = with_given_names(file.transcript, _parse(names, file.transcript.speakers, transcript))
    stem, folder = formats.stem(transcript, "json"), transcript.parent
    record = OutputRecord(folder, source_of_result(transcript), overwrite=overwrite)
    others = {path: kind for kind in formats.built_in() for path in files.output_paths(stem, folder, [kind])}
    others = {p: kind for p, kind in others.items() if p != transcript and p.is_file() and record.has_written(p)}
    singles = files.speaker_paths(file.transcript.speakers, stem, folder, set(others.values()))
    singles = {p: kind for p, kind in singles.items() if p.is_file() and record.has_written(p)}
    divided = {kind for kind, _ in singles.values()}
    record.check([*others, *singles, *files.speaker_paths(renamed.speakers, stem, folder, divided)])
    content = formats.dumps(renamed, "json", stem)
    if record.is_unchanged(transcript):
        record.write(transcript, content)
    else:  # edits by hand were read and are kept: no later run may replace the file
        write_atomically(transcript, content)
    tell(printable(f"transcribe: wrote {transcript}"))
    for path, kind in others.items():
        options = files.options_of(path.read_bytes(), file.transcript, kind, stem)
        options["per_speaker"] = kind in divided
        for written in files.write(renamed, stem, folder, [kind], record, **options):
            singles.pop(written, None)
            tell(printable(f"transcribe: wrote {written}"))
    for path in singles:
        path.unlink()
        tell(printable(f"transcribe: removed {path}, which had an old name"))


def _parse(items: Sequence[str], speakers: Sequence[str], transcript: Path) -> dict[str, str]:
    """The new names by label; `SettingsError` for a label that the transcript has not, and for a bad name."""
    from pipeline.gallery.people import is_label, require_name

    names: dict[str, str] = {}
    for item in items:
        label, equals, name = item.partition("=")
        if not equals:
            raise SettingsError(f"{item!r} is not LABEL=NAME", hint="for example SPEAKER_00=Ana")
        if label not in speakers:
            hint = f"there are {', '.join(speakers)}"
            raise SettingsError(f"no speaker is called {label!r}", where=str(transcript), hint=hint)
        if label in names:
            raise SettingsError(f"{label} gets two names", hint="give it one")
        names[label] = name if is_label(name) else require_name(name, where=repr(item))
    return names
