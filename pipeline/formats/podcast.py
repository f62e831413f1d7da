"""``podcast``: the JSON transcript of Podcasting 2.0, with one segment for each utterance.

Each segment has ``speaker``, ``startTime`` and ``endTime`` in seconds, and ``body``:
https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/transcripts/transcripts.md. The characters
``<``, ``>`` and ``&`` are written as JSON escapes, so that a page that holds the file sees no markup in it.
"""

from __future__ import annotations

import json

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, encoded
from pipeline.formats.sanitize import clean, distinct
from pipeline.formats.timestamps import millis

VERSION = "1.0.0"
"""Version of the transcript specification that the file obeys."""
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def dumps(transcript: Transcript, session: str) -> str:
    """The utterances as segments, one per line; ``session`` is not written."""
    names = distinct(transcript.speakers, clean)
    rows = []
    for utterance in transcript.utterances:
        start, end = (time / 1000 for time in millis(utterance))
        body = clean(utterance.text)
        segment = {"speaker": names[utterance.speaker], "startTime": start, "endTime": end, "body": body}
        rows.append(json.dumps(segment, ensure_ascii=False).translate(_ESCAPES))
    segments = "[\n" + ",\n".join(rows) + "\n]" if rows else "[]"
    return f'{{"version": "{VERSION}", "segments": {segments}}}\n'


FORMAT = Format("podcast", ".podcast.json", encoded(dumps), help="Transcript of a podcast (Podcasting 2.0, JSON).")
