"""``rttm``: NIST Rich Transcription Time Marked (RT-09, appendix A), one ``SPEAKER`` line a turn; no words.

    SPEAKER meeting 1 12.300 2.700 <NA> <NA> SPEAKER_00 <NA> <NA>

Names are single fields: spaces in them become ``_``. Reading ignores all other kinds of line.
"""

from __future__ import annotations

from pipeline.errors import FormatError
from pipeline.formats.clock import millis, seconds
from pipeline.formats.inert import distinct, token
from pipeline.formats.sessions import Row, gathered, lasting, lines, only
from pipeline.values import Transcript


def dumps(transcript: Transcript, session: str) -> str:
    """The turns as ``SPEAKER`` lines."""
    names = distinct(transcript.speakers)
    found = []
    for held in transcript.turns:
        start, end = millis(held)
        times = f"{seconds(start)} {seconds(end - start)}"
        found.append(f"SPEAKER {token(session)} 1 {times} <NA> <NA> {names[held.speaker]} <NA> <NA>\n")
    return "".join(found)


def loads(text: str) -> Transcript:
    """The turns of the one recording in ``text``."""
    return only(loads_sessions(text))


def loads_sessions(text: str) -> dict[str, Transcript]:
    """The turns of each recording in ``text``; raises `FormatError` naming the line."""
    return gathered(_row(line.split(), place) for place, line in lines(text) if line.split()[0] == "SPEAKER")


def _row(fields: list[str], place: str) -> Row:
    if not 8 <= len(fields) <= 10:
        raise FormatError(f"{place}: a SPEAKER line has 8 to 10 fields, this one {len(fields)}")
    return Row(fields[1], lasting(fields[3], fields[4], fields[7], place))
