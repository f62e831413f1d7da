"""The one codec between frozen dataclasses and plain data (JSON, YAML), by the annotations of their fields.

Reading is strict: an unknown key, a missing field and a value of another type are each a `DataError` with the place
(``utterances[3].words[0].end``) and, for a key, the nearest known name. Annotations may be dataclasses, ``tuple[X,
...]``, ``Mapping[str, X]``, unions, ``Literal``, ``int``, ``float`` (finite), ``str``, ``bool``, ``None`` and ``Any``
(plain data). A field may also have a constraint (`setting`), which normalizes its value or raises ``ValueError``.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import numbers
import os
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NoReturn, TypeVar

from pipeline.core.errors import CrosstalkError

Value = TypeVar("Value")
Constraint = Callable[[Any], Any]
_CONSTRAINT, _INTERNAL = "constraint", "internal"


class DataError(ValueError):
    """Data that does not fit: the ``place``, the ``problem``, the ``value`` found there, and a ``hint``."""

    def __init__(self, place: str, problem: str, hint: str = "", value: Any = dataclasses.MISSING) -> None:
        self.place, self.problem, self.hint, self.value = place, problem, hint, value
        super().__init__(self.line(quote=False))

    def line(self, quote: bool) -> str:
        """``place: problem, not value``; with ``quote`` false texts are not shown, but named by their type."""
        if self.value is dataclasses.MISSING:
            found = ""
        else:
            found = f", not {_shown(self.value) if quote else _type_name(self.value)}"
        return f"{self.place}: {self.problem}{found}".removeprefix(": ")


def setting(default: Value, constraint: Constraint) -> Value:
    """A field with a constraint, which is applied to every value but None."""
    return dataclasses.field(default=default, metadata={_CONSTRAINT: constraint})


def internal(default: Value) -> Value:
    """A field that is not part of the plain data and of no comparison."""
    return dataclasses.field(default=default, compare=False, repr=False, metadata={_INTERNAL: True})


def constraint_of(field: dataclasses.Field[Any]) -> Constraint | None:
    """The constraint that a field was declared with."""
    return field.metadata.get(_CONSTRAINT)


def to_plain(value: Any, *, compact: bool = False, properties: Mapping[type, tuple[str, ...]] | None = None) -> Any:
    """Dataclasses and mappings as dicts, tuples and lists as lists; anything else unchanged.

    The keys of a mapping are sorted. ``compact`` leaves out fields at their defaults. ``properties`` names, by type,
    properties that are written behind the first field.
    """
    convert = functools.partial(to_plain, compact=compact, properties=properties)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in _fields(type(value)) if not compact or getattr(value, f.name) != _default(f)]
        names[1:1] = (properties or {}).get(type(value), ())
        return {name: convert(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {key: convert(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [convert(item) for item in value]
    return value


def from_plain(kind: type[Value], data: Any, place: str = "") -> Value:
    """``data`` as a value of type ``kind``; raises `DataError`."""
    return typing.cast(Value, _read(kind, data, place, None))


def overlay(base: Value, data: Any, place: str = "") -> Value:
    """``base``, a dataclass, with the fields in ``data`` replaced, recursively; raises `DataError`."""
    return typing.cast(Value, _instance(type(base), data, place, base))


def unknown_key(place: str, key: Any, known: Sequence[str]) -> DataError:
    """The error for a ``key`` that is not one of the ``known``."""
    close = difflib.get_close_matches(str(key), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return DataError(_join(place, key), "is not known", hint)


def _read(kind: Any, data: Any, place: str, base: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return _plain(data, place)
    if dataclasses.is_dataclass(kind):
        return _instance(kind, data, place, base)
    if origin in (types.UnionType, typing.Union):
        return _union(kind, data, place, base)
    if origin is tuple and isinstance(data, list | tuple):
        return tuple(_read(arguments[0], item, f"{place}[{i}]", None) for i, item in enumerate(data))
    if origin is Mapping and isinstance(data, Mapping):
        return _mapping(arguments[1], data, place, base)
    if origin is Literal and isinstance(data, str) and data in arguments:
        return str(data)
    converted = _SCALARS[kind].convert(data) if kind in _SCALARS else None
    return converted if converted is not None or kind is types.NoneType is type(data) else _refuse(kind, data, place)


def _plain(data: Any, place: str) -> Any:
    """Plain data of any shape: null, a text, a finite number, true or false, or a list or mapping of them."""
    if isinstance(data, Mapping):
        return _mapping(Any, data, place, None)
    if isinstance(data, list | tuple):
        return [_plain(item, f"{place}[{i}]") for i, item in enumerate(data)]
    if data is None or isinstance(data, bool):
        return data
    converted = (_SCALARS[kind].convert(data) for kind in (int, float, str))
    value = next((value for value in converted if value is not None), None)
    if value is None:
        raise DataError(place, "must be plain data", value=data)
    return value


def _union(kind: Any, data: Any, place: str, base: Any) -> Any:
    """The first option that fits; of the errors, the one that is deepest in the data."""
    deepest = place
    error: DataError | None = None
    for option in typing.get_args(kind):
        try:
            return _read(option, data, place, base)
        except DataError as failure:
            if len(failure.place) > len(deepest):
                deepest, error = failure.place, failure
    raise error or DataError(place, f"must be {_describe(kind)}", value=data)


def _mapping(kind: Any, data: Mapping[Any, Any], place: str, base: Any) -> dict[str, Any]:
    """A mapping of texts to values of one type, laid over a ``base`` where there is one."""
    merged: dict[str, Any] = dict(base or {})
    for key, item in data.items():
        if not isinstance(key, str):
            raise DataError(_join(place, key), "must have a text as its key")
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(item, Mapping):
            merged[key] = _mapping(kind, item, _join(place, key), below)
        else:
            merged[key] = _read(kind, item, _join(place, key), None)
    return merged


def _instance(kind: Any, data: Any, place: str, base: Any) -> Any:
    if not isinstance(data, Mapping):
        _refuse(kind, data, place)
    fields, hints = {field.name: field for field in _fields(kind)}, _hints(kind)
    values: dict[str, Any] = {}
    for key, item in data.items():
        if key not in fields:
            raise unknown_key(place, key, tuple(fields))
        below = None if base is None else getattr(base, key)
        values[key] = _constrained(fields[key], _read(hints[key], item, _join(place, key), below), _join(place, key))
    for name, field in fields.items():
        if base is None and name not in values and _default(field) is dataclasses.MISSING:
            raise DataError(_join(place, name), "is missing")
    try:
        return kind(**values) if base is None else dataclasses.replace(base, **values)
    except DataError:
        raise
    except ValueError as error:
        raise DataError(place, str(error)) from error


def _constrained(field: dataclasses.Field[Any], value: Any, place: str) -> Any:
    """``value`` as the field's constraint returns it; None is not passed to it."""
    constraint = constraint_of(field)
    if value is None or constraint is None:
        return value
    try:
        return constraint(value)
    except CrosstalkError as error:
        raise DataError(place, error.what, error.hint) from error
    except ValueError as error:
        raise DataError(place, str(error)) from error


def _refuse(kind: Any, data: Any, place: str) -> NoReturn:
    raise DataError(place, f"must be {_describe(kind)}", value=data)


def _join(place: str, key: Any) -> str:
    return f"{place}.{key}".removeprefix(".")


@functools.cache
def _fields(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    return tuple(field for field in dataclasses.fields(kind) if not field.metadata.get(_INTERNAL))


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _whole(value: Any) -> int | None:
    """An integer of Python or numpy; not a truth value."""
    return None if isinstance(value, bool) or not isinstance(value, numbers.Integral) else int(value)


def _finite(value: Any) -> float | None:
    """A finite real number of Python or numpy; not a truth value."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str | None:
    """A text, or a path as one."""
    return os.fsdecode(value) if isinstance(value, os.PathLike) else str(value) if isinstance(value, str) else None


@dataclasses.dataclass(frozen=True, slots=True)
class _Scalar:
    """A type without parts: its name in errors, and its conversion (None where the value does not fit)."""

    name: str
    convert: Callable[[Any], Any]


_SCALARS: Mapping[Any, _Scalar] = {
    bool: _Scalar("true or false", lambda value: value if isinstance(value, bool) else None),
    int: _Scalar("a whole number", _whole),
    float: _Scalar("a finite number", _finite),
    str: _Scalar("a text", _text),
    types.NoneType: _Scalar("null", lambda value: None),
}


def _describe(kind: Any) -> str:
    """What a value of this type looks like, in an error."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_describe(option) for option in typing.get_args(kind))
    if origin is Literal:
        return " or ".join(repr(value) for value in typing.get_args(kind))
    if origin is tuple:
        return "a list"
    return _SCALARS[kind].name if kind in _SCALARS else "a mapping"


def _type_name(value: Any) -> str:
    """The type of a value, in an error that must not repeat texts; numbers and constants are shown."""
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "a mapping"
    return "null" if value is None else _shown(value).lower()


def _shown(value: Any) -> str:
    """The value in an error, on one short line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
