"""A format of another package: one file, binary and readable. `test_external_formats` adds it to the program."""

from __future__ import annotations

import zlib

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript
from pipeline.formats import crosstalk_json
from pipeline.formats.base import Format


def dumps(transcript: Transcript, session: str) -> bytes:
    """The JSON output, compressed."""
    return b"TALK" + zlib.compress(crosstalk_json.dumps(transcript).encode())


def loads(content: bytes) -> Transcript:
    """The transcript in a compressed file."""
    try:
        return crosstalk_json.loads(zlib.decompress(content.removeprefix(b"TALK")).decode())
    except (zlib.error, UnicodeDecodeError) as error:
        raise FormatError(f"not a compressed transcript: {error}") from error


FORMAT = Format("talk", ".talk.z", dumps, loads, help="The JSON output, compressed.", binary=True)
