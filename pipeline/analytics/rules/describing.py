"""What a rule asks for, in one line of English."""

from __future__ import annotations

from pipeline.analytics.rules.measure_names import MEASURES
from pipeline.analytics.rules.types import Combined, Condition, Measured, Phrases, Reference, Speaker, Trigger


def expectation(condition: Condition) -> str:
    """The line for a condition, such as ``agent says "hello" or "good morning" in the first 20 s``."""
    if isinstance(condition, Phrases):
        return _phrases(condition)
    if isinstance(condition, Measured):
        return _measured(condition)
    if isinstance(condition, Reference):
        return f"rule {condition.rule}"
    return _combined(condition)


def _phrases(condition: Phrases) -> str:
    who = _who(condition.speaker, "someone")
    verb = f"{who} says"
    if condition.mode == "never":
        verb = f"{who} never says" if condition.speaker else "no one says"
    joint = " and " if condition.mode == "all" else " or "
    texts = joint.join(f'"{phrase}"' for phrase in condition.phrases)
    return " ".join(filter(None, (verb, texts, _when(condition))))


def _when(condition: Phrases) -> str:
    parts = []
    if condition.trigger is not None:
        side = "before" if condition.trigger.is_before else "after"
        limit = f"within {condition.within:g} s {side}" if condition.within is not None else side
        parts.append(f"{limit} {_trigger(condition.trigger)}")
    elif condition.within is not None:
        parts.append(f"in the first {condition.within:g} s")
    if condition.range is not None:
        parts.append(f"in the range {condition.range.text}")
    return ", ".join(parts)


def _trigger(trigger: Trigger) -> str:
    texts = " or ".join(f'"{phrase}"' for phrase in trigger.phrases)
    return f"{texts} by {trigger.speaker.name}" if trigger.speaker else texts


def _measured(condition: Measured) -> str:
    name = condition.measure.replace("_", " ")
    who = f" of {condition.speaker.name}" if condition.speaker else ""
    where = f" in the range {condition.range.text}" if condition.range else ""
    if condition.is_ is not None:
        return f"{name} {condition.is_.name}"
    unit = MEASURES[condition.measure].unit
    limits = [(condition.gte, "at least"), (condition.lte, "at most")]
    texts = [f"{word} {limit:g} {unit}".strip() for limit, word in limits if limit is not None]
    return f"{name}{who}{where}: {' and '.join(texts)}"


def _combined(condition: Combined) -> str:
    parts = [expectation(part) for part in condition.conditions]
    if condition.mode == "not":
        return f"not ({parts[0]})"
    joint = " and " if condition.mode == "all" else " or "
    return parts[0] if len(parts) == 1 else joint.join(f"({part})" for part in parts)


def _who(speaker: Speaker | None, anyone: str) -> str:
    return speaker.name if speaker else anyone
