"""Analytics of a call as a JSON file next to its transcript. Format ``crosstalk-analytics/3``; times in seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.analytics.measures.metrics import measure
from pipeline.analytics.measures.quarters import quarters
from pipeline.analytics.measures.sentiment import method, sentiments
from pipeline.analytics.roles.labels import roles_of
from pipeline.analytics.rules.evaluation import evaluate_rules
from pipeline.analytics.rules.types import Rule
from pipeline.core.serialization import to_plain
from pipeline.core.types import Transcript

VERSION = "crosstalk-analytics/3"
"""Name and version of the format; it changes if keys change. Files of `OLD_VERSIONS` are read for one more version,
those of any other are refused."""
OLD_VERSIONS = ("crosstalk-analytics/1", "crosstalk-analytics/2")
"""Formats of earlier versions; version 0.1.0 wrote the first."""
SUFFIX = ".analytics.json"
"""Suffix of the files; `calls.read_calls` finds them by it."""

_ADDED: Mapping[str, Any] = {
    "recorded": None, "sha256": None, "roles": (), "first_response": None, "longest_silence": None, "hold": None,
    "music": None, "pauses": (), "ended_by": None, "questions": None, "quarters": (),
}  # fmt: skip
"""Keys of a call that the old versions do not have, with the values for unknown."""
_ADDED_TO_SPEAKERS = ("role", "person", "questions", "loudness", "shouting")
_ADDED_TO_EVENTS = ("holder_remaining", "incomer_words", "incomer_after", "margin")
_ADDED_TO_FINDINGS = ("severity", "expected", "measured", "reason")
_ADDED_TO_EVIDENCE = ("role", "confidence")
"""Keys of speakers, overlap events, findings and their evidence that the old versions do not have."""
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
    provenance = transcript.provenance
    plain = to_plain(measure(transcript))
    plain["speakers"] = _speakers(transcript, plain["speakers"])
    analytics = {"version": VERSION, "language": transcript.language, "complete": transcript.complete, **plain}
    analytics |= {
        "recorded": provenance.recorded if provenance else None,
        "sha256": (provenance.sha256 or None) if provenance else None,
        "roles": to_plain(transcript.roles),
        "sentiment_by": method(transcript.language),
        "quarters": to_plain(quarters(transcript)),
        "findings": [],
        "warnings": [{"code": notice.code, "message": notice.message} for notice in transcript.notices],
        "columns": dict(columns or {}),
    }
    analytics["findings"] = to_plain(evaluate_rules(transcript, rules, analytics))
    rounded: dict[str, Any] = _rounded(analytics)
    return rounded


def path_of(target: Path) -> Path:
    """The path of the analytics of ``target`` (a path without suffix): ``TARGET.analytics.json``."""
    return target.with_name(f"{target.name}{SUFFIX}")


def file_of(
    transcript: Transcript, rules: Sequence[Rule], target: Path, columns: Mapping[str, str]
) -> tuple[Path, bytes]:
    """Path and content of the analytics file of a transcript."""
    return path_of(target), dumps(analyze(transcript, rules, columns)).encode()


def dumps(analytics: Mapping[str, Any]) -> str:
    """Analytics as ASCII JSON; equal analytics give equal bytes."""
    return json.dumps(analytics, indent=1, allow_nan=False) + "\n"


def with_current_keys(data: Any) -> dict[str, Any] | None:
    """The content of an analytics file with the keys of `VERSION`; None for a version that is not read.

    What an old version does not have is null or empty; ``version`` stays.
    """
    if not isinstance(data, dict) or data.get("version") not in (VERSION, *OLD_VERSIONS):
        return None
    if data["version"] == VERSION:
        return data
    data = _with_keys_of_2(data) if data["version"] == OLD_VERSIONS[0] else data
    return {
        **{key: list(value) if isinstance(value, tuple) else value for key, value in _ADDED.items()},
        **data,
        "overlap_events": [dict.fromkeys(_ADDED_TO_EVENTS) | event for event in data["overlap_events"]],
        "speakers": [dict.fromkeys(_ADDED_TO_SPEAKERS) | speaker for speaker in data["speakers"]],
        "findings": [_with_finding_keys(finding) for finding in data["findings"]],
    }


def _with_keys_of_2(data: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a file of version 0.1.0 with the keys of the format after it."""
    rest = {key: value for key, value in data.items() if key not in ("parts", "crossings", "findings")}
    return {
        **rest,
        "overlap_events": data["crossings"],
        "speakers": [{_OLD_METRICS.get(key, key): value for key, value in one.items()} for one in data["parts"]],
        "findings": [{"passed" if key == "kept" else key: one[key] for key in one} for one in data["findings"]],
        "warnings": [],
    }


def _with_finding_keys(finding: Mapping[str, Any]) -> dict[str, Any]:
    evidence = [dict.fromkeys(_ADDED_TO_EVIDENCE) | each for each in finding["evidence"]]
    return dict.fromkeys(_ADDED_TO_FINDINGS) | {**finding, "evidence": evidence}


def _speakers(transcript: Transcript, metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The metrics of speakers with their role, the name of the person, and sentiment."""
    roles, scores = roles_of(transcript), sentiments(transcript)
    people = {identity.label: identity.name for identity in transcript.identities}
    return [
        {"speaker": (label := one["speaker"]), "role": roles.get(label), "person": people.get(label)}
        | {**one, "sentiment": scores.get(label)}
        for one in metrics
    ]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(float(value), 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_rounded(item) for item in value]
    return value
