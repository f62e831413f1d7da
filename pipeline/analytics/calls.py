"""The calls of a folder of results: the analytics of each, and its transcript if it was written as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import formats
from pipeline.analytics.analytics_file import SUFFIX, VERSION, with_current_keys
from pipeline.core.atomic_write import sqlite_text
from pipeline.core.errors import FormatError, SettingsError
from pipeline.core.text import read_text
from pipeline.core.types import Transcript
from pipeline.formats.reading import read_transcript
from pipeline.minutes.documents.json_ import read_minutes
from pipeline.minutes.types import Minutes


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that could not be transcribed: status and reason of the last attempt, and its recording."""

    call: str
    status: str
    reason: str
    path: str = ""
    exists: bool | None = None
    """Whether the recording exists; None if unknown."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """What the search of the last run left out: a file, a folder or a line of a manifest, with the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class History:
    """The journal's information about a folder; names are encoded by `pipeline.core.atomic_write.sqlite_text`.

    ``exists``: whether the recording of a call still exists. ``superseded``: names whose recording now has its results
    under another name. ``digests``: SHA-256 of recordings. ``skipped``: what was left out.
    """

    failures: tuple[Failure, ...] = ()
    exists: Mapping[str, bool | None] = field(default_factory=dict)
    superseded: frozenset[str] = frozenset()
    digests: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its ``name`` in the folder (``team/call7``) and its analytics as written.

    ``exists``: whether the recording still exists; None if unknown. ``sha256``: hash of the recording.
    ``duplicate_of``: name of the first call whose recording has the same content.
    """

    folder: Path
    name: str
    analytics: dict[str, Any]
    exists: bool | None = None
    sha256: str | None = None
    duplicate_of: str | None = None

    @property
    def path(self) -> Path:
        """The file of the analytics."""
        return self.folder / f"{self.name}{SUFFIX}"

    @property
    def is_old(self) -> bool:
        """Whether the file has the format of an earlier version, which the next version will refuse."""
        return bool(self.analytics["version"] != VERSION)

    def transcript(self) -> Transcript | None:
        """The transcript of the call; None if it was not written as JSON."""
        path = self.folder / f"{self.name}.json"
        return read_transcript(path, "json") if path.is_file() else None

    def minutes(self) -> Minutes | None:
        """The minutes of the call; None if they were not written as JSON. Raises `FormatError` for a damaged file."""
        path = self.folder / f"{self.name}{formats.suffix('minutes-json')}"
        return read_minutes(path) if path.is_file() else None

    def link(self) -> str | None:
        """Path of the most readable transcript, relative to the folder; None without transcripts."""
        suffixes = (formats.suffix(name) for name in ("md", "txt", "json"))
        return next((self.name + s for s in suffixes if (self.folder / f"{self.name}{s}").is_file()), None)


NO_HISTORY = History()
"""The history of a folder without a journal."""


def read_calls(folder: Path, history: History = NO_HISTORY, *, keep_removed: bool = True) -> Iterator[Call]:
    """The calls of a folder, sorted by name, one at a time; without ``keep_removed`` only those with a recording.

    A call whose recording may still exist stays. Raises `SettingsError` if no call is left, and `FormatError` for
    unreadable analytics.
    """
    names = _names(folder, history)
    present = names if keep_removed else [name for name in names if _exists(name, history) is not False]
    if not present:
        hint = "keep them with --keep-removed" if names else "write them with transcribe batch --analytics"
        what = "contains no call whose recording exists" if names else "contains no analytics"
        raise SettingsError(what, where=str(folder), hint=hint)
    first: dict[str, str] = {}
    for name in present:
        analytics = _read(folder / f"{name}{SUFFIX}")
        sha256 = analytics["sha256"] or history.digests.get(sqlite_text(name))
        owner = first.setdefault(sha256, name) if sha256 else name
        yield Call(folder, name, analytics, _exists(name, history), sha256, None if owner == name else owner)


def removed(folder: Path, history: History) -> tuple[str, ...]:
    """The names of calls whose recordings were removed since."""
    return tuple(name for name in _names(folder, history) if _exists(name, history) is False)


def _names(folder: Path, history: History) -> list[str]:
    paths = sorted(folder.rglob(f"*{SUFFIX}"))
    names = (path.relative_to(folder) for path in paths)
    current = (str(name).removesuffix(SUFFIX) for name in names if name.parts[0] != ".crosstalk")
    return [name for name in current if sqlite_text(name) not in history.superseded]


def _exists(name: str, history: History) -> bool | None:
    return history.exists.get(sqlite_text(name))


def _read(path: Path) -> dict[str, Any]:
    try:
        analytics = with_current_keys(json.loads(read_text(path).content))
    except (ValueError, KeyError, AttributeError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(path)) from error
    if analytics is None:
        raise FormatError(
            f"does not have the format {VERSION}",
            where=str(path),
            hint="write it again with transcribe batch --analytics",
        )
    return analytics
