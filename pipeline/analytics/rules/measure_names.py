"""The measures that rules can limit, by the keys of the analytics of a call. Definitions: docs/analytics.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: its unit, whether it is one speaker's, and whether it can be measured in a part of the call.

    ``speaker``: ``needed``, ``refused``, or ``possible`` (without one, the sum over all). ``has_range``: whether it can
    be measured in a part of the call. ``is_label``: it is a speaker, not a number. ``lowest``, ``highest``: the values
    that it can have.
    """

    unit: str
    speaker: Literal["needed", "possible", "refused"]
    has_range: bool = False
    is_label: bool = False
    lowest: float = 0.0
    highest: float = float("inf")


MEASURES: Mapping[str, Measure] = {
    "duration": Measure("s", "refused"),
    "silence": Measure("s", "refused", has_range=True),
    "silence_ratio": Measure("", "refused", has_range=True, highest=1.0),
    "longest_silence": Measure("s", "refused", has_range=True),
    "hold": Measure("s", "refused"),
    "music": Measure("s", "refused", has_range=True),
    "overlap": Measure("s", "refused", has_range=True),
    "overlap_ratio": Measure("", "refused", has_range=True, highest=1.0),
    "first_response": Measure("s", "refused"),
    "ended_by": Measure("", "refused", is_label=True),
    "talk": Measure("s", "possible", has_range=True),
    "talk_ratio": Measure("", "needed", has_range=True, highest=1.0),
    "words": Measure("", "possible", has_range=True),
    "words_per_minute": Measure("", "needed", has_range=True),
    "longest_monologue": Measure("s", "needed"),
    "response_latency_mean": Measure("s", "needed"),
    "response_latency_median": Measure("s", "needed"),
    "interruptions": Measure("", "possible", has_range=True),
    "interruption_time": Measure("s", "possible", has_range=True),
    "interrupted": Measure("", "possible", has_range=True),
    "backchannels": Measure("", "possible", has_range=True),
    "questions": Measure("", "possible"),
    "sentiment": Measure("", "needed", has_range=True, lowest=-1.0, highest=1.0),
    "loudness": Measure("LUFS", "needed", has_range=True, lowest=float("-inf")),
    "shouting": Measure("s", "possible"),
}
"""The measures by name."""
