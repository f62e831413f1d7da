"""The fields of a request of the audio API, in every spelling: ``keywords[]`` as SDKs send lists, ``keywords``,
``keywords[0]``, and ``chunking_strategy[type]`` for parts."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final

from pipeline.server.api_errors import ApiError

TEXTS: Final = (
    "model", "language", "prompt", "response_format", "temperature", "stream", "chunking_strategy",
    "speakers", "min_speakers", "max_speakers", "preset", "channels", "roles",
)  # fmt: skip
"""Fields with one value; the last six are this server's own."""
LISTS: Final = (
    "include", "keywords", "known_speaker_names", "known_speaker_references", "languages", "timestamp_granularities",
)  # fmt: skip
"""Fields with several values."""
_CHUNKING: Final = "chunking_strategy"
_PARTS: Final = ("type", "prefix_padding_ms", "silence_duration_ms", "threshold")
"""The parts of the field ``chunking_strategy``."""
_SPELLING: Final = re.compile(r"(\w+?)(?:\[(\w*)\])?", re.ASCII)
FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
"""What a field or a part of an address that is true or false may say, in small letters."""


class Fields:
    """The fields of a request by their plain names; raises `ApiError` for unknown and repeated ones.

    An empty text counts as not given, as forms send it.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._texts: dict[str, str] = {}
        self._lists: dict[str, list[tuple[int, str]]] = {}
        self._parts: dict[str, str] = {}
        for name, value in pairs:
            spelled = _SPELLING.fullmatch(name)
            plain, inside = (spelled[1], spelled[2]) if spelled else (name, None)
            self._add(name, plain, inside, value)

    def _add(self, name: str, plain: str, inside: str | None, value: str) -> None:
        if plain in LISTS and (not inside or (inside.isdecimal() and len(inside) < 10)):
            self._lists.setdefault(plain, []).append((int(inside or 0), value))
        elif plain in TEXTS and inside is None:
            self._once(self._texts, plain, plain, value)
        elif plain == _CHUNKING and inside in _PARTS:
            self._once(self._parts, inside, name, value)
        else:
            raise _unknown(name, plain)

    def _once(self, values: dict[str, str], key: str, name: str, value: str) -> None:
        if key in values:
            raise invalid(name, "is there twice")
        values[key] = value

    def text(self, name: str) -> str | None:
        """The value of a field; None where it is not given."""
        return self._texts.get(name, "").strip() or None

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a list, in order of their numbers where they have some, else as they came."""
        return tuple(value for _, value in sorted(self._lists.get(name, ()), key=lambda item: item[0]))

    def whole(self, name: str) -> int | None:
        """A whole number without a sign."""
        text = self.text(name)
        if text is not None and not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise invalid(name, "must be a whole number")
        return None if text is None else int(text)

    def fraction(self, name: str) -> float | None:
        """A number from 0 to 1."""
        text = self.text(name)
        return None if text is None else _fraction(name, text)

    def flag(self, name: str) -> bool:
        """Whether a field is true; false where it is not given."""
        text = self.text(name)
        if text is not None and text.lower() not in FLAGS:
            raise invalid(name, "must be true or false")
        return text is not None and FLAGS[text.lower()]

    def choice(self, name: str, options: Sequence[str]) -> str | None:
        """One of the options."""
        text = self.text(name)
        if text is not None and text not in options:
            raise invalid(name, f"must be one of {', '.join(options)}")
        return text

    def choices(self, name: str, options: Sequence[str]) -> tuple[str, ...]:
        """Some of the options."""
        values = self.values(name)
        if not set(values) <= set(options):
            raise invalid(name, f"must be {' or '.join(options)}")
        return values

    def chunking(self) -> bool:
        """Whether a valid ``chunking_strategy`` is given: ``auto``, or an object of the type ``server_vad``."""
        text = self.text(_CHUNKING)
        if text is not None and self._parts:
            raise invalid(_CHUNKING, "is there twice")
        if text is not None and text != "auto":
            _check_chunking(_object(text))
        if self._parts:
            _check_chunking(self._parts)
        return text is not None or bool(self._parts)


def invalid(name: str, problem: str) -> ApiError:
    """The answer to a wrong value."""
    return ApiError(400, f"{name}: {problem}", "invalid_value", name)


def _unknown(name: str, plain: str) -> ApiError:
    close = difflib.get_close_matches(plain, (*TEXTS, *LISTS, "file"), n=1) if len(plain) < 100 else []
    hint = f"; did you mean {close[0]}?" if close and close[0] != plain else ""
    return ApiError(400, f"there is no field {name[:100]}{hint}", "unknown_parameter", name[:100])


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise invalid(_CHUNKING, "must be auto or an object of the type server_vad")
    return found


def _check_chunking(parts: dict[str, Any]) -> None:
    for name in parts.keys() - set(_PARTS):
        raise _unknown(f"{_CHUNKING}[{name}]", name)
    if parts.get("type") != "server_vad":
        raise invalid(f"{_CHUNKING}[type]", "must be server_vad")
    for name in ("prefix_padding_ms", "silence_duration_ms"):
        text = str(parts.get(name, 0))
        if not (text.isascii() and text.isdecimal()):
            raise invalid(f"{_CHUNKING}[{name}]", "must be a whole number of milliseconds")
    _fraction(f"{_CHUNKING}[threshold]", str(parts.get("threshold", 0)))


def _fraction(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise invalid(name, "must be a number from 0 to 1")
    return value
