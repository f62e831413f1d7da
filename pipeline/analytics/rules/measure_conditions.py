"""Evaluation of conditions on measures: of the whole call from its analytics, of a part of it from the transcript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.analytics.rules.call import Call
from pipeline.analytics.rules.describing import expectation
from pipeline.analytics.rules.measure_names import MEASURES
from pipeline.analytics.rules.measuring import EVENTS, Value, count_events, measure_part
from pipeline.analytics.rules.speaker_labels import absence, find_label
from pipeline.analytics.rules.types import Evidence, Measured, Outcome


def evaluate(call: Call, condition: Measured) -> Outcome:
    """Whether the measure is within its limits; it does not apply where it was not measured."""
    expected = expectation(condition)
    for speaker in filter(None, (condition.speaker, condition.is_)):
        if find_label(call.transcript, speaker) is None:
            return Outcome(None, expected, reason=absence(call.transcript, speaker))
    label = find_label(call.transcript, condition.speaker)
    if condition.range is not None:
        span = condition.range.span(call.duration)
        if span is None:
            return Outcome(None, expected, reason=f"the call of {call.duration:.1f} s has no such part")
        value = measure_part(call, condition.measure, label, span)
    else:
        value = _whole(call, condition.measure, label)
    if value.value is None:
        return Outcome(None, expected, reason=f"{condition.measure} was not measured: {value.reason}")
    return _outcome(call, condition, value, expected)


def _outcome(call: Call, condition: Measured, value: Value, expected: str) -> Outcome:
    measured: dict[str, Any] = {"measure": condition.measure, "value": value.value}
    if condition.is_ is not None:
        label = find_label(call.transcript, condition.is_)
        passed = value.value == label
        measured["limit"] = label
    else:
        number = float(value.value)  # type: ignore[arg-type]  # a number unless the condition has `is`
        low, high = condition.gte, condition.lte
        passed = (low is None or number >= low) and (high is None or number <= high)
        measured["limit"] = low if high is None or (low is not None and number < low) else high
    return Outcome(passed, expected, call.with_roles(tuple(value.moments)), measured)


def _whole(call: Call, name: str, label: str | None) -> Value:
    """The measure of the whole call, from its analytics."""
    if name == "longest_silence":
        return _longest_silence(call.analytics.get("longest_silence"))
    if name in EVENTS:
        return count_events(call.analytics["overlap_events"], name, label)
    if MEASURES[name].speaker == "refused":
        return Value(call.analytics.get(name), _reason(name))
    rows = [row for row in call.analytics["speakers"] if label is None or row["speaker"] == label]
    values = [row.get(name) for row in rows]
    if not values or any(value is None for value in values):
        return Value(None, _reason(name))
    return Value(sum(values))


def _longest_silence(span: Mapping[str, float] | None) -> Value:
    if span is None:
        return Value(0.0)
    return Value(span["end"] - span["start"], moments=(Evidence(span["start"], span["end"], "", ""),))


def _reason(name: str) -> str:
    reasons = {
        "sentiment": "it needs English, and the package vaderSentiment",
        "loudness": "the sound of the recording was not measured",
        "shouting": "the sound of the recording was not measured, or there are too few turns",
        "hold": "the sound of the recording was not measured",
        "music": "the sound of the recording was not measured",
        "questions": "the text has no punctuation",
        "ended_by": "no one said goodbye at the end",
        "first_response": "no one answered another speaker",
    }
    return reasons.get(name, "there is too little speech")
