"""Files, folders, patterns and manifests become recordings, each with its place in the output folder.

What is left out on the way (folders that cannot be read, files that are not taken for recordings, rows of a manifest
that cannot be used) is counted and reported: nothing is lost silently.
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
"""What is taken for a recording inside a folder; a file given by name or pattern is taken whatever it is called."""
_PATTERN = "*?["
_RECURSIVE = "**"


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, the place of its results (``team/call7``: relative, no suffix), its own settings, further columns."""

    path: Path
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a search left out: folders that cannot be read (with the reason), links to folders, files by suffix."""

    unreadable: tuple[str, ...] = ()
    links: int = 0
    files: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.unreadable) + self.links + sum(self.files.values())

    @property
    def line(self) -> str:
        """All of it in one line; "" for nothing."""
        kinds = sorted(self.files.items(), key=lambda item: (-item[1], item[0]))
        shown = ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in kinds[:8])
        more = ", and others" if len(kinds) > 8 else ""
        parts = [f"cannot read {folder}" for folder in self.unreadable]
        parts += [f"links to folders, not followed: {self.links}"] * bool(self.links)
        parts += [f"files not taken for recordings by their suffix: {shown}{more}"] * bool(kinds)
        return f"left out: {'; '.join(parts)}" if parts else ""


def renaming(path: Path, name: str) -> str:
    """A line about results that are not named like their recording."""
    return f"{path}: its results are named {name}: the plain name is another's too, or too long"


@dataclass(frozen=True, slots=True)
class Found:
    """The recordings of some places, each file once; ``renamed`` got another name than the plain one (by path).

    ``empty`` are the places that hold none.
    """

    recordings: tuple[Recording, ...] = ()
    renamed: Mapping[Path, str] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    skipped: Skipped = Skipped()
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """Where recordings are looked for, and what their names and settings must fit.

    Nothing in the output folder ``out`` is taken. ``suffixes`` are those of the results; ``validate`` raises for
    settings of a row that are none; ``known`` holds the names that recordings (by absolute path) had before.
    """

    places: tuple[str, ...]
    out: Path
    suffixes: tuple[str, ...] = (".txt", ".json")
    validate: Validate = dict
    known: Mapping[Path, str] = field(default_factory=dict)


def discover(search: Search) -> Found:
    """What is found; raises `SettingsError` for a place without recordings and for rows that cannot be used."""
    found = find(search)
    for place in found.empty[:1]:
        what = f"holds no recordings ({found.skipped.line})" if found.skipped.count else "holds no recordings"
        raise SettingsError(what, where=place, hint="give files, folders, 'patterns' or manifest.csv")
    if found.rejected:
        first, *more = found.rejected
        others = f"; {len(more)} more rows or manifests cannot be used" if more else ""
        raise SettingsError(f"{first.reason}{others}", where=first.where)
    return found


def find(search: Search) -> Found:
    """The recordings there are, each file once; none of those that lie in the output folder.

    What a manifest says of a file holds, also where a folder or pattern gave the file too. A manifest that cannot be
    read is rejected, and so is a second row that says something else of the same file.
    """
    finder = _Finder(search.out, search.validate)
    empty = tuple(place for place in search.places if not finder.look(place))
    plain = {path: recording.name for path, recording in finder.found.items()}
    names = distinct_names(plain, search.suffixes, search.known)
    recordings = tuple(replace(recording, name=names[path]) for path, recording in finder.found.items())
    renamed = {finder.found[path].path: name for path, name in names.items() if name != plain[path]}
    skipped = Skipped(tuple(finder.unreadable), finder.links, finder.files)
    return Found(recordings, renamed, tuple(finder.rejected), skipped, empty)


class _Finder:
    """Goes through places, and keeps what was found (by absolute path) and what was left out."""

    def __init__(self, out: Path, validate: Validate) -> None:
        self._out, self._validate = absolute(out), validate
        self.found: dict[Path, Recording] = {}
        self.rejected: list[Rejected] = []
        self.unreadable: dict[str, None] = {}
        self.links = 0
        self.files: Counter[str] = Counter()
        self._given = 0

    def look(self, place: str) -> bool:
        """Add the recordings of one place; whether it holds any, or rows that cannot be used."""
        before = self._given + len(self.rejected)
        self._look(place)
        return self._given + len(self.rejected) > before

    def _look(self, place: str) -> None:
        path = Path(place)
        if os.path.isdir(path):  # noqa: PTH112 — never raises
            self._add_all(self._walk(path))
        elif path.suffix.lower() == ".csv" and os.path.isfile(path):  # noqa: PTH113
            self._look_into(path)
        elif os.path.exists(path) or not any(c in place for c in _PATTERN):  # noqa: PTH110
            self._add(Recording(path, path.stem), place)
        else:
            self._add_all(self._matches(place, Path(*_fixed(path.parts))))

    def _look_into(self, manifest: Path) -> None:
        """Add the rows of a manifest, all or none when it is cut short."""
        try:
            rows = list(read_manifest(manifest, self._validate))
        except SettingsError as error:
            what = f"{error.what}; {error.hint}" if error.hint else error.what
            self.rejected.append(Rejected(error.where, what))
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
        """Take a file; of one that was given before, what one of the two says holds."""
        path = absolute(recording.path)
        if path.is_relative_to(self._out):
            return
        self._given += 1
        first = self.found.setdefault(path, recording)
        if not (recording.settings or recording.columns):
            return
        if not (first.settings or first.columns):
            self.found[path] = replace(first, settings=recording.settings, columns=recording.columns)
        elif (first.settings, first.columns) != (recording.settings, recording.columns):
            self.rejected.append(Rejected(where, f"another row says different things of {recording.path}"))

    def _walk(self, folder: Path) -> Iterator[Recording]:
        """All recordings under a folder, sorted; hidden files and folders left out, links to folders not followed."""
        for root, folders, files in os.walk(folder, onerror=self._note):
            folders[:] = sorted(name for name in folders if self._is_searched(Path(root) / name))
            for name in sorted(name for name in files if not name.startswith(".")):
                path = Path(root) / name
                if path.suffix[1:].lower() in SUFFIXES:
                    yield Recording(path, _name(path, folder))
                else:
                    self.files[path.suffix.lower()] += 1

    def _is_searched(self, folder: Path) -> bool:
        """Whether a folder is gone into; counts the links, which may lead round in circles."""
        if folder.name.startswith(".") or absolute(folder) == self._out:
            return False
        if folder.is_symlink():
            self.links += 1
        return not folder.is_symlink()

    def _matches(self, pattern: str, base: Path) -> Iterator[Recording]:
        """The files that match; `glob` leaves out without a word what it cannot read, so that is looked for here."""
        if _RECURSIVE in pattern:
            for _ in os.walk(base, onerror=self._note):
                pass
        for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 — patterns may be absolute
            if not Path(match).is_dir():
                yield Recording(Path(match), _name(Path(match), base))

    def _note(self, error: OSError) -> None:
        self.unreadable[f"{error.filename} ({error.strerror})"] = None


def _name(path: Path, base: Path) -> str:
    """The place under ``base`` without suffix; of a file that lies elsewhere only its own name."""
    relative = path.relative_to(base) if path.is_relative_to(base) else Path(path.name)
    plain = relative if ".." not in relative.parts else Path(path.name)
    return str(plain.with_name(path.stem))


def _fixed(parts: Sequence[str]) -> tuple[str, ...]:
    """The folders of a pattern before its first wildcard."""
    wild = next((i for i, part in enumerate(parts) if any(c in part for c in _PATTERN)), len(parts))
    return tuple(parts[:wild])
