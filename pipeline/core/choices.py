"""Options that are given as text: one of several names, and lists separated by commas."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.core.errors import SettingsError


def one_of(text: str, known: Sequence[str], what: str, where: str) -> str:
    """``text``, which is one of ``known``; raises `SettingsError` for any other, which calls it an unknown ``what``."""
    if text not in known:
        raise SettingsError(f"unknown {what} {text!r}", where=where, hint=f"known are {', '.join(known)}")
    return text


def comma_list(text: str, known: Sequence[str], where: str) -> tuple[str, ...]:
    """The names in a comma list, each once; raises `SettingsError`, which lists those ``known``, for an empty list."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise SettingsError("the list is empty", where=where, hint=f"known are {', '.join(known)}")
    return names
