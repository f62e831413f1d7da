"""``stm``: NIST Segment Time Marked, one utterance a line: recording, channel, speaker, start, end, words.

    meeting 1 SPEAKER_00 12.300 15.000 And then he said

Reading skips ``;;`` comments and a label such as ``<o,f0,male>`` before the words, and leaves out what is marked as not
to be scored (``inter_segment_gap``, ``IGNORE_TIME_SEGMENT_IN_SCORING``) with a warning. Word times are interpolated.
"""

from __future__ import annotations

import re

from pipeline.errors import FormatError
from pipeline.formats.clock import millis, seconds
from pipeline.formats.inert import clean, distinct, token
from pipeline.formats.sessions import Row, gathered, interpolated, lines, number, only, turn
from pipeline.values import Notice, Transcript

_LABEL = re.compile(r"<([^<>\s]*,[^<>\s]*|[oO]|NA)>(?=\s|$)")
_UNSCORED = "ignore_time_segment_in_scoring"


def dumps(transcript: Transcript, session: str) -> str:
    """The utterances as lines; one that would begin like a label begins with ``‹`` instead of ``<``."""
    names = distinct(transcript.speakers)
    found = []
    for utterance in transcript.utterances:
        start, end = (seconds(time) for time in millis(utterance))
        text = clean(utterance.text)
        text = f"‹{text[1:]}" if _LABEL.match(text) else text
        found.append(f"{token(session)} 1 {names[utterance.speaker]} {start} {end} {text}".rstrip() + "\n")
    return "".join(found)


def loads(text: str) -> Transcript:
    """The utterances of the one recording in ``text``."""
    return only(loads_sessions(text))


def loads_sessions(text: str) -> dict[str, Transcript]:
    """The utterances of each recording in ``text``; raises `FormatError` naming the line."""
    rows: list[Row] = []
    skipped: dict[str, tuple[Notice, ...]] = {}
    for place, line in lines(text):
        fields = line.split(maxsplit=5)
        if fields[2:3] == ["inter_segment_gap"] or line.split()[-1].lower() == _UNSCORED:
            notice = Notice("unscored", f"{place} is marked as not to be scored and was left out")
            skipped[fields[0]] = (*skipped.get(fields[0], ()), notice)
        else:
            rows.append(_row(fields, place))
    return gathered(rows, skipped)


def _row(fields: list[str], place: str) -> Row:
    if len(fields) < 5:
        raise FormatError(f"{place}: an STM line has at least 5 fields (recording channel speaker start end words)")
    start, end = number(fields[3], "start", place), number(fields[4], "end", place)
    held = turn(start, end, fields[2], place)
    words = _LABEL.sub("", fields[5], count=1) if len(fields) > 5 and _LABEL.match(fields[5]) else "".join(fields[5:])
    return Row(fields[0], held, interpolated(held, words, place))
