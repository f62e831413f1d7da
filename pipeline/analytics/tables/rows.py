"""The rows of one call in every table, from its analytics, its transcript and its minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from pipeline.analytics.calls import Call
from pipeline.core.serialization import to_plain
from pipeline.core.types import Transcript
from pipeline.minutes.types import KINDS

Row = dict[str, Any]

COLUMN_OF: Mapping[str, str] = MappingProxyType({
    **{key: f"{key}_s" for key in (
        "duration", "speech", "silence", "overlap", "talk", "longest_monologue", "response_latency_mean",
        "response_latency_median", "start", "end", "first_response", "hold", "music", "shouting", "holder_remaining",
        "incomer_after",
    )},
    "talk_spurts": "talk_spurt_count",
    "words": "word_count",
    "incomer_words": "incomer_word_count",
    "responses": "response_count",
    "interruptions": "interruption_count",
    "interrupted": "interrupted_count",
    "backchannels": "backchannel_count",
    "questions": "question_count",
    "loudness": "loudness_lufs",
    "level": "level_lufs",
})  # fmt: skip
"""The column of each key of the analytics JSON that has another name in the tables: units are in columns' names."""
KIND_COLUMNS: Mapping[str, str] = MappingProxyType({
    kind: f"{kind}_count" for kind in ("start", "backchannel", "turn_end", "interruption")
})  # fmt: skip
"""The column that counts each kind of overlap in a call."""
_SCALARS = frozenset({
    "recorded", "sha256", "duration_s", "language", "complete", "speech_s", "silence_s", "silence_ratio", "hold_s",
    "music_s", "first_response_s", "ended_by", "question_count", "overlap_s", "overlap_ratio",
})  # fmt: skip
"""Columns of ``calls`` whose value the analytics JSON has under its key (`COLUMN_OF`)."""


def rows(call: Call) -> Iterator[tuple[str, Row]]:
    """The rows of one call, each with the name of its table."""
    data, name = call.analytics, {"call": call.name}
    minutes = call.minutes()
    counts = {"decision_count": len(minutes.decisions), "action_count": len(minutes.actions)} if minutes else {}
    origin = {"recording_exists": call.exists, "sha256": call.sha256, "duplicate_of": call.duplicate_of}
    yield "calls", {**data["columns"], **name, **summary(data), **counts, **origin}
    for kind in KINDS if minutes else ():
        for item in getattr(minutes, kind):
            yield "minutes", name | {"kind": kind} | in_columns(to_plain(item))
    transcript = call.transcript()
    people = {each.label: each.name for each in transcript.identities} if transcript else {}
    for speaker in data["speakers"]:
        yield "speakers", name | in_columns(speaker) | {"person": speaker["person"] or people.get(speaker["speaker"])}
    yield from ((table, name | row) for table, row in _events(data))
    if transcript is not None:
        yield from ((table, name | row) for table, row in _transcript_rows(transcript))


def summary(data: Mapping[str, Any]) -> Row:
    """The row of a call in ``calls`` but its name, its manifest's columns, and what other files say of it."""
    kinds = Counter(event["kind"] for event in data["overlap_events"])
    failed = [finding for finding in data["findings"] if finding["passed"] is False]
    values = {key: value for key, value in in_columns(data).items() if key in _SCALARS}
    longest = data["longest_silence"]
    return values | {
        "recorded_day": recorded_day(data["recorded"]),
        "warnings": " ".join(dict.fromkeys(warning["code"] for warning in data["warnings"])),
        "role_decisions": role_decisions(data),
        "unknown_role_count": sum(decision["role"] is None for decision in data["roles"]),
        "speaker_count": len(data["speakers"]),
        "word_count": sum(speaker["words"] for speaker in data["speakers"]),
        "dead_air_s": round(sum(gap["end"] - gap["start"] for gap in data["dead_air"]), 3),
        "dead_air_count": len(data["dead_air"]),
        "longest_silence_s": None if longest is None else round(longest["end"] - longest["start"], 3),
        "longest_silence_start_s": None if longest is None else longest["start"],
        **{column: kinds[kind] for kind, column in KIND_COLUMNS.items()},
        "passed_rule_count": sum(finding["passed"] is True for finding in data["findings"]),
        "failed_rule_count": len(failed),
        "failed_critical_rule_count": sum(finding["severity"] == "critical" for finding in failed),
    }


def in_columns(row: Mapping[str, Any]) -> Row:
    """The values under the names of their columns."""
    return {COLUMN_OF.get(key, key): value for key, value in row.items()}


def role_decisions(data: Mapping[str, Any]) -> str:
    """``agent (phrase); SPEAKER_01 (unknown)``: each decision about a role, "" without one."""
    return "; ".join(f"{one['role'] or one['speaker']} ({one['decision']})" for one in data["roles"])


def recorded_day(recorded: str | None, today: date | None = None) -> str | None:
    """The day of a recording date, as written; None if it is missing, not a date, or later than tomorrow.

    ``today`` is the day of the report. A day more is allowed: it began earlier in other time zones.
    """
    try:
        day = datetime.fromisoformat(recorded or "").date()
    except ValueError:
        return None
    last = (today or datetime.now().astimezone().date()) + timedelta(days=1)
    return day.isoformat() if day <= last else None


def _events(data: Mapping[str, Any]) -> Iterator[tuple[str, Row]]:
    """The rows of everything in the analytics that has a time."""
    for decision in data["roles"]:
        base = {key: decision[key] for key in ("speaker", "role", "decision", "reason")}
        for evidence in decision["evidence"] or [{}]:
            row = in_columns(evidence)
            yield "roles", base | {"evidence": row.pop("text", None)} | row
    for event in data["overlap_events"]:
        yield "overlaps", in_columns(event)
    for finding in data["findings"]:
        base = {key: finding[key] for key in ("rule", "severity", "passed", "expected", "reason")}
        for evidence in finding["evidence"] or [{}]:
            yield "findings", base | _measured(finding["measured"] or {}) | in_columns(evidence)
    for pause in data["pauses"]:
        yield "pauses", in_columns(pause)
    for number, quarter in enumerate(data["quarters"], 1):
        base = {"quarter": number, "start_s": quarter["start"], "end_s": quarter["end"]}
        for speaker in quarter["speakers"]:
            yield "quarters", base | in_columns(speaker)


def _measured(measured: Mapping[str, Any]) -> Row:
    """What a rule measured: numbers with their limit, or a speaker."""
    value, limit = measured.get("value"), measured.get("limit")
    label = {"measured_label": value} if isinstance(value, str) else {"measured_value": value, "limit_value": limit}
    return {"measure": measured.get("measure"), **label}


def _transcript_rows(transcript: Transcript) -> Iterator[tuple[str, Row]]:
    for turn in transcript.turns:
        times = {"start_s": round(turn.start, 3), "end_s": round(turn.end, 3), "margin": turn.margin}
        yield "turns", {"speaker": turn.speaker, **times, "loudness_lufs": turn.loudness}
    for utterance in transcript.utterances:
        for word in utterance.words:
            row = {"start_s": round(word.start, 3), "end_s": round(word.end, 3), "text": word.text}
            row |= {"probability": word.probability, "origin": word.origin, "suspect": word.suspect}
            yield "words", {"speaker": utterance.speaker, **row}
