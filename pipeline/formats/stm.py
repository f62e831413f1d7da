"""``stm``: NIST Segment Time Marked, one utterance per line: recording, channel, speaker, start, end, words.

    meeting 1 SPEAKER_00 12.300 15.000 And then we agreed

Reading skips ``;;`` comments and a label such as ``<o,f0,male>`` before the words; word times are interpolated. A row
with the words ``IGNORE_TIME_SEGMENT_IN_SCORING`` or the speaker ``excluded_region`` excludes a time of its channel from
scoring (`unscored`); an ``inter_segment_gap`` without words is silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript, Unscored
from pipeline.formats.base import Channels, Format, encoded
from pipeline.formats.sanitize import clean, distinct, token
from pipeline.formats.segments import Sessions, lines, marks, number, single, speaker_channels
from pipeline.formats.timestamps import millis, seconds

_LABEL = re.compile(r"<([^<>\s]*,[^<>\s]*|[oO]|NA)>(?=\s|$)")
_UNSCORED = "ignore_time_segment_in_scoring"
_EXCLUDED = "excluded_region"
_GAP = "inter_segment_gap"


def dumps(transcript: Transcript, session: str) -> str:
    """The utterances as lines; a text that would be read as a label begins with ``‹`` instead of ``<``."""
    names = distinct(transcript.speakers)
    rows = []
    for utterance in transcript.utterances:
        start, end = (seconds(time) for time in millis(utterance))
        text = clean(utterance.text)
        text = f"‹{text[1:]}" if _LABEL.match(text) else text
        rows.append(f"{token(session)} 1 {names[utterance.speaker]} {start} {end} {text}".rstrip() + "\n")
    return "".join(rows)


def loads(text: str) -> Transcript:
    """The utterances of the one recording in ``text``; raises `FormatError` naming the line.

    >>> [utterance.text for utterance in loads("meeting 1 Anna 0.5 2.5 <o,f0,female> good morning").utterances]
    ['good morning']
    """
    return single(loads_sessions(text))


def loads_sessions(text: str) -> dict[str, Transcript]:
    """The utterances of each recording in ``text``; raises `FormatError` naming the line."""
    sessions = Sessions()
    for place, fields, words in _rows(text):
        session, speaker, times = fields[0], fields[2], _times(fields, place)
        if _is_unscored(fields, words):
            sessions.note(session, "unscored", place)
        elif speaker.lower() == _GAP and not words:
            sessions.name(session)
        else:
            sessions.add_text(session, times, speaker, words, place)
    return sessions.transcripts()


def unscored(text: str) -> dict[str, tuple[Unscored, ...]]:
    """The times that are excluded from scoring for all speakers, by recording."""
    return marks(
        (fields[0], fields[1], _times(fields, place))
        for place, fields, words in _rows(text)
        if _is_unscored(fields, words)
    )


def channels(text: str) -> dict[str, Channels]:
    """The channel of each speaker, by recording."""
    return speaker_channels(
        (fields[0], fields[1], fields[2]) for _, fields, words in _rows(text) if not _is_unscored(fields, words)
    )


def _rows(text: str) -> Iterator[tuple[str, list[str], str]]:
    """Each line's place, its first five fields, and its words without the label."""
    for place, line in lines(text):
        fields = line.split(maxsplit=5)
        if len(fields) < 5:
            what = f"{place}: expected at least 5 fields in an STM line, found {len(fields)}"
            raise FormatError(what, hint="the fields are: recording channel speaker start end words")
        words = "".join(fields[5:])
        yield place, fields[:5], _LABEL.sub("", words, count=1).strip() if _LABEL.match(words) else words


def _times(fields: list[str], place: str) -> tuple[float, float]:
    return number(fields[3], "start", place), number(fields[4], "end", place)


def _is_unscored(fields: list[str], words: str) -> bool:
    return words.lower() == _UNSCORED or fields[2].lower() == _EXCLUDED


FORMAT = Format(
    "stm",
    ".stm",
    encoded(dumps),
    loads,
    loads_sessions,
    unscored=unscored,
    channels=channels,
    help="NIST STM: the utterances.",
)
