"""Transcripts into files: ``<stem>.<format>`` in a folder, each absent or whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline import formats
from pipeline.errors import SettingsError
from pipeline.files import explain, write_atomically
from pipeline.values import Transcript


def parse_formats(text: str) -> tuple[str, ...]:
    """A comma list of formats; SettingsError names the first that does not exist."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in formats.names():
            raise SettingsError(f"no format {name!r}", where="--format", hint=f"there are {', '.join(formats.names())}")
    if not names:
        raise SettingsError("names no format", where="--format", hint=f"there are {', '.join(formats.names())}")
    return names


def targets(stem: str, folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """Where the formats of one recording go."""
    return tuple(folder / f"{stem}{formats.suffix(name)}" for name in names)


def refuse_collisions(stems: Sequence[str], names: Sequence[str]) -> None:
    """Two recordings whose transcripts would have the same name would overwrite each other's."""
    files = [path.name for stem in stems for path in targets(stem, Path(), names)]
    twice = next((file for file, count in Counter(files).items() if count > 1), None)
    if twice is not None:
        raise SettingsError(
            f"two recordings would both be written to {twice!r}",
            hint="transcribe them into different folders with --output-dir",
        )


def write(transcript: Transcript, stem: str, folder: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """The transcript in every format; the paths written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error
    paths = targets(stem, folder, names)
    for path, name in zip(paths, names, strict=True):
        text = formats.dumps(transcript, name, stem)
        write_atomically(path, text.encode("utf-8", "surrogateescape"))
    return paths
