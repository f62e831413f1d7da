"""Frozen dataclasses as plain data (dicts, lists, numbers, texts) and back, by their annotations."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from typing import Any, TypeVar

Value = TypeVar("Value")


def to_plain(value: Any) -> Any:
    """Dataclasses as dicts, tuples as lists; everything else as it is."""
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[Value], data: Any) -> Value:
    """The value of ``kind`` that `to_plain` made the data of; TypeError, KeyError or ValueError if it does not fit."""
    return typing.cast(Value, _built(kind, data))


def _built(kind: Any, data: Any) -> Any:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return kind(**{name: _built(hint, data[name]) for name, hint in _hints(kind).items()})
    if isinstance(kind, types.UnionType):
        options = [option for option in typing.get_args(kind) if option is not type(None)]
        return None if data is None else _built(options[0], data)
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        return tuple(_built(inner, item) for item in data)
    return data


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
