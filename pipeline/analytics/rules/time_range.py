"""Parts of a call, in seconds or as shares of its length.

first 20 s        last 15 s          the beginning or the end
first 10 %        last quarter       (half, third, quarter, fifth, tenth)
30 s to 2 min     10 % to 50 %       from the one to the other
from 30 s         to 50 %            the rest
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.core.types import Span

_FRACTIONS = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "tenth": 1 / 10}
_AMOUNT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>s|sec|seconds|min|minutes|%|percent)$")
_SECONDS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "min": 60.0, "minutes": 60.0}
SYNTAX = "such as 'first 20 s', 'last 10 %', 'last quarter', '30 s to 2 min', 'from 50 %' or 'to 60 s'"
"""What a range looks like, for hints."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a call: ``value`` seconds, or as a share of its length (0 to 1), from the start or the end."""

    value: float
    is_share: bool = False
    from_end: bool = False

    def seconds(self, duration: float) -> float:
        """Seconds from the start of a call of this duration, inside the call."""
        distance = self.value * duration if self.is_share else self.value
        return min(duration, max(0.0, duration - distance if self.from_end else distance))


START, END = Place(0.0), Place(0.0, from_end=True)
"""The beginning and the end of the call."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A part of a call, with the text that it was written as."""

    start: Place
    end: Place
    text: str

    def bounds(self, duration: float) -> tuple[float, float]:
        """Start and end in seconds; they are equal where the call is too short for this part."""
        start = self.start.seconds(duration)
        return start, max(start, self.end.seconds(duration))

    def span(self, duration: float) -> Span | None:
        """The same as a span; None where it is empty."""
        start, end = self.bounds(duration)
        return Span(start, end) if start < end else None

    def contains(self, time: float, duration: float) -> bool:
        """Whether a time lies in this part; both edges do."""
        start, end = self.bounds(duration)
        return start < end and start <= time <= end


def parse(text: str) -> TimeRange:
    """The range of a text; raises ``ValueError`` for another syntax and for an empty range."""
    words = text.strip().lower()
    if match := re.match(r"first\s+(.+)$", words):
        return _checked(START, _amount(match[1]), text)
    if match := re.match(r"last\s+(.+)$", words):
        amount = _amount(match[1])
        return _checked(Place(amount.value, amount.is_share, from_end=True), END, text)
    if match := re.match(r"(?:from\s+)?(.+?)\s+to\s+(.+)$", words):
        return _checked(_amount(match[1]), _amount(match[2]), text)
    if match := re.match(r"from\s+(.+)$", words):
        return _checked(_amount(match[1]), END, text)
    if match := re.match(r"to\s+(.+)$", words):
        return _checked(START, _amount(match[1]), text)
    raise ValueError(f"is not a range, {SYNTAX}")


def between(start: float | None, end: float | None) -> TimeRange:
    """The range from ``start`` to ``end`` seconds; raises ``ValueError`` where it is empty."""
    first = START if start is None else Place(start)
    last = END if end is None else Place(end)
    text = f"{first.value:g} s to {'the end' if end is None else f'{end:g} s'}"
    return _checked(first, last, text)


def _amount(text: str) -> Place:
    words = text.removeprefix("the ").strip()
    if words in _FRACTIONS:
        return Place(_FRACTIONS[words], is_share=True)
    match = _AMOUNT.match(words)
    if match is None:
        raise ValueError(f"is not a range, {SYNTAX}")
    number = float(match["number"])
    if match["unit"] not in _SECONDS:
        if number > 100:
            raise ValueError(f"is a range beyond 100 %: {number:g} %")
        return Place(number / 100, is_share=True)
    return Place(number * _SECONDS[match["unit"]])


def _checked(start: Place, end: Place, text: str) -> TimeRange:
    if start.from_end and end.from_end:
        empty = start.value <= end.value
    elif not end.from_end:
        empty = end.value == 0 or (start.is_share == end.is_share and start.value >= end.value)
    else:
        empty = start.is_share and start.value >= 1 - end.value
    if empty:
        raise ValueError("is an empty range")
    return TimeRange(start, end, " ".join(text.split()))
