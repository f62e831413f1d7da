"""Keys of ``crosstalk/1`` as version 0.1.0 wrote them: they are read for one more version, with a notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.core.errors import FormatError
from pipeline.core.types import Notice

OLD_KEYS: Mapping[str, str] = {
    "warnings": "notices",
    "joined": "no_space",
    "rival": "nearest_other",
    "voices": "evidence",
}
"""Old and new key; each belongs to one kind of object only."""
_NEW_KEYS = {new: old for old, new in OLD_KEYS.items()}


def with_current_keys(data: dict[str, Any]) -> tuple[dict[str, Any], tuple[Notice, ...]]:
    """The data with current keys, and a notice where there were old ones.

    Raises `FormatError` where an object has a key in both spellings.
    """
    old: dict[str, str] = {}
    current: dict[str, Any] = _renamed(data, OLD_KEYS, "", old)
    names = ", ".join(f"{key} (now {new})" for key, new in old.items())
    message = f"the file has keys of an earlier version: {names}; convert it to json, the next version will refuse them"
    return current, (Notice("deprecated_key", message),) * bool(old)


def with_old_keys(data: dict[str, Any]) -> dict[str, Any]:
    """Plain data of a transcript as version 0.1.0 wrote it, for its checksum."""
    old: dict[str, Any] = _renamed(data, _NEW_KEYS, "", {})
    return old


def _renamed(value: Any, names: Mapping[str, str], place: str, renamed: dict[str, str]) -> Any:
    """``value`` with its keys renamed, except in the provenance, whose settings may have any keys."""
    if isinstance(value, list):
        return [_renamed(item, names, f"{place}[{i}]", renamed) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for key, item in value.items():
        new = names.get(key, key)
        where = f"{place}.{key}".removeprefix(".")
        if new in result or (new != key and new in value):
            raise FormatError(f"{where}: is an old name of {new!r}, which is there as well")
        if new != key:
            renamed[key] = new
        result[new] = item if where == "provenance" else _renamed(item, names, where, renamed)
    return result
