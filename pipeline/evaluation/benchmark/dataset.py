"""Recordings with references for benchmarks, from a folder or from a manifest written by ``simulate``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.text import read_text
from pipeline.formats.reading import read_transcript

AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".webm", ".mp4")
REFERENCE_SUFFIXES = (".stm", ".seglst.json", ".rttm")


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, its reference files, the number of speakers given to systems (None: estimated), and its group."""

    name: str
    audio: Path
    references: tuple[Path, ...]
    speakers: int | None = None
    group: str = ""


def find_recordings(path: Path, give_speakers: bool = True) -> tuple[Recording, ...]:
    """The recordings of a folder that have NAME.stm, .seglst.json or .rttm next to them, or of a ``manifest.json``.

    With ``give_speakers`` systems get the number of speakers in the reference.
    """
    if path.is_dir():
        path = path / "manifest.json" if (path / "manifest.json").is_file() else path
    files = _from_manifest(path) if path.is_file() else _from_folder(path)
    recordings = tuple(_recording(audio, path, give_speakers) for audio in files)
    if not recordings:
        raise SettingsError("contains no recording with a reference next to it", where=str(path))
    return recordings


def _from_manifest(manifest: Path) -> Sequence[Path]:
    try:
        return [manifest.parent / entry["audio"] for entry in json.loads(read_text(manifest).content)]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"is not a list of recordings: {error}", where=str(manifest)) from error


def _from_folder(folder: Path) -> Sequence[Path]:
    if not folder.is_dir():
        raise SettingsError("no such folder or manifest", where=str(folder))
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in AUDIO_SUFFIXES and _references(p))


def _references(audio: Path) -> tuple[Path, ...]:
    files = [path for path in sorted(audio.parent.glob("*")) if path.name.startswith(audio.stem) and path.is_file()]
    by_suffix = {path.name[len(audio.stem) :].lower(): path for path in files}
    return tuple(by_suffix[suffix] for suffix in REFERENCE_SUFFIXES if suffix in by_suffix)


def _recording(audio: Path, origin: Path, give_speakers: bool) -> Recording:
    references = _references(audio)
    if not references:
        raise FormatError(
            "has no reference next to it",
            where=str(audio),
            hint="put NAME.stm, NAME.rttm or NAME.seglst.json next to it",
        )
    folder = origin if origin.is_dir() else origin.parent
    speakers = len(read_transcript(references[0]).speakers) if give_speakers else None
    return Recording(audio.stem, audio, references, speakers, folder.name)
