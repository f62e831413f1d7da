"""When a recording was made, by the tags of its file.

Telephones and cameras write ``com.apple.quicktime.creationdate`` (local time with its zone) or ``creation_time`` (UTC)
into mp4, m4a, mov and webm; recorders write the date into the ``bext`` chunk of WAV (EBU Tech 3285), which FFmpeg names
``date``. A year alone is no date: music has the year of its release there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from av.container import InputContainer

TAGS = ("com.apple.quicktime.creationdate", "creation_time", "date")
"""Tags with a date, the most exact first."""
YEARS = range(1990, 2100)
"""Years of a real date. Chosen by hand: devices without a clock write 1904, 1970 or 1980, which are no dates."""
_DATE = re.compile(r"(\d{4})[-:/](\d\d)[-:/](\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?)?")


def recording_date(container: InputContainer) -> str | None:
    """The date of an open file, ISO 8601, with time and zone where they are known; None without one."""
    sources = [container.metadata, *(stream.metadata for stream in container.streams.audio)]
    dates = (_parsed(str(value)) for tag in TAGS for value in _values(sources, tag))
    return next((date for date in dates if date), None)


def _values(sources: Sequence[Mapping[str, str]], tag: str) -> list[str]:
    return [value for source in sources for key, value in source.items() if key.lower() == tag]


def _parsed(text: str) -> str | None:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, time, zone = match.groups()
    written = f"{year}-{month}-{day}" + (f"T{time}{zone or ''}" if time else "")
    try:
        parsed = datetime.fromisoformat(written)
    except ValueError:
        return None
    if parsed.year not in YEARS:
        return None
    return parsed.isoformat(timespec="seconds") if time else written
