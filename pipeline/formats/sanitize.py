"""Text that nothing obeys: control characters, direction overrides and line breaks neutralised (promise 26).

Three strengths: `clean` for one line of text, `token` for one field between spaces, `distinct` for names that must
stay different; `cell` for CSV. What a single format would obey on top (a tag) that format's module neutralises itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

_JOINERS = "\u200c\u200d"
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
"""Controls, invisible formatting (direction overrides among it), surrogates that no UTF-8 file can hold."""


def clean(text: str) -> str:
    """``text`` on one line: whitespace runs become one space, unseen characters U+FFFD; a visible one never vanishes.

    The two zero-width joiners stay: Persian, Hindi and emoji are spelled with them.
    """
    return "".join(_visible(character) for character in " ".join(text.split()))


def token(text: str) -> str:
    """``text`` as one field of a format that has spaces between fields; ``_`` stands for spaces and for nothing.

    A leading ``;`` would start a comment.
    """
    field = clean(text).replace(" ", "_") or "_"
    return f"_{field}" if field.startswith(";") else field


def cell(text: str) -> str:
    """``text`` as a CSV cell that no spreadsheet takes for a formula: an apostrophe before ``= + - @`` (OWASP)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def distinct(names: Iterable[str], spelled: Callable[[str], str] = token) -> dict[str, str]:
    """Each name as it is to be ``spelled``, different ones differently."""
    found: dict[str, str] = {}
    for name in names:
        field = spelled(name)
        while field in found.values():
            field += "_"
        found[name] = field
    return found


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNSEEN:
        return character
    return "\N{REPLACEMENT CHARACTER}"
