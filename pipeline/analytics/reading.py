"""The calls of a folder of results: each one's analytics, and its transcript where it was written as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import formats
from pipeline.analytics.writing import SUFFIX, VERSION
from pipeline.errors import FormatError, SettingsError
from pipeline.formats.reading import read_transcript
from pipeline.text import read_text
from pipeline.values import Transcript


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its ``name`` in the folder (``team/call7``) and its analytics as written."""

    folder: Path
    name: str
    analytics: dict[str, Any]

    def transcript(self) -> Transcript | None:
        """The transcript beside the analytics, or None when it was not written as JSON."""
        path = self.folder / f"{self.name}.json"
        return read_transcript(path, "json") if path.is_file() else None

    def link(self) -> str | None:
        """The readable transcript's place in the folder."""
        suffixes = (formats.suffix(name) for name in ("md", "txt", "json"))
        return next((self.name + s for s in suffixes if (self.folder / f"{self.name}{s}").is_file()), None)


def read_calls(folder: Path) -> Iterator[Call]:
    """The calls under a folder, sorted by name, one at a time; raises when there are none or one cannot be read."""
    paths = sorted(folder.rglob(f"*{SUFFIX}"))
    if not paths:
        raise SettingsError("holds no analytics", where=str(folder), hint="make them with transcribe batch --analytics")
    for path in paths:
        try:
            analytics = json.loads(read_text(path).content)
        except ValueError as error:
            raise FormatError(f"cannot be read: {error}", where=str(path)) from error
        if not isinstance(analytics, dict) or analytics.get("version") != VERSION:
            raise FormatError(f"not {VERSION}", where=str(path), hint="make it again with transcribe batch --analytics")
        yield Call(folder, str(path.relative_to(folder)).removesuffix(SUFFIX), analytics)
