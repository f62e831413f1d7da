"""JSON data into frozen values, strictly, by the types of their fields: the reading half of the native format."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, NoReturn

from pipeline.core.errors import FormatError


def decoded(data: Any, kind: Any, place: str) -> Any:
    """``data`` as a value of type ``kind``; raises `FormatError` with the ``place`` where it is none.

    Knows dataclasses, tuples of one type, mappings from text, optional types, literals and JSON scalars.
    """
    origin = typing.get_origin(kind)
    if kind is Any:
        return data
    if is_dataclass(kind):
        return _instance(data, kind, place)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        return tuple(decoded(x, item, f"{place}[{i}]") for i, x in enumerate(_expect(data, list, place)))
    if origin is Mapping:
        item = typing.get_args(kind)[1]
        pairs = _expect(data, dict, place).items()
        return {key: decoded(x, item, f"{place}.{key}") for key, x in pairs}
    if origin in (types.UnionType, typing.Union):
        if data is None:
            return None
        (item,) = (arg for arg in typing.get_args(kind) if arg is not types.NoneType)
        return decoded(data, item, place)
    if origin is Literal:
        allowed = typing.get_args(kind)
        return data if data in allowed else _fail(place, f"{data!r} is not one of {', '.join(allowed)}")
    return _number(data, place) if kind is float else _expect(data, kind, place)


def _instance(data: Any, kind: Any, place: str) -> Any:
    given = dict(_expect(data, dict, place))
    hints = _hints(kind)
    values: dict[str, Any] = {}
    for field in fields(kind):
        where = f"{place}.{field.name}".lstrip(".")
        if field.name in given:
            values[field.name] = decoded(given.pop(field.name), hints[field.name], where)
        elif field.default is MISSING and field.default_factory is MISSING:
            _fail(where, "is missing")
    if given:
        _fail(f"{place}.{next(iter(given))}".lstrip("."), "is not known")
    try:
        return kind(**values)
    except ValueError as error:
        raise FormatError(f"{place}: {error}".removeprefix(": ")) from error


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _expect(data: Any, kind: type, place: str) -> Any:
    if not isinstance(data, kind):
        _fail(place, f"expected {_NAMES[kind]}, found {_NAMES.get(type(data), 'null')}")
    return data


def _number(data: Any, place: str) -> float:
    if isinstance(data, bool) or not isinstance(data, int | float):
        _fail(place, f"expected a number, found {_NAMES.get(type(data), 'null')}")
    try:
        number = float(data)
    except OverflowError:
        number = float("inf")
    return number if abs(number) < float("inf") else _fail(place, "is too large a number")


def _fail(place: str, what: str) -> NoReturn:
    raise FormatError(f"{place or 'transcript'}: {what}")


_NAMES: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}
