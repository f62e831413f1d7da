"""Columns and settings from the names of recordings: ``{date}_{agent}_{id}.wav``.

A pattern is compared with the end of a recording's path, part by part. A field takes one or more characters; it cannot
hold a text that separates two fields of its part, so that a name matches in one way or not at all: ``ana_maria_7`` has
one underscore too many for ``{agent}_{id}``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.batch.manifest import check_columns, settings_and_columns
from pipeline.core.errors import SettingsError

OPTION = "--name-pattern"
"""Where a pattern stands, for errors."""
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
"""A doubled brace, a field, a single brace, or plain text."""
_HINT = "for example {date}_{agent}_{id}.wav; write {{ and }} for braces"


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A pattern: its text, the parts of the path, all fields in order, and whether the suffix is in the last part."""

    text: str
    parts: tuple[_Part, ...]
    fields: tuple[str, ...]
    has_suffix: bool

    def read(self, path: Path) -> FromName | None:
        """The values in the name of a recording; None if it does not match. Raises `SettingsError` for a bad value."""
        parts = [*path.parts[:-1], path.name if self.has_suffix else path.stem][-len(self.parts) :]
        if len(parts) < len(self.parts):
            return None
        values: dict[str, str] = {}
        for part, name in zip(self.parts, parts, strict=True):
            match = part.match(unicodedata.normalize("NFC", name))
            if match is None:
                return None
            values |= {self.fields[int(group[1:])]: value for group, value in match.items()}
        return FromName(*settings_and_columns(values))


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a path: its expression, and how often each text that separates fields stands in its plain texts."""

    expression: re.Pattern[str]
    separators: Mapping[str, int]

    def match(self, name: str) -> dict[str, str] | None:
        """The values of the groups; None if the name does not match, or in more than one way."""
        if any(_occurrences(separator, name) != count for separator, count in self.separators.items()):
            return None
        match = self.expression.fullmatch(name)
        return None if match is None else match.groupdict()


@dataclass(frozen=True, slots=True)
class FromName:
    """What the name of a recording says: settings, and further columns."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


def parse(text: str, suffixes: frozenset[str]) -> NamePattern:
    """The pattern of a text. Its suffix counts if it ends in ``.*`` or one of ``suffixes``. Raises `SettingsError`."""
    lines = unicodedata.normalize("NFC", text).split("/")
    if not text.strip() or "" in lines:
        raise _error(text, "an empty part" if text.strip() else "it is empty")
    fields: list[str] = []
    place, parts = 0, list[_Part]()
    ending = lines[-1].rpartition(".")[2]
    has_suffix = "." in lines[-1] and (ending == "*" or ending.lower() in suffixes)
    for number, line in enumerate(lines):
        suffix = f".{ending}" if has_suffix and number == len(lines) - 1 else ""
        tokens = _merged(text, _tokens(text, line.removesuffix(suffix), place))
        parts.append(_part(text, tokens, suffix, fields))
        place += len(line) + 1
    if not fields:
        raise _error(text, "it has no field")
    try:
        check_columns(fields, OPTION)
    except SettingsError as error:
        raise _error(text, error.what) from error
    return NamePattern(text, tuple(parts), tuple(fields), has_suffix)


def _tokens(text: str, line: str, start: int) -> Iterator[tuple[str, bool, int]]:
    """Plain texts and names of fields in a part, in order, each with whether it is a field and with its place."""
    for token in _TOKEN.finditer(line):
        place = start + token.start() + 1
        if token[0] in ("{", "}"):
            raise _error(text, f"a single {token[0]!r} at character {place}")
        if token[1] is None:
            yield {"{{": "{", "}}": "}"}.get(token[0], token[0]), False, place
        elif not token[1].strip():
            raise _error(text, f"a field without a name at character {place}")
        else:
            yield token[1].strip(), True, place


def _part(text: str, tokens: list[tuple[str, bool, int]], suffix: str, fields: list[str]) -> _Part:
    """One part of the pattern; the names of its fields are added to ``fields``, and its groups have their numbers."""
    plain = [value for value, is_field, _ in tokens if not is_field]
    separators = {value for value, is_field, _ in tokens[1:-1] if not is_field}
    expression = ""
    for value, is_field, place in tokens:
        if is_field and value in fields:
            raise _error(text, f"the field {value!r} a second time at character {place}")
        expression += f"(?P<f{len(fields)}>.+)" if is_field else re.escape(value)
        fields += [value] * is_field
    ending = r"\.[^.]*" if suffix == ".*" else f"(?i:{re.escape(suffix)})"
    counts = {each: sum(_occurrences(each, value) for value in (*plain, suffix)) for each in separators}
    return _Part(re.compile(expression + ending, re.DOTALL), counts)


def _occurrences(part: str, text: str) -> int:
    """How often ``part`` stands in ``text``, overlapping ones too."""
    return sum(text.startswith(part, index) for index in range(len(text)))


def _merged(text: str, tokens: Iterable[tuple[str, bool, int]]) -> list[tuple[str, bool, int]]:
    """The tokens with neighbouring plain texts as one; refuses neighbouring fields."""
    merged: list[tuple[str, bool, int]] = []
    for value, is_field, place in tokens:
        if merged and merged[-1][1] and is_field:
            raise _error(text, f"two fields without text between them at character {place}")
        if merged and not merged[-1][1] and not is_field:
            value, _, place = merged[-1][0] + value, False, merged.pop()[2]
        merged.append((value, is_field, place))
    return merged


def _error(text: str, what: str) -> SettingsError:
    return SettingsError(f"the pattern {text!r} cannot be used: {what}", where=OPTION, hint=_HINT)
