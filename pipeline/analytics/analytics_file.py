"""A call's analytics as one JSON file beside its transcript. Version ``crosstalk-analytics/2``; times in seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.analytics import phrase_rules as ruling
from pipeline.analytics.metrics import measure
from pipeline.analytics.phrase_matching import evaluate_rules
from pipeline.analytics.phrase_rules import Rule
from pipeline.analytics.sentiment import method, sentiments
from pipeline.core.serialization import to_plain
from pipeline.core.types import Transcript

VERSION = "crosstalk-analytics/2"
SUFFIX = ".analytics.json"


def analyze(
    transcript: Transcript, rules: Sequence[Rule] = (), columns: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Everything of a call as plain data, numbers rounded to a thousandth; ``columns`` are carried through."""
    feelings = sentiments(transcript)
    plain = to_plain(measure(transcript))
    for part in plain["parts"]:
        part["sentiment"] = feelings.get(part["speaker"])
    measured = {"version": VERSION, "language": transcript.language, "complete": transcript.complete, **plain}
    measured |= {
        "sentiment_by": method(transcript.language),
        "findings": to_plain(evaluate_rules(transcript, rules)),
        "warnings": [{"code": notice.code, "message": notice.message} for notice in transcript.notices],
        "columns": dict(columns or {}),
    }
    rounded: dict[str, Any] = _rounded(measured)
    return rounded


def path_of(target: Path) -> Path:
    """``TARGET.analytics.json``."""
    return target.with_name(f"{target.name}{SUFFIX}")


def file_of(transcript: Transcript, rules: str, target: Path, columns: Mapping[str, str]) -> tuple[Path, bytes]:
    """The file for a transcript under the text of the rules: its path, and what is to be in it."""
    return path_of(target), dumps(analyze(transcript, ruling.read(rules), columns)).encode()


def dumps(analytics: Mapping[str, Any]) -> str:
    """As JSON; the same analytics give the same bytes, and all of them are ASCII."""
    return json.dumps(analytics, indent=1, allow_nan=False) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(float(value), 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_rounded(item) for item in value]
    return value
