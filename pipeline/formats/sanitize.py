"""Inert text: control characters, direction overrides and line breaks neutralized (promise 26).

`clean` is for one line of text, `xml` for one line in XML, `token` for one field between spaces, `distinct` for names
that must stay different, `cell` for CSV. Markup that only one format interprets is escaped by that format's module.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable

_JOINERS = "\u200c\u200d"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
"""Unicode categories that are replaced: controls, invisible formatting (with direction overrides), lone surrogates.

A UTF-8 file cannot hold surrogates; the others can hide or reorder the text around them."""

_NO_XML = {0xFFFE: "\N{REPLACEMENT CHARACTER}", 0xFFFF: "\N{REPLACEMENT CHARACTER}"}


def clean(text: str) -> str:
    """``text`` on one line: runs of white space become one space, invisible characters U+FFFD; the rest is kept.

    The two zero-width joiners are kept: Persian, Hindi and emoji need them.

    >>> clean("two\\n lines\\x1b[31m")
    'two lines\N{REPLACEMENT CHARACTER}[31m'
    """
    line = " ".join(text.split())
    return line if line.isascii() and line.isprintable() else "".join(map(_visible, line))


def json_text(text: str) -> str:
    """JSON in which everything invisible is written as an escape."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def xml(text: str) -> str:
    """`clean` text without the two noncharacters that XML 1.0 excludes (https://www.w3.org/TR/xml/#charsets).

    Markup is not escaped: that is the XML writer's work.
    """
    return clean(text).translate(_NO_XML)


def token(text: str) -> str:
    """``text`` as one field of a format that separates fields by spaces; ``_`` replaces spaces and stands for nothing.

    A ``;`` at the beginning, which would start a comment, is preceded by ``_``.
    """
    field = clean(text).replace(" ", "_") or "_"
    return f"_{field}" if field.startswith(";") else field


def cell(text: str) -> str:
    """``text`` as a CSV cell that no spreadsheet reads as a formula: an apostrophe before ``= + - @`` (OWASP)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def distinct(names: Iterable[str], spelled: Callable[[str], str] = token) -> dict[str, str]:
    """Each name as ``spelled`` writes it, with ``_`` appended where two different names would become equal."""
    result: dict[str, str] = {}
    for name in names:
        field = spelled(name)
        while field in result.values():
            field += "_"
        result[name] = field
    return result


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _INVISIBLE:
        return character
    return "\N{REPLACEMENT CHARACTER}"
