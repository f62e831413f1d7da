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
    """A call that could not be transcribed: status and reason of the last attempt."""

    call: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class History:
    """The journal's information about a folder; names are encoded by `pipeline.core.atomic_write.sqlite_text`.

    ``exists``: whether the recording of a call still exists. ``superseded``: names whose recording now has its results
    under another name.
    """

    failures: tuple[Failure, ...] = ()
    exists: Mapping[str, bool | None] = field(default_factory=dict)
    superseded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its ``name`` in the folder (``team/call7``) and its analytics as written.

    ``exists``: whether the recording still exists; None if unknown.
    """

    folder: Path
    name: str
    analytics: dict[str, Any]
    exists: bool | None = None

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


def read_calls(folder: Path, history: History = NO_HISTORY) -> Iterator[Call]:
    """The calls of a folder, sorted by name, one at a time.

    Raises `SettingsError` if the folder has no analytics, and `FormatError` for unreadable analytics.
    """
    paths = sorted(path for path in folder.rglob(f"*{SUFFIX}") if path.relative_to(folder).parts[0] != ".crosstalk")
    if not paths:
        raise SettingsError(
            "contains no analytics", where=str(folder), hint="write them with transcribe batch --analytics"
        )
    for path in paths:
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
        name = str(path.relative_to(folder)).removesuffix(SUFFIX)
        if sqlite_text(name) not in history.superseded:
            yield Call(folder, name, analytics, history.exists.get(sqlite_text(name)))
