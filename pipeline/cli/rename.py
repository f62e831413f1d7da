"""``transcribe rename A.json SPEAKER_00=Ana``: names of speakers in a transcript's files, without models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Debug, Overwrite
from pipeline.cli.printing import tell, tell_kept
from pipeline.core.errors import SettingsError, printable


def rename(
    transcript: Annotated[Path, typer.Argument(help="A JSON transcript.")],
    names: Annotated[list[str], typer.Argument(metavar="LABEL=NAME...", help="New names, such as SPEAKER_00=Ana.")],
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Name speakers in a transcript and in its files in other formats; a later run keeps the names."""
    from pipeline.formats.naming import with_given_names
    from pipeline.formats.reading import read_file
    from pipeline.formats.rewriting import rewrite

    file = read_file(transcript, "json")
    renamed = with_given_names(file.transcript, _parse(names, file.transcript.speakers, transcript))
    for path in rewrite(transcript, renamed, file.transcript.speakers, overwrite, tell_kept):
        tell(printable(f"transcribe: wrote {path}"))


def _parse(items: Sequence[str], speakers: Sequence[str], transcript: Path) -> dict[str, str]:
    """The new names by label; `SettingsError` for a label that the transcript has not, and for a bad name."""
    from pipeline.core.identity import is_label
    from pipeline.gallery.people import require_name

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
