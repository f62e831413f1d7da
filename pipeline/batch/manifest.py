"""A manifest: a CSV file with one row per recording, its settings, and further columns for the tables."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.analytics.tables.schema import clash
from pipeline.core.errors import CrosstalkError, SettingsError
from pipeline.core.text import counted, read_settings

COLUMNS: Mapping[str, str] = {
    "speakers": "diarization.speakers",
    "language": "recognition.language",
    "channels": "diarization.channels",
    "roles": "diarization.roles",
    "track": "input.track",
}
"""Columns of a manifest that are settings, with the setting's name."""
_NUMBERS = {"diarization.speakers", "input.track"}
Validate = Callable[[Mapping[str, Any]], object]
"""Raises a `CrosstalkError` for invalid settings."""


@dataclass(frozen=True, slots=True)
class Row:
    """One recording of a manifest; ``where`` names file and line, ``columns`` are those that are not settings."""

    path: Path
    where: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row, or a whole manifest, that cannot be used, with its place and the reason."""

    where: str
    reason: str

    @property
    def line(self) -> str:
        return f"{self.where}: {self.reason}"


def read_manifest(path: Path, validate: Validate) -> Iterator[Row | Rejected]:
    """The rows of a CSV file with a column ``path``, relative to the manifest; for settings see `COLUMNS`.

    A row that cannot be used gives `Rejected`. Raises `SettingsError` when the file is not a manifest.
    """
    text = read_settings(path)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        _check_header(header, path)
        for fields in rows:
            if any(field.strip() for field in fields):  # spreadsheets write lines of commas
                yield _row_or_rejected(header, fields, path, f"{path}, line {rows.line_num}", validate)
    except csv.Error as error:
        raise SettingsError(f"not a valid CSV file: {error}", where=f"{path}, line {rows.line_num}") from error


def _delimiter(text: str) -> str:
    """The delimiter with which the first line has a column ``path``, else the one that it has.

    Spreadsheets use semicolon or tab where the comma is the decimal point.
    """
    header = text.partition("\n")[0]
    marks = [mark for mark in (",", ";", "\t") if mark in header]
    return next((mark for mark in marks if "path" in _names(header, mark)), marks[0] if marks else ",")


def _names(header: str, mark: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([header], delimiter=mark), [])]


def _check_header(header: Sequence[str], path: Path) -> None:
    if "path" not in header:
        other = next((name for name in header if name.casefold() == "path"), None)
        hint = f"write {other!r} in lower case" if other else f"the first line has {', '.join(map(repr, header[:8]))}"
        raise SettingsError("a manifest needs a column 'path'", where=str(path), hint=hint if header else "")
    duplicate = next((name for name, count in Counter(header).items() if name and count > 1), None)
    if duplicate is not None:
        raise SettingsError(f"the manifest has the column {duplicate!r} twice", where=str(path))
    check_columns([name for name in header if name and name != "path"], str(path))


def check_columns(names: Iterable[str], where: str) -> None:
    """Refuse, with both names, columns that the tables cannot hold: see `clash`."""
    first: dict[str, str] = {name: name for name in ("path", *COLUMNS)}
    for name in names:
        other = clash(name, first.setdefault(name.casefold(), name)) if name not in COLUMNS else None
        if other is not None or name == "path":
            kind = "setting" if other in COLUMNS else "column of the tables" if other == name else "column"
            raise SettingsError(
                f"the column {name!r} clashes with the {kind} {other or name!r}", where=where, hint="rename it"
            )


def _row_or_rejected(
    header: Sequence[str], fields: Sequence[str], manifest: Path, where: str, validate: Validate
) -> Row | Rejected:
    try:
        row = _read_row(header, fields, manifest, where)
        validate(row.settings)
    except CrosstalkError as error:
        return Rejected(where, f"{error.what}; {error.hint}" if error.hint else error.what)
    return row


def _read_row(header: Sequence[str], fields: Sequence[str], manifest: Path, where: str) -> Row:
    row = dict(zip(header, fields, strict=False))
    if len(fields) != len(header):
        raise SettingsError(f"the line has {counted(len(fields), 'field')}, and the first line {len(header)}")
    if row.get(""):
        raise SettingsError("a field is in a column without a name")
    if not row["path"].strip():
        raise SettingsError("the path is missing")
    if "\0" in row["path"]:
        raise SettingsError("the path contains a null byte")
    path = _resolve(row["path"], manifest.parent)
    del row["path"]
    settings, columns = settings_and_columns({name: value for name, value in row.items() if name})
    return Row(path, where, settings, columns)


def settings_and_columns(values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings among the values (`COLUMNS`), and the others; an empty value sets nothing."""
    settings: dict[str, Any] = {
        key: values[name].strip() for name, key in COLUMNS.items() if values.get(name, "").strip()
    }
    for name, key in COLUMNS.items():
        if key not in settings or key not in _NUMBERS:
            continue
        if not settings[key].isdecimal():
            raise SettingsError(f"{name} must be a whole number, not {settings[key]!r}")
        settings[key] = int(settings[key])
    return settings, {name: value for name, value in values.items() if name not in COLUMNS}


def _resolve(text: str, folder: Path) -> Path:
    """The file of a cell; surrounding spaces are part of the name only if such a file exists."""
    literal = folder / text
    return literal if text == text.strip() or os.path.exists(literal) else folder / text.strip()  # noqa: PTH110 — never raises
