"""Files, folders, patterns and manifests become recordings, each with its place in the output folder."""

from __future__ import annotations

import csv
import glob
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError
from pipeline.text import read_settings

SUFFIXES = frozenset({
    "3gp", "aac", "ac3", "al", "alaw", "aif", "aifc", "aiff", "amr", "au", "avi", "caf", "flac",
    "flv", "g722", "gsm", "m4a", "m4b", "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "mts",
    "oga", "ogg", "ogv", "opus", "ra", "rm", "sln", "spx", "ts", "ul", "ulaw", "voc", "w64", "wav", "webm", "wma",
    "wmv", "wv",
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
    """The recordings there are, each file once; none of those that lie in the output folder.

    What a manifest says of a file holds, also where a folder or pattern gave the file too; manifests that say different
    things of one file are a `SettingsError`.
    """
    found: dict[Path, Recording] = {}
    for place in places:
        for recording in _expanded(place):
            path = Path(os.path.abspath(recording.path))  # noqa: PTH100 — links stay
            if not _is_within(path, out):
                found[path] = _agreed(found.get(path, recording), recording, place)
    return tuple(found.values())


def _agreed(first: Recording, second: Recording, place: str) -> Recording:
    """One file given twice: what is said of it by one of the two, or by both alike."""
    if not (second.settings or second.columns):
        return first
    if (first.settings or first.columns) and (first.settings, first.columns) != (second.settings, second.columns):
        raise SettingsError(f"different things are said of {second.path}", where=place)
    return replace(first, settings=second.settings, columns=second.columns)


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
    text = read_settings(path)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        heads = [head.strip() for head in next(rows, [])]
        _check_heads(heads, path)
        for row in rows:
            if any(field.strip() for field in row):  # spreadsheets leave lines of commas
                yield _from_row(heads, row, path, f"{path}, line {rows.line_num}")
    except csv.Error as error:
        raise SettingsError(f"not CSV: {error}", where=f"{path}, line {rows.line_num}") from error


def _delimiter(text: str) -> str:
    """A comma, or what spreadsheets put in its place where the comma is the decimal point."""
    head = text.partition("\n")[0]
    return next((mark for mark in (",", ";", "\t") if mark in head), ",")


def _check_heads(heads: Sequence[str], path: Path) -> None:
    if "path" not in heads:
        raise SettingsError("a manifest needs a column 'path'", where=str(path))
    twice = next((head for head in heads if head and heads.count(head) > 1), None)
    if twice is not None:
        raise SettingsError(f"a manifest has the column {twice!r} twice", where=str(path))


def _from_row(heads: Sequence[str], fields: Sequence[str], manifest: Path, where: str) -> Recording:
    row = dict(zip(heads, fields, strict=False))
    if len(fields) != len(heads) or not row["path"] or row.get(""):
        raise SettingsError("the line has another number of fields than the first, or no path", where=where)
    settings: dict[str, Any] = {dotted: row[n].strip() for n, dotted in COLUMNS.items() if row.get(n, "").strip()}
    if "diarization.speakers" in settings:
        if not settings["diarization.speakers"].isdecimal():
            raise SettingsError(f"speakers must be a whole number, not {row['speakers']!r}", where=where)
        settings["diarization.speakers"] = int(settings["diarization.speakers"])
    source = manifest.parent / row["path"]
    columns = {name: value for name, value in row.items() if name and name not in COLUMNS and name != "path"}
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
