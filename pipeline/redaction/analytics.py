"""An analytics file redacted: quotes, labels and columns without the words of the plan; the figures stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.core.types import Span, Transcript
from pipeline.redaction.apply import text_between
from pipeline.redaction.terms import NUMBERS, Terms, terms_of
from pipeline.redaction.types import Plan

PEOPLE: Final = ("person", "people")
"""Keys whose values are names of people: they are emptied where names are redacted."""


def redacted_analytics(data: Any, transcript: Transcript, plan: Plan, labels: Mapping[str, str]) -> Any:
    """Analytics as plain data without the words of a plan.

    A quote (start, end and text) that meets a redaction is taken from the redacted ``transcript``. ``labels`` holds the
    new labels of speakers. The manifest's columns are searched for numbers alone: the names in them are the user's.
    """
    result = _Redaction(transcript, plan, terms_of(plan), labels).of(data)
    if isinstance(result, dict) and isinstance(data.get("columns"), dict):
        numbers = terms_of(plan, NUMBERS)
        result["columns"] = {name: numbers.distinct(str(value)) for name, value in data["columns"].items()}
    return result


@dataclass(frozen=True, slots=True)
class _Redaction:
    transcript: Transcript
    plan: Plan
    terms: Terms
    labels: Mapping[str, str]

    def of(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.labels.get(value) or self.terms.distinct(value)
        if isinstance(value, list):
            return [self.of(item) for item in value]
        if not isinstance(value, dict):
            return value
        changed = {self.of(key): None if self._is_person(key) else self.of(item) for key, item in value.items()}
        if isinstance(value.get("text"), str) and self._meets(value):
            changed["text"] = self._quote(value)
        return changed

    def _is_person(self, key: str) -> bool:
        return key in PEOPLE and "name" in self.plan.kinds

    def _meets(self, quote: Mapping[str, Any]) -> bool:
        start, end = quote.get("start"), quote.get("end")
        if not (isinstance(start, int | float) and isinstance(end, int | float)):
            return True
        return any(each.start < end and start < each.end for each in self.plan.redactions)

    def _quote(self, quote: Mapping[str, Any]) -> str:
        start, end = quote.get("start"), quote.get("end")
        if not (isinstance(start, int | float) and isinstance(end, int | float)) or start >= end:
            return self.terms.strict(quote["text"])
        speaker = quote.get("speaker")
        speaker = self.labels.get(speaker, speaker) if isinstance(speaker, str) else None
        return text_between(self.transcript, Span(start, end), speaker)
