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
from typing import Any, Literal

from pipeline.batch.manifest import Rejected, Row, Validate, read_manifest
from pipeline.batch.name_pattern import OPTION, FromName, NamePattern
from pipeline.batch.naming import absolute, distinct_names
from pipeline.core.errors import CrosstalkError, SettingsError
from pipeline.core.text import counted

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
class LeftOut:
    """A file, a folder, or a line of a manifest (``rejected``) that a search of ``place`` left out, with the reason."""

    path: str
    kind: Literal["unreadable", "link", "suffix", "hidden", "rejected"]
    reason: str
    place: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a search left out."""

    items: tuple[LeftOut, ...] = ()

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Folders that cannot be read, with the reason."""
        return tuple(f"{item.path} ({item.reason})" for item in self._of("unreadable"))

    @property
    def files(self) -> Mapping[str, int]:
        """Number of files with other suffixes, by suffix."""
        return Counter(Path(item.path).suffix.lower() for item in self._of("suffix"))

    @property
    def count(self) -> int:
        return sum(item.kind != "rejected" for item in self.items)

    @property
    def line(self) -> str:
        """A one-line summary; "" if nothing was left out."""
        kinds = sorted(self.files.items(), key=lambda item: (-item[1], item[0]))
        shown = ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in kinds[:8])
        more = ", and others" if len(kinds) > 8 else ""
        parts = [f"cannot read {folder}" for folder in self.unreadable]
        links, hidden = len(self._of("link")), len(self._of("hidden"))
        parts += [f"links to folders (not followed): {links}"] * bool(links)
        parts += [f"hidden files: {hidden}"] * bool(hidden)
        parts += [f"files with other suffixes: {shown}{more}"] * bool(kinds)
        return f"left out: {'; '.join(parts)}" if parts else ""

    def _of(self, kind: str) -> list[LeftOut]:
        return [item for item in self.items if item.kind == kind]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """The names of recordings that a name pattern does not match: how many, and the first with the reason."""

    count: int = 0
    first: Path = Path()
    reason: str = ""


def rename_line(path: Path, name: str) -> str:
    """A line about results that are not named like their recording."""
    return f"{path}: its results are named {name}, because the plain name is not unique or too long"


def unmatched_line(unmatched: Unmatched) -> str:
    """A line about names that a name pattern does not match."""
    reason = f" ({unmatched.reason})" if unmatched.reason else ""
    names = counted(unmatched.count, "recording")
    return f"{names} without columns of {OPTION}, which the name does not match; the first: {unmatched.first}{reason}"


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
    unmatched: Unmatched = Unmatched()


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look for recordings, and the constraints on their names and settings.

    Files in the output folder ``out`` are left out. ``suffixes`` are those of the results. ``validate`` raises for
    invalid settings of a row. ``names`` holds the names that recordings had before, by absolute path. ``pattern`` gives
    columns and settings to recordings by their names.
    """

    places: tuple[str, ...]
    out: Path
    suffixes: tuple[str, ...] = (".txt", ".json")
    validate: Validate = dict
    names: Mapping[Path, str] = field(default_factory=dict)
    pattern: NamePattern | None = None


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

    Settings of a manifest apply even if a folder or pattern contains the file too, and before those of a name. Rejected
    are manifests that cannot be read and rows that contradict an earlier row about the same file.
    """
    finder = _Finder(search.out, search.validate, search.pattern)
    empty = tuple(place for place in search.places if not finder.add_place(place))
    unmatched = finder.read_names(search.pattern) if search.pattern else Unmatched()
    plain = {path: recording.name for path, recording in finder.recordings.items()}
    names = distinct_names(plain, search.suffixes, search.names)
    recordings = tuple(replace(recording, name=names[path]) for path, recording in finder.recordings.items())
    renamed = {finder.recordings[path].path: name for path, name in names.items() if name != plain[path]}
    skipped = Skipped(tuple(finder.left_out.values()))
    return SearchResult(recordings, renamed, tuple(finder.rejected), skipped, empty, unmatched)


class _Finder:
    """Collects recordings by absolute path, and what was left out."""

    def __init__(self, out: Path, validate: Validate, pattern: NamePattern | None = None) -> None:
        self._out, self._validate = absolute(out), validate
        self.recordings: dict[Path, Recording] = {}
        self.rejected: list[Rejected] = []
        self.left_out: dict[str, LeftOut] = {}
        self._place = ""
        self._columns = {name.casefold(): (name, OPTION) for name in (pattern.fields if pattern else ())}
        self._count = 0

    def add_place(self, place: str) -> bool:
        """Add the recordings of one place; False if it has neither recordings nor rejected rows."""
        before = self._count + len(self.rejected)
        self._place = place
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
            self._reject(error.where, reason)
            return
        for row in rows:
            if isinstance(row, Row):
                name = _name(row.path, manifest.parent)
                self._add(Recording(row.path, name, row.settings, row.columns), row.where)
            else:
                self._reject(row.where, row.reason)

    def _add_all(self, recordings: Iterable[Recording]) -> None:
        for recording in recordings:
            self._add(recording, "")

    def _add(self, recording: Recording, where: str) -> None:
        """Add a file. For one that was added before, the settings of either apply."""
        path = absolute(recording.path)
        if path.is_relative_to(self._out):
            return
        self._count += 1
        if clash := self._clash(recording, where):
            self._reject(where, clash)
            return
        first = self.recordings.setdefault(path, recording)
        if not (recording.settings or recording.columns):
            return
        if not (first.settings or first.columns):
            self.recordings[path] = replace(first, settings=recording.settings, columns=recording.columns)
        elif (first.settings, first.columns) != (recording.settings, recording.columns):
            self._reject(where, f"another row has different settings or columns for {recording.path}")

    def _clash(self, recording: Recording, where: str) -> str:
        """Why the columns of a row cannot be in one table with those before; "" if they can."""
        for name in recording.columns:
            other, place = self._columns.setdefault(name.casefold(), (name, where))
            if other != name:
                return f"the column {name!r} clashes with the column {other!r} of {place}; rename it"
        return ""

    def _reject(self, where: str, reason: str) -> None:
        self.rejected.append(Rejected(where, reason))
        self.left_out[where] = LeftOut(where, "rejected", reason, self._place)

    def _leave_out(self, path: Path, kind: Literal["unreadable", "link", "suffix", "hidden"], reason: str) -> None:
        self.left_out.setdefault(str(absolute(path)), LeftOut(str(path), kind, reason, self._place))

    def read_names(self, pattern: NamePattern) -> Unmatched:
        """Give every recording what its name says, below what a manifest does; the names that do not match."""
        unmatched: list[tuple[Path, str]] = []
        for path, recording in self.recordings.items():
            values, reason = self._from_name(pattern, path)
            if values is None:
                if not (recording.settings or recording.columns):
                    unmatched.append((recording.path, reason))
                continue
            given = {name: value for name, value in recording.columns.items() if value or name not in values.columns}
            settings = {**values.settings, **recording.settings}
            self.recordings[path] = replace(recording, settings=settings, columns={**values.columns, **given})
        return Unmatched(len(unmatched), *unmatched[0]) if unmatched else Unmatched()

    def _from_name(self, pattern: NamePattern, path: Path) -> tuple[FromName | None, str]:
        """What a name says, or None and why it cannot be used."""
        try:
            values = pattern.read(path)
            if values is not None and values.settings:
                self._validate(values.settings)
        except CrosstalkError as error:
            return None, error.what
        return values, ""

    def _walk(self, folder: Path) -> Iterator[Recording]:
        """All recordings under a folder, sorted, without hidden ones; links to folders are not followed."""
        for root, folders, files in os.walk(folder, onerror=self._add_unreadable):
            folders[:] = sorted(name for name in folders if self._is_searched(Path(root) / name))
            for name in sorted(files):
                path = Path(root) / name
                suffix = path.suffix[1:].lower()
                if name.startswith("."):
                    if suffix in SUFFIXES:
                        self._leave_out(path, "hidden", "a hidden file")
                elif suffix in SUFFIXES:
                    yield Recording(path, _name(path, folder))
                else:
                    self._leave_out(path, "suffix", "not the suffix of a recording")

    def _is_searched(self, folder: Path) -> bool:
        """Whether to enter a folder; counts links, which might form cycles."""
        if folder.name.startswith(".") or absolute(folder) == self._out:
            return False
        if folder.is_symlink():
            self._leave_out(folder, "link", "a link to a folder, which is not followed")
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
        self._leave_out(Path(error.filename), "unreadable", error.strerror or str(error))


def _name(path: Path, base: Path) -> str:
    """The path relative to ``base`` without suffix; only the file's name if it is not under ``base``."""
    relative = path.relative_to(base) if path.is_relative_to(base) else Path(path.name)
    plain = relative if ".." not in relative.parts else Path(path.name)
    return str(plain.with_name(path.stem))


def _literal(parts: Sequence[str]) -> tuple[str, ...]:
    """The folders of a pattern before its first wildcard."""
    first = next((i for i, part in enumerate(parts) if any(c in part for c in _PATTERN)), len(parts))
    return tuple(parts[:first])
