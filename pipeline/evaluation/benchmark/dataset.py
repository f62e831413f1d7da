"""What a benchmark runs over: recordings with references, from a folder or the manifest that `simulate` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.text import read_text
from pipeline.formats.reading import read_transcript

AUDIO = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".webm", ".mp4")
REFERENCES = (".stm", ".seglst.json", ".rttm")


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, its reference files, the number of speakers to tell (None = systems find out), and its group."""

    name: str
    audio: Path
    references: tuple[Path, ...]
    speakers: int | None = None
    group: str = ""


def find_recordings(path: Path, given: bool = True) -> tuple[Recording, ...]:
    """The recordings of a folder (each with NAME.stm, .seglst.json or .rttm beside it) or of a ``manifest.json``.

    ``given`` says whether systems are told the true number of speakers.
    """
    if path.is_dir():
        path = path / "manifest.json" if (path / "manifest.json").is_file() else path
    names = _from_manifest(path) if path.is_file() else _from_folder(path)
    found = tuple(_recording(audio, path, given) for audio in names)
    if not found:
        raise SettingsError("holds no recording with a reference beside it", where=str(path))
    return found


def _from_manifest(manifest: Path) -> Sequence[Path]:
    try:
        return [manifest.parent / entry["audio"] for entry in json.loads(read_text(manifest).content)]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"is no list of recordings: {error}", where=str(manifest)) from error


def _from_folder(folder: Path) -> Sequence[Path]:
    if not folder.is_dir():
        raise SettingsError("no such folder or manifest", where=str(folder))
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in AUDIO and _references(p))


def _references(audio: Path) -> tuple[Path, ...]:
    beside = [path for path in sorted(audio.parent.glob("*")) if path.name.startswith(audio.stem) and path.is_file()]
    ends = {path.name[len(audio.stem) :].lower(): path for path in beside}
    return tuple(ends[suffix] for suffix in REFERENCES if suffix in ends)


def _recording(audio: Path, origin: Path, given: bool) -> Recording:
    references = _references(audio)
    if not references:
        raise FormatError("has no reference beside it", where=str(audio), hint="stm, seglst.json or rttm")
    folder = origin if origin.is_dir() else origin.parent
    return Recording(audio.stem, audio, references, _people(references) if given else None, folder.name)


def _people(references: Sequence[Path]) -> int:
    """How many people the reference names."""
    return len(read_transcript(references[0]).speakers)
