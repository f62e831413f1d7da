"""Recordings of known speakers in a request, as data URLs (RFC 2397)."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Final

from pipeline.core.identity import check_name
from pipeline.server.api_errors import ApiError
from pipeline.server.bodies import raise_if_full
from pipeline.server.request_fields import Fields, invalid

MOST: Final = 4
"""Most known speakers of a request: that of OpenAI's API. A larger value lets a body take more memory."""
_NAMES: Final = "known_speaker_names"
_REFERENCES: Final = "known_speaker_references"
_HEAD: Final = re.compile(r"data:(?:[\w.+-]+/(?:x-)?([\w.+-]+))?(?:;[\w-]+=[^;,]*)*;base64", re.ASCII | re.IGNORECASE)
"""What stands before the comma of a data URL, with its subtype: ``data:audio/wav;base64``."""
_HEAD_LENGTH: Final = 200
"""Most characters of that. Chosen by hand, above any media type."""


def write_references(fields: Fields, folder: Path) -> dict[str, str]:
    """The known speakers: the path of each one's recording, written to ``folder``, by name. Raises `ApiError`."""
    names, texts = fields.values(_NAMES), fields.values(_REFERENCES)
    if len(names) != len(texts):
        raise invalid(_REFERENCES, f"there are {len(names)} known_speaker_names and {len(texts)} references")
    if len(names) > MOST:
        raise invalid(_NAMES, f"at most {MOST} speakers may be known")
    if len(set(names)) < len(names):
        raise invalid(_NAMES, "a name is there twice")
    for name in names:
        try:
            check_name(name)
        except ValueError as error:
            raise invalid(_NAMES, str(error)) from error
    contents = [_decoded(text, number) for number, text in enumerate(texts)]
    return {name: _written(folder, number, *contents[number]) for number, name in enumerate(names)}


def _written(folder: Path, number: int, suffix: str, content: bytes) -> str:
    path = folder / f"reference-{number}{suffix}"
    try:
        path.write_bytes(content)
    except OSError as error:
        raise_if_full(error)
        raise
    return str(path)


def _decoded(text: str, number: int) -> tuple[str, bytes]:
    """The suffix and the content of a data URL."""
    head, _, body = text.partition(",")
    found = _HEAD.fullmatch(head.strip()) if len(head) <= _HEAD_LENGTH else None
    if found is None:
        raise _refused(number, "must be a data URL such as data:audio/wav;base64,UklGR…")
    try:
        content = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused(number, "is not valid base64") from error
    if not content:
        raise _refused(number, "is empty")
    subtype = (found[1] or "").lower()
    return f".{subtype}" if subtype.isalnum() and len(subtype) <= 8 else "", content


def _refused(number: int, problem: str) -> ApiError:
    return ApiError(400, f"{_REFERENCES}[{number}]: {problem}", "invalid_value", _REFERENCES)
