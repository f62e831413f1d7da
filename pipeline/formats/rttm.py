"""``rttm``: NIST Rich Transcription Time Marked (RT-09, appendix A), one ``SPEAKER`` line per turn; no words.

    SPEAKER meeting 1 12.300 2.700 <NA> <NA> SPEAKER_00 <NA> <NA>

Names are single fields: spaces in them become ``_``. From the other kinds of line that RT-09 defines, reading takes the
recording's name, since a recording without speech has no ``SPEAKER`` line; from ``NOSCORE`` also the time.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Turn, Unscored
from pipeline.formats.base import Channels, Format, encoded
from pipeline.formats.sanitize import distinct, token
from pipeline.formats.segments import (
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
    rows = []
    for turn in transcript.turns:
        start, end = millis(turn)
        times = f"{seconds(start)} {seconds(end - start)}"
        rows.append(f"SPEAKER {token(session)} 1 {times} <NA> <NA> {names[turn.speaker]} <NA> <NA>\n")
    return "".join(rows)


def loads(text: str) -> Transcript:
    """The turns of the one recording in ``text``; raises `FormatError` naming the line.

    >>> loads("SPEAKER meeting 1 12.3 2.5 <NA> <NA> Anna <NA> <NA>").turns
    (Turn(start=12.3, end=14.8, speaker='Anna', margin=None, loudness=None),)
    """
    return single(loads_sessions(text))


def loads_sessions(text: str) -> dict[str, Transcript]:
    """The turns of each recording in ``text``, also of one named by other lines only.

    Raises `FormatError` naming the line.
    """
    sessions = Sessions()
    for place, fields in _rows(text):
        kind, session = fields[0].upper(), fields[1]
        sessions.name(session)
        if kind == "NOSCORE":
            _times(fields, place)  # checks the numbers
            sessions.note(session, "unscored", place)
        elif kind == "SPEAKER":
            span = sessions.span(session, *_times(fields, place), place, words=0)
            if span is not None:
                sessions.add(session, Row(Turn(span.start, span.end, fields[7])))
    return sessions.transcripts()


def unscored(text: str) -> dict[str, tuple[Unscored, ...]]:
    """The times that are excluded from scoring (``NOSCORE`` lines), by recording."""
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
            raise FormatError(f"{place}: expected 8 to 10 fields in a SPEAKER line, found {len(fields)}")
        if fields[0].upper() in _KINDS and len(fields) >= 5:
            yield place, fields


def _times(fields: list[str], place: str) -> tuple[float, float]:
    return start_and_end(fields[3], fields[4], place)


FORMAT = Format(
    "rttm",
    ".rttm",
    encoded(dumps),
    loads,
    loads_sessions,
    unscored=unscored,
    channels=channels,
    help="NIST RTTM: the turns, without words.",
)
