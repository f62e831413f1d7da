"""A manifest: a CSV with a row for each recording, its settings and whatever else is to be carried to the tables."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.core.errors import CrosstalkError, SettingsError
from pipeline.core.text import read_settings

COLUMNS: Mapping[str, str] = {
    "speakers": "diarization.speakers",
    "language": "recognition.language",
    "channels": "diarization.channels",
    "roles": "diarization.roles",
    "track": "input.track",
}
"""The columns of a manifest that are settings."""
_NUMBERS = {"diarization.speakers", "input.track"}
Validate = Callable[[Mapping[str, Any]], object]
"""Raises a `CrosstalkError` for settings that a recording cannot have."""


@dataclass(frozen=True, slots=True)
class Row:
    """A recording of a manifest, ``where`` it is listed, its settings and the further columns."""

    path: Path
    where: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row or a whole manifest that cannot be used: where it is, and why."""

    where: str
    reason: str

    @property
    def line(self) -> str:
        return f"{self.where}: {self.reason}"


def read_manifest(path: Path, validate: Validate) -> Iterator[Row | Rejected]:
    """The rows of a CSV with a column ``path``, relative to the manifest; other columns: see `COLUMNS`.

    A row that cannot be used is `Rejected`, the others are read. Raises `SettingsError` when the file is no manifest.
    """
    text = read_settings(path)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        heads = [head.strip() for head in next(rows, [])]
        _check_heads(heads, path)
        for fields in rows:
            if any(field.strip() for field in fields):  # spreadsheets leave lines of commas
                yield _row_or_reason(heads, fields, path, f"{path}, line {rows.line_num}", validate)
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


def _row_or_reason(
    heads: Sequence[str], fields: Sequence[str], manifest: Path, where: str, validate: Validate
) -> Row | Rejected:
    try:
        row = _read_row(heads, fields, manifest, where)
        validate(row.settings)
    except CrosstalkError as error:
        return Rejected(where, f"{error.what}; {error.hint}" if error.hint else error.what)
    return row


def _read_row(heads: Sequence[str], fields: Sequence[str], manifest: Path, where: str) -> Row:
    row = dict(zip(heads, fields, strict=False))
    if len(fields) != len(heads) or not row["path"].strip() or row.get(""):
        raise SettingsError("the line has another number of fields than the first, or no path")
    if "\0" in row["path"]:
        raise SettingsError("the path holds a null byte")
    settings: dict[str, Any] = {dotted: row[n].strip() for n, dotted in COLUMNS.items() if row.get(n, "").strip()}
    for dotted in settings.keys() & _NUMBERS:
        if not settings[dotted].isdecimal():
            raise SettingsError(f"{dotted} must be a whole number, not {settings[dotted]!r}")
        settings[dotted] = int(settings[dotted])
    columns = {name: value for name, value in row.items() if name and name not in COLUMNS and name != "path"}
    return Row(_place(row["path"], manifest.parent), where, settings, columns)


def _place(text: str, folder: Path) -> Path:
    """The file that a cell names; spaces around the name belong to it only where there is such a file."""
    given = folder / text
    return given if text == text.strip() or os.path.exists(given) else folder / text.strip()  # noqa: PTH110 — never raises
