"""Evaluation of conditions on phrases."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.analytics.rules.call import Call
from pipeline.analytics.rules.describing import expectation
from pipeline.analytics.rules.speaker_labels import absence, find_label
from pipeline.analytics.rules.types import Evidence, Outcome, Phrases, Speaker, Trigger

Filter = Callable[[Evidence], bool]


def evaluate(call: Call, condition: Phrases) -> Outcome:
    """Whether the phrases are said, or not said, in their place.

    With ``after`` or ``before``, each occurrence of those phrases needs the phrases in its time, or none of them.
    """
    expected = expectation(condition)
    if problem := _problem(call, condition):
        return Outcome(None, expected, reason=problem)
    label = find_label(call.transcript, condition.speaker)
    matches = call.find(condition.phrases, condition.similarity, label)
    if condition.range is not None:
        place = condition.range
        matches = tuple(each for each in matches if place.contains(each.start, call.duration))
    if condition.trigger is not None:
        return _around(call, condition, condition.trigger, matches, expected)
    if condition.within is not None:
        matches = tuple(each for each in matches if each.start <= condition.within)
    if condition.mode == "never":
        return Outcome(not matches, expected, matches)
    passed, missing = _is_said(call, condition, label, matches)
    return Outcome(passed, expected, matches, reason=missing or None)


def _problem(call: Call, condition: Phrases) -> str:
    """Why a condition does not apply to a call; "" if it does."""
    speakers = [condition.speaker, condition.trigger.speaker if condition.trigger else None]
    for speaker in filter(None, speakers):
        if find_label(call.transcript, speaker) is None:
            return absence(call.transcript, speaker)
    if condition.range is not None and condition.range.span(call.duration) is None:
        return f"the call of {call.duration:.1f} s has no part {condition.range.text}"
    return ""


def _is_said(call: Call, condition: Phrases, label: str | None, matches: Sequence[Evidence]) -> tuple[bool, str]:
    """Whether enough of the phrases are among the matches, and which are missing where all are needed."""
    if condition.mode == "any":
        return bool(matches), ""
    found = {each.phrase for each in matches}
    missing = [f'"{phrase}"' for phrase in condition.phrases if phrase not in found]
    return not missing, f"without {' and '.join(missing)}" if missing else ""


def _around(call: Call, condition: Phrases, trigger: Trigger, matches: Sequence[Evidence], expected: str) -> Outcome:
    label = find_label(call.transcript, trigger.speaker)
    triggers = call.find(trigger.phrases, condition.similarity, label)
    if not triggers:
        texts = " or ".join(f'"{phrase}"' for phrase in trigger.phrases)
        return Outcome(None, expected, reason=f"{_by(trigger.speaker)} said {texts}")
    near = {each: [m for m in matches if _is_near(m, each, condition)] for each in triggers}
    found = tuple(dict.fromkeys(each for group in near.values() for each in group))
    if condition.mode == "never":
        return Outcome(not found, expected, found)
    unanswered = tuple(each for each, group in near.items() if not _is_said(call, condition, label, group)[0])
    side = "before" if trigger.is_before else "after"
    reason = f"{len(unanswered)} of {len(triggers)} without the phrases {side} them" if unanswered else None
    return Outcome(not unanswered, expected, (*found, *unanswered), reason=reason)


def _by(speaker: Speaker | None) -> str:
    return f"{speaker.name} has not" if speaker else "no one has"


def _is_near(match: Evidence, trigger: Evidence, condition: Phrases) -> bool:
    limit = float("inf") if condition.within is None else condition.within
    if condition.trigger is not None and condition.trigger.is_before:
        return match.end <= trigger.start and trigger.start - match.start <= limit
    return trigger.end <= match.start <= trigger.end + limit
