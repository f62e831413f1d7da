"""A YAML text as items that know their line and column, so that every problem names its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import yaml

from pipeline.config.plain_yaml import compose
from pipeline.core.errors import SettingsError
from pipeline.core.serialization import DataError, unknown_key

DEEPEST = 40
"""Most levels of a rules file. Chosen by hand, to refuse aliases that contain themselves."""
MOST = 100_000
"""Most items of a rules file, aliases counted each time. Chosen by hand, to refuse texts that unfold without end."""


@dataclass(frozen=True, slots=True)
class Item:
    """A part of the text: a mapping of items, a list of them or a plain value, with its path (``rules[0].says``)."""

    value: Any
    path: str
    where: str
    line: int
    column: int
    key: tuple[int, int] | None = None
    """Line and column of the key of this item, where it has one."""

    def fail(self, problem: str, hint: str = "") -> NoReturn:
        """Raise `SettingsError` with the place of this item."""
        text = f"{self.path}: {problem}".removeprefix(": ")
        raise SettingsError(text, where=f"{self.where}, line {self.line}, column {self.column}", hint=hint)

    @property
    def place(self) -> str:
        """The line, for problems that concern two places."""
        return f"line {self.line}"

    def mapping(self, known: Sequence[str] = ()) -> dict[str, Item]:
        """The items of a mapping; a key that is not one of the ``known`` is a problem."""
        if not isinstance(self.value, Mapping):
            self.fail(f"must be a mapping, not {self.shown}")
        for key, item in self.value.items():
            if known and key not in known:
                item.fail_at_key(unknown_key(self.path, key, known))
        return dict(self.value)

    def fail_at_key(self, error: DataError) -> NoReturn:
        """Raise `SettingsError` with the place of this item's key."""
        line, column = self.key or (self.line, self.column)
        place = f"{self.where}, line {line}, column {column}"
        raise SettingsError(error.line(quote=True), where=place, hint=error.hint)

    def list(self) -> tuple[Item, ...]:
        """The items of a list."""
        if not isinstance(self.value, tuple):
            self.fail(f"must be a list, not {self.shown}")
        return self.value

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.fail(f"must be a text, not {self.shown}")
        return self.value

    def number(self) -> float:
        """A finite number."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
            has_unit = isinstance(value, str) and value[:1].isdecimal()
            self.fail(f"must be a finite number, not {self.shown}", "write it without a unit" if has_unit else "")
        return float(value)

    @property
    def shown(self) -> str:
        """The value in an error, on one short line."""
        if isinstance(self.value, Mapping):
            return "a mapping"
        if isinstance(self.value, tuple):
            return "a list"
        text = "null" if self.value is None else repr(self.value)
        return text if len(text) <= 60 else f"{text[:57]}..."

    def plain(self) -> Any:
        """The value as plain data, without places."""
        if isinstance(self.value, Mapping):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, tuple):
            return [item.plain() for item in self.value]
        return self.value

    def at(self, path: str) -> Item:
        """The item at a path, or the deepest one above it that there is."""
        below = self.value.values() if isinstance(self.value, Mapping) else self.value
        for item in below if isinstance(self.value, Mapping | tuple) else ():
            if path == item.path or path.startswith((f"{item.path}.", f"{item.path}[")):
                found: Item = item.at(path)
                return found
        return self


def load(text: str, where: str) -> Item:
    """The items of a YAML text; an empty text is an empty mapping. Raises `SettingsError`."""
    node, construct = compose(text, where)
    if node is None:
        return Item({}, "", where, 1, 1)
    count = 0

    def item(node: yaml.Node, path: str, depth: int, key: tuple[int, int] | None = None) -> Item:
        nonlocal count
        count += 1
        here = Item(None, path, where, *_place(node), key)
        if depth > DEEPEST or count > MOST:
            here.fail(f"has more than {DEEPEST} levels or {MOST:,} items")
        if isinstance(node, yaml.MappingNode):
            return replace(here, value=_mapping(node, here, depth))
        if isinstance(node, yaml.SequenceNode):
            parts = (item(each, f"{path}[{number}]", depth + 1) for number, each in enumerate(node.value))
            return replace(here, value=tuple(parts))
        try:
            return replace(here, value=construct(node))
        except ValueError as error:  # such as the date 2026-13-45
            here.fail(f"is not a plain value: {error}")

    def _mapping(node: yaml.MappingNode, here: Item, depth: int) -> dict[str, Item]:
        found: dict[str, Item] = {}
        for key_node, value_node in node.value:
            key_place = Item(None, here.path, where, *_place(key_node))
            key = construct(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                key_place.fail("must have texts as its keys")
            if key in found:
                key_place.fail(f"has the key {key!r} twice")
            found[key] = item(value_node, f"{here.path}.{key}".removeprefix("."), depth + 1, _place(key_node))
        return found

    return item(node, "", 0)


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
