"""``rttm``: NIST Rich Transcription Time Marked (RT-09, appendix A), one ``SPEAKER`` line a turn; no words.

    SPEAKER meeting 1 12.300 2.700 <NA> <NA> SPEAKER_00 <NA> <NA>

Names are single fields: spaces in them become ``_``. Of the other kinds of line that RT-09 knows, reading takes
the recording's name (a recording in which nobody speaks has no ``SPEAKER`` line), and of ``NOSCORE`` the time.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Turn, Unscored
from pipeline.formats.sanitize import distinct, token
from pipeline.formats.segments import (
    Channels,
    Row,
    Sessions,
    lines,
    marks,
    single,
    speaker_channels,
    start_and_end,
)
from pipeline.formats.timestamps import millis, seconds

_KINDS = frozenset({
    "A/P", "CB", "EDIT", "FILLER", "IP", "LEXEME", "NO_RT_METADATA", "NON-LEX", "NON-SPEECH", "NOSCORE", "SEGMENT",
    "SPEAKER", "SPKR-INFO", "SU",
})  # fmt: skip


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
    return single(loads_sessions(text))


def loads_sessions(text: str) -> dict[str, Transcript]:
    """The turns of each recording in ``text``, also of one that only other lines name; `FormatError` with the line."""
    sessions = Sessions()
    for place, fields in _rows(text):
        kind, session = fields[0].upper(), fields[1]
        sessions.name(session)
        if kind == "NOSCORE":
            _times(fields, place)  # refuses what is no number
            sessions.note(session, "unscored", place)
        elif kind == "SPEAKER":
            span = sessions.span(session, *_times(fields, place), place, words=0)
            if span is not None:
                sessions.add(session, Row(Turn(span.start, span.end, fields[7])))
    return sessions.transcripts()


def unscored(text: str) -> dict[str, tuple[Unscored, ...]]:
    """Where nothing is to be scored, by recording (``NOSCORE`` lines)."""
    return marks(
        (fields[1], fields[2], _times(fields, place)) for place, fields in _rows(text) if fields[0].upper() == "NOSCORE"
    )


def channels(text: str) -> dict[str, Channels]:
    """The channel of each speaker, by recording."""
    return speaker_channels((row[1], row[2], row[7]) for _, row in _rows(text) if row[0].upper() == "SPEAKER")


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    for place, line in lines(text):
        fields = line.split()
        if fields[0].upper() == "SPEAKER" and not 8 <= len(fields) <= 10:
            raise FormatError(f"{place}: a SPEAKER line has 8 to 10 fields, this one {len(fields)}")
        if fields[0].upper() in _KINDS and len(fields) >= 5:
            yield place, fields


def _times(fields: list[str], place: str) -> tuple[float, float]:
    return start_and_end(fields[3], fields[4], place)
