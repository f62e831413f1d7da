"""Find recordings in files, folders, patterns and manifests, each with the name of its results.

Everything that is left out (unreadable folders, files with other suffixes, rows of a manifest that cannot be used) is
counted and reported.
"""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.batch.manifest import Rejected, Row, Validate, read_manifest
from pipeline.batch.naming import absolute, distinct_names
from pipeline.core.errors import SettingsError

SUFFIXES = frozenset({
    "3gp", "aac", "ac3", "al", "alaw", "aif", "aifc", "aiff", "amr", "au", "avi", "caf", "flac",
    "flv", "g722", "gsm", "m4a", "m4b", "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "mts",
    "oga", "ogg", "ogv", "opus", "ra", "rm", "sln", "spx", "ts", "ul", "ulaw", "voc", "w64", "wav", "webm", "wma",
    "wmv", "wv",
})  # fmt: skip
"""Suffixes of recordings in a folder. A file given by name or pattern may have any suffix."""
_PATTERN = "*?["
_RECURSIVE = "**"


@dataclass(frozen=True, slots=True)
class Recording:
    """A file to transcribe.

    ``name`` is that of its results, relative and without suffix (``team/call7``). ``settings`` and ``columns`` (further
    columns) come from a manifest.
    """

    path: Path
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a search left out: unreadable folders with the reason, links to folders, files by suffix."""

    unreadable: tuple[str, ...] = ()
    links: int = 0
    files: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.unreadable) + self.links + sum(self.files.values())

    @property
    def line(self) -> str:
        """A one-line summary; "" if nothing was left out."""
        kinds = sorted(self.files.items(), key=lambda item: (-item[1], item[0]))
        shown = ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in kinds[:8])
        more = ", and others" if len(kinds) > 8 else ""
        parts = [f"cannot read {folder}" for folder in self.unreadable]
        parts += [f"links to folders (not followed): {self.links}"] * bool(self.links)
        parts += [f"files with other suffixes: {shown}{more}"] * bool(kinds)
        return f"left out: {'; '.join(parts)}" if parts else ""


def rename_line(path: Path, name: str) -> str:
    """A line about results that are not named like their recording."""
    return f"{path}: its results are named {name}, because the plain name is not unique or too long"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The recordings of a search, each file once.

    ``renamed`` holds the names that differ from the plain one, by path; ``empty`` the places without recordings.
    """

    recordings: tuple[Recording, ...] = ()
    renamed: Mapping[Path, str] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    skipped: Skipped = Skipped()
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look for recordings, and the constraints on their names and settings.

    Files in the output folder ``out`` are left out. ``suffixes`` are those of the results. ``validate`` raises for
    invalid settings of a row. ``names`` holds the names that recordings had before, by absolute path.
    """

    places: tuple[str, ...]
    out: Path
    suffixes: tuple[str, ...] = (".txt", ".json")
    validate: Validate = dict
    names: Mapping[Path, str] = field(default_factory=dict)


def discover(search: Search) -> SearchResult:
    """`find`, but raises `SettingsError` for a place without recordings and for rows that cannot be used."""
    result = find(search)
    for place in result.empty[:1]:
        details = f" ({result.skipped.line})" if result.skipped.count else ""
        raise SettingsError(
            f"no recordings found{details}", where=place, hint="give files, folders, 'patterns' or manifest.csv"
        )
    if result.rejected:
        first, *more = result.rejected
        others = f"; {len(more)} more rows or manifests cannot be used" if more else ""
        raise SettingsError(f"{first.reason}{others}", where=first.where)
    return result


def find(search: Search) -> SearchResult:
    """All recordings outside the output folder, each file once.

    Settings of a manifest apply even if a folder or pattern contains the file too. Rejected are manifests that cannot
    be read and rows that contradict an earlier row about the same file.
    """
    finder = _Finder(search.out, search.validate)
    empty = tuple(place for place in search.places if not finder.add_place(place))
    plain = {path: recording.name for path, recording in finder.recordings.items()}
    names = distinct_names(plain, search.suffixes, search.names)
    recordings = tuple(replace(recording, name=names[path]) for path, recording in finder.recordings.items())
    renamed = {finder.recordings[path].path: name for path, name in names.items() if name != plain[path]}
    skipped = Skipped(tuple(finder.unreadable), finder.links, finder.files)
    return SearchResult(recordings, renamed, tuple(finder.rejected), skipped, empty)


class _Finder:
    """Collects recordings by absolute path, and what was left out."""

    def __init__(self, out: Path, validate: Validate) -> None:
        self._out, self._validate = absolute(out), validate
        self.recordings: dict[Path, Recording] = {}
        self.rejected: list[Rejected] = []
        self.unreadable: dict[str, None] = {}
        self.links = 0
        self.files: Counter[str] = Counter()
        self._count = 0

    def add_place(self, place: str) -> bool:
        """Add the recordings of one place; False if it has neither recordings nor rejected rows."""
        before = self._count + len(self.rejected)
        self._search(place)
        return self._count + len(self.rejected) > before

    def _search(self, place: str) -> None:
        path = Path(place)
        if os.path.isdir(path):  # noqa: PTH112 — never raises
            self._add_all(self._walk(path))
        elif path.suffix.lower() == ".csv" and os.path.isfile(path):  # noqa: PTH113
            self._add_manifest(path)
        elif os.path.exists(path) or not any(c in place for c in _PATTERN):  # noqa: PTH110
            self._add(Recording(path, path.stem), place)
        else:
            self._add_all(self._matches(place, Path(*_literal(path.parts))))

    def _add_manifest(self, manifest: Path) -> None:
        """Add the rows of a manifest; none of them if it cannot be read to the end."""
        try:
            rows = list(read_manifest(manifest, self._validate))
        except SettingsError as error:
            reason = f"{error.what}; {error.hint}" if error.hint else error.what
            self.rejected.append(Rejected(error.where, reason))
            return
        for row in rows:
            if isinstance(row, Row):
                name = _name(row.path, manifest.parent)
                self._add(Recording(row.path, name, row.settings, row.columns), row.where)
            else:
                self.rejected.append(row)

    def _add_all(self, recordings: Iterable[Recording]) -> None:
        for recording in recordings:
            self._add(recording, "")

    def _add(self, recording: Recording, where: str) -> None:
        """Add a file. For one that was added before, the settings of either apply."""
        path = absolute(recording.path)
        if path.is_relative_to(self._out):
            return
        self._count += 1
        first = self.recordings.setdefault(path, recording)
        if not (recording.settings or recording.columns):
            return
        if not (first.settings or first.columns):
            self.recordings[path] = replace(first, settings=recording.settings, columns=recording.columns)
        elif (first.settings, first.columns) != (recording.settings, recording.columns):
            self.rejected.append(Rejected(where, f"another row has different settings or columns for {recording.path}"))

    def _walk(self, folder: Path) -> Iterator[Recording]:
        """All recordings under a folder, sorted, without hidden ones; links to folders are not followed."""
        for root, folders, files in os.walk(folder, onerror=self._add_unreadable):
            folders[:] = sorted(name for name in folders if self._is_searched(Path(root) / name))
            for name in sorted(name for name in files if not name.startswith(".")):
                path = Path(root) / name
                if path.suffix[1:].lower() in SUFFIXES:
                    yield Recording(path, _name(path, folder))
                else:
                    self.files[path.suffix.lower()] += 1

    def _is_searched(self, folder: Path) -> bool:
        """Whether to enter a folder; counts links, which might form cycles."""
        if folder.name.startswith(".") or absolute(folder) == self._out:
            return False
        if folder.is_symlink():
            self.links += 1
        return not folder.is_symlink()

    def _matches(self, pattern: str, base: Path) -> Iterator[Recording]:
        """The files that match. `glob` ignores unreadable folders, so these are collected here."""
        if _RECURSIVE in pattern:
            for _ in os.walk(base, onerror=self._add_unreadable):
                pass
        for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 — patterns may be absolute
            if not Path(match).is_dir():
                yield Recording(Path(match), _name(Path(match), base))

    def _add_unreadable(self, error: OSError) -> None:
        self.unreadable[f"{error.filename} ({error.strerror})"] = None


def _name(path: Path, base: Path) -> str:
    """The path relative to ``base`` without suffix; only the file's name if it is not under ``base``."""
    relative = path.relative_to(base) if path.is_relative_to(base) else Path(path.name)
    plain = relative if ".." not in relative.parts else Path(path.name)
    return str(plain.with_name(path.stem))


def _literal(parts: Sequence[str]) -> tuple[str, ...]:
    """The folders of a pattern before its first wildcard."""
    first = next((i for i, part in enumerate(parts) if any(c in part for c in _PATTERN)), len(parts))
    return tuple(parts[:first])
