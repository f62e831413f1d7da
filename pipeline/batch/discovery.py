"""Files, folders, patterns and manifests become recordings, each with its place in the output folder."""

from __future__ import annotations

import csv
import glob
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError

SUFFIXES = frozenset({
    "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "au", "avi", "caf", "flac", "flv", "gsm", "m4a", "m4b", "m4v",
    "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "mts", "oga", "ogg", "ogv", "opus", "ra", "rm", "spx",
    "ts", "voc", "w64", "wav", "webm", "wma", "wmv", "wv",
})  # fmt: skip
"""What is taken for a recording inside a folder; a file given by name or pattern is taken whatever it is called."""
COLUMNS: Mapping[str, str] = {
    "speakers": "diarization.speakers",
    "language": "recognition.language",
    "channels": "diarization.channels",
    "roles": "diarization.roles",
}
"""The columns of a manifest that are settings."""
_PATTERN = "*?["


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, the place of its results (``team/call7``: relative, no suffix), its own settings, further columns."""

    path: Path
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


def discover(places: Iterable[str], out: Path) -> tuple[Recording, ...]:
    """The recordings in order, each file once; a place that holds none, or a doubled name, is a `SettingsError`."""
    for place in (given := tuple(places)):
        if not any(True for _ in find([place], out)):
            hint = "give files, folders, 'patterns' or manifest.csv"
            raise SettingsError("holds no recordings", where=place, hint=hint)
    found = find(given, out)
    refuse_collisions(found)
    return found


def find(places: Iterable[str], out: Path) -> tuple[Recording, ...]:
    """The recordings there are, each file once; none of those that lie in the output folder."""
    found: dict[Path, Recording] = {}
    for recording in (recording for place in places for recording in _expanded(place)):
        path = Path(os.path.abspath(recording.path))  # noqa: PTH100 — links stay
        if not _is_within(path, out):
            found.setdefault(path, recording)
    return tuple(found.values())


def refuse_collisions(recordings: Sequence[Recording]) -> None:
    """Two recordings with one name would overwrite each other; so would names that differ in case only."""
    seen: dict[str, Recording] = {}
    for recording in recordings:
        other = seen.setdefault(recording.name.casefold(), recording)
        if other is not recording:
            raise SettingsError(
                f"{other.path} and {recording.path} would both be written as {recording.name!r}",
                hint="rename one, or give them to different --out folders",
            )


def _expanded(place: str) -> Iterator[Recording]:
    path = Path(place)
    if path.is_dir():
        yield from _walk(path)
    elif path.suffix.lower() == ".csv" and path.is_file():
        yield from read_manifest(path)
    elif path.exists() or not any(c in place for c in _PATTERN):
        yield Recording(path, path.stem)
    else:
        base = Path(*_fixed(path.parts))
        for match in sorted(glob.glob(place, recursive=True)):  # noqa: PTH207 — patterns may be absolute
            if not Path(match).is_dir():
                yield Recording(Path(match), _name(Path(match), base))


def _walk(folder: Path) -> Iterator[Recording]:
    """All recordings under a folder, sorted; hidden files and folders left out, links to folders not followed."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root) / name
            if not name.startswith(".") and path.suffix[1:].lower() in SUFFIXES:
                yield Recording(path, _name(path, folder))


def read_manifest(path: Path) -> Iterator[Recording]:
    """The recordings of a CSV with a column ``path``, relative to the manifest; other columns: see `COLUMNS`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read the manifest: {error}", where=str(path)) from error
    rows = csv.DictReader(text.splitlines(), strict=True)
    if "path" not in (rows.fieldnames or ()):
        raise SettingsError("a manifest needs a column 'path'", where=str(path))
    try:
        for row in rows:
            yield _from_row(row, path, f"{path}, line {rows.line_num}")
    except csv.Error as error:
        raise SettingsError(f"not CSV: {error}", where=f"{path}, line {rows.line_num}") from error


def _from_row(row: dict[str, str], manifest: Path, where: str) -> Recording:
    if None in row or None in row.values() or not row["path"]:
        raise SettingsError("the line has another number of fields than the first, or no path", where=where)
    settings: dict[str, Any] = {dotted: row[name] for name, dotted in COLUMNS.items() if row.get(name)}
    if "diarization.speakers" in settings:
        if not settings["diarization.speakers"].isdecimal():
            raise SettingsError(f"speakers must be a whole number, not {row['speakers']!r}", where=where)
        settings["diarization.speakers"] = int(settings["diarization.speakers"])
    source = manifest.parent / row["path"]
    columns = {name: value for name, value in row.items() if name not in COLUMNS and name != "path"}
    return Recording(source, _name(source, manifest.parent), settings, columns)


def _name(path: Path, base: Path) -> str:
    """The place under ``base`` without suffix; of a file that lies elsewhere only its own name."""
    relative = path.relative_to(base) if path.is_relative_to(base) else Path(path.name)
    plain = relative if ".." not in relative.parts else Path(path.name)
    return str(plain.with_name(path.stem))


def _fixed(parts: Sequence[str]) -> tuple[str, ...]:
    """The folders of a pattern before its first wildcard."""
    wild = next((i for i, part in enumerate(parts) if any(c in part for c in _PATTERN)), len(parts))
    return tuple(parts[:wild])


def _is_within(path: Path, folder: Path) -> bool:
    return Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder))  # noqa: PTH100
