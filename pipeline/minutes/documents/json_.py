"""``minutes-json``: minutes as JSON for programs, ``crosstalk-minutes/1``.

The fields of `pipeline.minutes.types.Minutes` after ``schema`` and ``title``; times in seconds with three decimals.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.core.errors import FormatError
from pipeline.core.serialization import from_plain, to_plain
from pipeline.core.text import read_text
from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import json_text
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import Minutes

SCHEMA = "crosstalk-minutes/1"
"""Name and version of the JSON."""
HINT = "give the file *.minutes.json that transcribe minutes wrote"
"""What to do about a file that has no minutes."""
DIGITS = 3
"""Decimals of times in JSON: milliseconds."""


def dumps(transcript: Transcript, session: str) -> str:
    """The minutes of a transcript, made with the default settings, under the title ``session``."""
    return render(make_minutes(transcript), session)


def render(minutes: Minutes, session: str) -> str:
    """The minutes under the title ``session``, with a line break at the end."""
    content = {"schema": SCHEMA, "title": session, **_rounded(to_plain(minutes))}
    lines = json.dumps(content, ensure_ascii=False, indent=1).split("\n")
    return "\n".join(map(json_text, lines)) + "\n"


def read_minutes(path: Path) -> Minutes:
    """The minutes in a file of this format; raises `FormatError`."""
    try:
        data = json.loads(read_text(path).content)
        schema = data.pop("schema", None) if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise FormatError(f"has no minutes: its schema is not {SCHEMA}", where=str(path), hint=HINT)
        data.pop("title", None)
        return from_plain(Minutes, data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"cannot be read: {error}", where=str(path), hint=HINT) from error


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


FORMAT = Format("minutes-json", ".minutes.json", encoded(dumps), help="Minutes as JSON, for programs.")
