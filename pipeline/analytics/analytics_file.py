"""Analytics of a call as a JSON file next to its transcript. Format ``crosstalk-analytics/2``; times in seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.analytics import phrase_rules
from pipeline.analytics.metrics import measure
from pipeline.analytics.phrase_matching import evaluate_rules
from pipeline.analytics.phrase_rules import Rule
from pipeline.analytics.sentiment import method, sentiments
from pipeline.core.serialization import to_plain
from pipeline.core.types import Transcript

VERSION = "crosstalk-analytics/2"
"""Name and version of the format; it changes if keys change. Files of `OLD_VERSION` are read for one more version,
those of any other are refused."""
OLD_VERSION = "crosstalk-analytics/1"
"""The format that version 0.1.0 wrote."""
SUFFIX = ".analytics.json"
"""Suffix of the files; `calls.read_calls` finds them by it."""

_OLD_METRICS: Mapping[str, str] = {
    "stretches": "talk_spurts",
    "answers": "responses",
    "latency_mean": "response_latency_mean",
    "latency_median": "response_latency_median",
}
"""Old and new key of the metrics of a speaker."""


def analyze(
    transcript: Transcript, rules: Sequence[Rule] = (), columns: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """All analytics of a call as plain data, numbers rounded to three decimals; ``columns`` are copied."""
    scores = sentiments(transcript)
    plain = to_plain(measure(transcript))
    for speaker in plain["speakers"]:
        speaker["sentiment"] = scores.get(speaker["speaker"])
    analytics = {"version": VERSION, "language": transcript.language, "complete": transcript.complete, **plain}
    analytics |= {
        "sentiment_by": method(transcript.language),
        "findings": to_plain(evaluate_rules(transcript, rules)),
        "warnings": [{"code": notice.code, "message": notice.message} for notice in transcript.notices],
        "columns": dict(columns or {}),
    }
    rounded: dict[str, Any] = _rounded(analytics)
    return rounded


def path_of(target: Path) -> Path:
    """The path of the analytics of ``target`` (a path without suffix): ``TARGET.analytics.json``."""
    return target.with_name(f"{target.name}{SUFFIX}")


def file_of(transcript: Transcript, rules: str, target: Path, columns: Mapping[str, str]) -> tuple[Path, bytes]:
    """Path and content of the analytics file of a transcript; ``rules`` is the text of a rules file."""
    return path_of(target), dumps(analyze(transcript, phrase_rules.read(rules), columns)).encode()


def dumps(analytics: Mapping[str, Any]) -> str:
    """Analytics as ASCII JSON; equal analytics give equal bytes."""
    return json.dumps(analytics, indent=1, allow_nan=False) + "\n"


def with_current_keys(data: Any) -> dict[str, Any] | None:
    """The content of an analytics file with the keys of `VERSION`; None if it has another version than the two."""
    if not isinstance(data, dict) or data.get("version") not in (VERSION, OLD_VERSION):
        return None
    if data["version"] == VERSION:
        return data
    rest = {key: value for key, value in data.items() if key not in ("version", "parts", "crossings", "findings")}
    return {
        "version": OLD_VERSION,
        **rest,
        "overlap_events": data["crossings"],
        "speakers": [{_OLD_METRICS.get(key, key): value for key, value in one.items()} for one in data["parts"]],
        "findings": [{"passed" if key == "kept" else key: one[key] for key in one} for one in data["findings"]],
        "warnings": [],
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(float(value), 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_rounded(item) for item in value]
    return value
