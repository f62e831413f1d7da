"""Why a rule passes, fails or does not apply in a call: text for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.analytics.rules.call import Call
from pipeline.analytics.rules.describing import expectation
from pipeline.analytics.rules.evaluation import outcome_of
from pipeline.analytics.rules.matching import Match, best_match
from pipeline.analytics.rules.speaker_labels import find_label
from pipeline.analytics.rules.types import Combined, Condition, Evidence, Outcome, Phrases, Reference, Rule, Speaker
from pipeline.core.errors import SettingsError, printable
from pipeline.core.types import Transcript
from pipeline.formats.timestamps import minutes

_RESULTS: Mapping[bool | None, str] = {True: "passed", False: "failed", None: "does not apply"}


def explain(transcript: Transcript, rules: Sequence[Rule], analytics: Mapping[str, Any], name: str) -> str:
    """Lines about one rule: its conditions, the best match of each phrase, and what was measured.

    Raises `SettingsError` where no rule has the name.
    """
    known = {rule.name: rule for rule in rules}
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the rules are {', '.join(known) or 'not there'}"
        raise SettingsError(f"{name!r} is not a rule", where="--explain", hint=hint)
    rule = known[name]
    call = Call(transcript, analytics, known)
    lines = [f"{rule.name} ({rule.severity}): {_RESULTS[outcome_of(call, rule.condition).passed]}"]
    lines += (f"  {line}" for line in _condition(call, rule.condition))
    return "".join(f"{printable(line)}\n" for line in lines)


def _condition(call: Call, condition: Condition) -> Iterator[str]:
    outcome = outcome_of(call, condition)
    yield f"{_RESULTS[outcome.passed]}: {expectation(condition)}"
    if isinstance(condition, Combined):
        for part in condition.conditions:
            yield from (f"  {line}" for line in _condition(call, part))
        return
    if isinstance(condition, Reference):
        yield from (f"  {line}" for line in _condition(call, call.rules[condition.rule].condition))
        return
    if outcome.reason:
        yield f"  because: {outcome.reason}"
    if outcome.measured:
        yield f"  measured: {_number(outcome.measured['value'])}, limit {_number(outcome.measured['limit'])}"
    if isinstance(condition, Phrases):
        yield from (f"  {line}" for line in _phrases(call, condition, outcome))
    else:
        yield from (f"  at {_moment(each)}" for each in outcome.evidence)


def _phrases(call: Call, condition: Phrases, outcome: Outcome) -> Iterator[str]:
    yield from _speaker(call, condition.speaker)
    deciding = set(outcome.evidence)
    for phrase in condition.phrases:
        yield from _phrase(call, condition, phrase, condition.speaker, deciding)
    if condition.trigger is not None:
        side = "before" if condition.trigger.is_before else "after"
        yield f"{side}:"
        for phrase in condition.trigger.phrases:
            lines = _phrase(call, condition, phrase, condition.trigger.speaker, None)
            yield from (f"  {line}" for line in lines)


def _speaker(call: Call, speaker: Speaker | None) -> Iterator[str]:
    if speaker is not None:
        label = find_label(call.transcript, speaker)
        yield f"speaker {speaker.name}: {label if label is not None else 'not in the call'}"


def _phrase(
    call: Call, condition: Phrases, phrase: str, speaker: Speaker | None, deciding: set[Evidence] | None
) -> Iterator[str]:
    label = find_label(call.transcript, speaker)
    if speaker is not None and label is None:
        return
    places = call.streams_of(label)
    found = call.find((phrase,), condition.similarity, label)
    yield f'"{phrase}": {len(found) or "no"} match{"" if len(found) == 1 else "es"}'
    for each in found:
        yield f"  {_moment(each)}; {_similarity(each, condition)}{_note(each, deciding)}"
    best = best_match(places, phrase, condition.similarity)
    if best is None:
        yield "  no word is close to its words"
        return
    if not found:
        yield f"  best: {_moment(best.evidence)}; {_similarity(best.evidence, condition)}"
        yield f"  no match: {best.reason}"
    yield f"  words: {_pairs(best)}"


def _similarity(evidence: Evidence, condition: Phrases) -> str:
    return f"similarity {evidence.similarity:g}, at least {condition.similarity:g}"


def _note(evidence: Evidence, deciding: set[Evidence] | None) -> str:
    return "" if deciding is None or evidence in deciding else " (does not count here)"


def _pairs(match: Match) -> str:
    return ", ".join(
        f"{wanted} = {found} {close:g}" if found else f"{wanted} missing" for wanted, found, close in match.pairs
    )


def _moment(evidence: Evidence) -> str:
    time = minutes(evidence.start, digits=1)
    if not evidence.speaker:
        return f"{time} to {minutes(evidence.end, digits=1)}"
    sure = "" if evidence.confidence is None else f", confidence {evidence.confidence:.2f}"
    return f'{time} {evidence.speaker}: "{evidence.text}"{sure}'


def _number(value: Any) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
