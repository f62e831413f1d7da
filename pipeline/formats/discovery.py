"""Where formats are found: modules of `FOLDERS`, entry points of other packages, and ``package.module:FORMAT``.

A module of these folders is a format when it has a line ``FORMAT = Format("NAME", ...)``. Names are listed without
importing any format; a format is imported when it is used.
"""

from __future__ import annotations

import functools
import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.errors import FormatError, printable
from pipeline.formats.base import Format

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

FOLDERS = ("formats", "minutes/documents")
"""The folders of this package whose modules are formats: of transcripts, and of what is made from a transcript."""
GROUP = "crosstalk.formats"
"""Group of entry points in which other packages declare formats: ``NAME = "package.module:FORMAT"``."""
_DECLARATION = re.compile(rb'^FORMAT\b[^=\n]*=\s*\w+\(\s*"([^"]+)"', re.MULTILINE)


@functools.cache
def built_in() -> Mapping[str, str]:
    """The module of each format of this package, by the format's name in alphabetical order; nothing is imported."""
    root, modules = Path(__file__).parent.parent, {}
    for folder in FOLDERS:
        for path in (root / folder).glob("*.py"):
            declared = _DECLARATION.search(path.read_bytes())
            if declared:
                modules[declared[1].decode()] = ".".join((root.name, *Path(folder).parts, path.stem))
    return dict(sorted(modules.items()))


def names() -> tuple[str, ...]:
    """The names of all formats: those of this package, then those of installed packages."""
    return tuple(dict.fromkeys((*built_in(), *sorted(_installed()))))


def get(name: str) -> Format:
    """The format of a name or of ``package.module:FORMAT``, imported; raises `FormatError`.

    A format of this package takes precedence over an entry point of the same name.
    """
    module = built_in().get(name)
    if module is not None:
        return _imported(name, f"{module}:FORMAT")
    if ":" in name:
        return _imported(name, name)
    point = _installed().get(name)
    if point is None:
        raise FormatError(f"unknown format {name!r}", hint=f"known are {', '.join(names())}, or package.module:FORMAT")
    format_ = _imported(name, point.value)
    if format_.name != name:
        raise FormatError(f"the entry point {name!r} names the format {format_.name!r}", hint="give both one name")
    return format_


def module_of(name: str) -> str:
    """The module that declares a format; raises `FormatError`."""
    module = built_in().get(name)
    if module is None:
        get(name)
        point = _installed().get(name)
        module = (name if point is None else point.value).partition(":")[0]
    return module


def every() -> Iterator[Format]:
    """All formats, imported; one of an installed package that cannot be imported is left out with a logged warning."""
    for name in names():
        try:
            yield get(name)
        except FormatError as error:
            _warn_once(error.line)


def _installed() -> Mapping[str, EntryPoint]:
    return _entry_points(tuple(sys.path))


@functools.lru_cache(maxsize=8)
def _entry_points(path: tuple[str, ...]) -> Mapping[str, EntryPoint]:
    """The formats of installed packages by name; ``path`` is `sys.path`, on which they depend."""
    from importlib.metadata import entry_points

    points: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        points.setdefault(point.name, point)
    return points


def _imported(name: str, place: str) -> Format:
    module, _, attribute = place.partition(":")
    try:
        format_ = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # an external module may raise anything
        text = next(iter(str(error).splitlines()), "")
        what = f"the format {name!r} cannot be imported: {type(error).__name__}: {text}"
        raise FormatError(what, hint="--debug shows where") from error
    if not isinstance(format_, Format):
        raise FormatError(f"{place} is not a Format", hint="declare FORMAT = Format(name, suffix, dumps)")
    return format_


@functools.cache
def _warn_once(message: str) -> None:
    import logging

    logging.getLogger("pipeline").warning("%s", printable(f"transcribe: warning: {message}"))
