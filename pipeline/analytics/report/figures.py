"""The figures of a call and of its agent: key, name, unit and definition, and how each is read from the analytics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["s", "time", "ratio", "count", "per_minute", "score", "lufs"]
"""How a figure is written: seconds, minutes and seconds, percent, a number, words a minute, -1 to 1, loudness."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of each call, or with ``of_agent`` of each agent in a call.

    ``min_deviation``: lower bound for the median absolute deviation when outliers are sought, in the unit of the
    figure; 0 where none are. ``read``: the value, from the analytics of the call or from one of its speakers; None if
    unknown.
    """

    key: str
    label: str
    unit: Unit
    definition: str
    read: Callable[[Mapping[str, Any]], float | None]
    of_agent: bool = False
    min_deviation: float = 0.0


def _key(name: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda data: data.get(name)


def _dead_air(call: Mapping[str, Any]) -> float:
    return sum((float(gap["end"] - gap["start"]) for gap in call["dead_air"]), 0.0)


def _longest_silence(call: Mapping[str, Any]) -> float | None:
    silence = call.get("longest_silence")
    return float(silence["end"] - silence["start"]) if silence else None


def _interruptions(call: Mapping[str, Any]) -> float:
    return float(sum(event["kind"] == "interruption" for event in call["overlap_events"]))


FIGURES: Sequence[Figure] = (
    Figure("duration", "length", "time", "Length of the recording.", _key("duration"), min_deviation=30.0),
    Figure(
        "silence_ratio", "silence", "ratio",
        "Part of the recording in which no speech was found; music and hold count as silence.",
        _key("silence_ratio"), min_deviation=0.05,
    ),
    Figure(
        "dead_air", "dead air", "s", "Silences of 3 s or more between the first and the last speech, in all.",
        _dead_air, min_deviation=5.0,
    ),
    Figure(
        "longest_silence", "longest silence", "s",
        "The longest time without speech between the first and the last speech.",
        _longest_silence, min_deviation=5.0,
    ),
    Figure(
        "hold", "hold", "s",
        "Waits between the first and the last speech: those with music, from 3 s, and those without, from 10 s.",
        _key("hold"), min_deviation=20.0,
    ),
    Figure(
        "music", "music", "s", "Time with music and without speech, also before the first and after the last speech.",
        _key("music"), min_deviation=20.0,
    ),
    Figure(
        "overlap_ratio", "overlap", "ratio", "Part of the speech in which two or more people speak.",
        _key("overlap_ratio"), min_deviation=0.02,
    ),
    Figure(
        "interruptions", "interruptions", "count",
        "Overlaps in which one speaker begins before another has finished, by anybody in the call; short signals of "
        "attention, ends of turns and simultaneous starts are not counted.",
        _interruptions, min_deviation=1.0,
    ),
    Figure(
        "first_response", "first response", "s",
        "Wait before the first answer to another speaker: the agent's where a speaker has this role; 0 where the "
        "answer begins before the other one has finished.",
        _key("first_response"), min_deviation=1.0,
    ),
    Figure(
        "questions", "questions", "count", "Questions of all speakers, counted by question marks.", _key("questions"),
    ),
    Figure(
        "agent_talk_ratio", "agent's talk", "ratio",
        "Length of the agent's speech, divided by the sum of the speech of all speakers.",
        _key("talk_ratio"), of_agent=True, min_deviation=0.05,
    ),
    Figure(
        "agent_pace", "agent's pace", "per_minute", "Words a minute of the agent's own speech.",
        _key("words_per_minute"), of_agent=True, min_deviation=15.0,
    ),
    Figure(
        "agent_latency", "agent's answer time", "s",
        "Median of the pauses between the end of all speech and the agent's answer, where the speaker changes.",
        _key("response_latency_median"), of_agent=True,
    ),
    Figure(
        "agent_monologue", "agent's longest monologue", "s",
        "Longest time in which the agent alone speaks; short signals of attention by others do not end it.",
        _key("longest_monologue"), of_agent=True,
    ),
    Figure(
        "agent_interruptions", "interruptions by the agent", "count", "Interruptions in which the agent begins.",
        _key("interruptions"), of_agent=True, min_deviation=1.0,
    ),
    Figure(
        "agent_interrupted", "agent interrupted", "count", "Interruptions after which the agent stops.",
        _key("interrupted"), of_agent=True, min_deviation=1.0,
    ),
    Figure(
        "agent_questions", "agent's questions", "count", "Questions of the agent, counted by question marks.",
        _key("questions"), of_agent=True,
    ),
    Figure(
        "agent_sentiment", "agent's sentiment", "score",
        "From -1 (negative) to 1 (positive): mean score of the agent's utterances by a list of words, weighted by "
        "their length; English only.",
        _key("sentiment"), of_agent=True, min_deviation=0.1,
    ),
    Figure(
        "others_sentiment", "others' sentiment", "score",
        "The same for the other speakers of the call, weighted by their words.",
        _key("others_sentiment"), of_agent=True, min_deviation=0.1,
    ),
    Figure(
        "agent_loudness", "agent's loudness (LUFS)", "lufs", "Median loudness of the agent's turns.",
        _key("loudness"), of_agent=True, min_deviation=2.0,
    ),
    Figure(
        "agent_shouting", "agent's shouting", "s",
        "Turns 9 LU or more above the agent's median loudness; known from five turns.",
        _key("shouting"), of_agent=True, min_deviation=1.0,
    ),
)  # fmt: skip
"""All figures in the order of the page. The bounds for outliers are chosen by hand: lower ones report more outliers
among similar calls."""
OF_CALL = tuple(figure for figure in FIGURES if not figure.of_agent)
"""The figures of a call as a whole."""
OF_AGENT = tuple(figure for figure in FIGURES if figure.of_agent)
"""The figures of each agent in a call."""


def rounded(value: float | None) -> float | int | None:
    """A figure as short as JSON can write it: three decimals, whole numbers without a point."""
    if value is None:
        return None
    short = round(float(value), 3)
    return int(short) if short.is_integer() else short
