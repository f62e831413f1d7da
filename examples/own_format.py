"""An output format of your own: a function from a transcript to bytes, declared as a `Format`.

    PYTHONPATH=examples transcribe meeting.wav --format own_format:FORMAT

The format writes one JSON object per line and utterance (JSON Lines), as tools for labelling and search indices read.
"""

from __future__ import annotations

import json

from pipeline.core.types import Transcript
from pipeline.formats import Format
from pipeline.formats.sanitize import clean


def dumps(transcript: Transcript, session: str) -> bytes:
    """UTF-8 JSON Lines; ``session`` is the recording's name. Times are in seconds."""
    rows = (
        {
            "recording": session,
            "start": round(utterance.start, 3),
            "end": round(utterance.end, 3),
            "speaker": clean(utterance.speaker),
            "text": clean(utterance.text),
        }
        for utterance in transcript.utterances
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


FORMAT = Format(name="jsonl", suffix=".jsonl", dumps=dumps, version=1, help="One JSON object per utterance.")
