"""``seglst``: MeetEval's segment list, a JSON array with one object per utterance.

    [{"session_id": "meeting", "speaker": "SPEAKER_00", "start_time": 12.3, "end_time": 15.0, "words": "And then"}]

Reading accepts times as numbers or as decimal strings (CHiME), ignores further keys, and interpolates word times.
"""

from __future__ import annotations

import json
from typing import Any

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import clean, distinct
from pipeline.formats.segments import Sessions, number, single
from pipeline.formats.timestamps import millis


def dumps(transcript: Transcript, session: str) -> str:
    """The utterances as segments, one per line."""
    names = distinct(transcript.speakers, clean)
    rows = []
    for utterance in transcript.utterances:
        start, end = (time / 1000 for time in millis(utterance))
        segment = {
            "session_id": clean(session),
            "speaker": names[utterance.speaker],
            "start_time": start,
            "end_time": end,
            "words": clean(utterance.text),
        }
        rows.append(json.dumps(segment, ensure_ascii=False))
    return "[\n" + ",\n".join(rows) + "\n]\n" if rows else "[]\n"


def loads(text: str) -> Transcript:
    """The utterances of the one recording in ``text``; raises `FormatError` naming the segment."""
    return single(loads_sessions(text))


def loads_sessions(text: str) -> dict[str, Transcript]:
    """The utterances of each recording in ``text``; raises `FormatError` naming the segment."""
    try:
        segments = json.loads(text.removeprefix("\ufeff"), parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}") from error
    if not isinstance(segments, list):
        raise FormatError("expected a JSON array of segments")
    sessions = Sessions()
    for count, segment in enumerate(segments, start=1):
        place = f"segment {count}"
        if not isinstance(segment, dict):
            raise FormatError(f"{place}: expected an object")
        session, speaker, words = (_text(segment, key, place) for key in ("session_id", "speaker", "words"))
        start, end = (number(_text(segment, key, place), key, place) for key in ("start_time", "end_time"))
        sessions.add_text(session, (start, end), speaker, words, place)
    return sessions.transcripts()


def _text(segment: dict[str, Any], key: str, place: str) -> str:
    value = segment.get(key)
    if not isinstance(value, str):
        raise FormatError(f"{place}: {key} is missing" if value is None else f"{place}: {key} is not text or a number")
    return value


FORMAT = Format("seglst", ".seglst.json", encoded(dumps), loads, loads_sessions, help="MeetEval's segment list.")
