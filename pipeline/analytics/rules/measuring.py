"""Measures of a part of a call, by the definitions of `pipeline.analytics.measures`.

Words, talk and loudness as in `parts`; overlap events belong to the part that has their start; silence, overlap and
pauses are divided at the limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.analytics.measures.parts import loudness_in, pace, talk_in, utterances_in
from pipeline.analytics.measures.sentiment import mean_scores
from pipeline.analytics.rules.call import Call
from pipeline.analytics.rules.types import Evidence
from pipeline.core.timeline import covered, gaps, intersection, overlaps, turns_of
from pipeline.core.types import Span, Utterance


@dataclass(frozen=True, slots=True)
class Value:
    """A measured value, or None with the reason; ``moments`` are what it counts, where it counts moments."""

    value: float | str | None
    reason: str = ""
    moments: tuple[Evidence, ...] = ()


EVENTS: Mapping[str, str] = {
    "interruptions": "interruption",
    "interruption_time": "interruption",
    "interrupted": "interruption",
    "backchannels": "backchannel",
}
"""Kind of overlap event that a measure counts."""
_Part = Callable[[Call, str | None, Span], Value]


def measure_part(call: Call, name: str, label: str | None, span: Span) -> Value:
    """A measure in a part of the call; ``name`` is one with `measure_names.Measure.has_range`."""
    if name in _MEASURES:
        return _MEASURES[name](call, label, span)
    return count_events(call.analytics["overlap_events"], name, label, span)


def count_events(
    events: Iterable[Mapping[str, Any]], name: str, label: str | None, within: Span | None = None
) -> Value:
    """Number or seconds of the overlap events of a kind that begin in a part of the call, and the events."""
    who = "holder" if name == "interrupted" else "incomer"
    chosen = [
        event
        for event in events
        if event["kind"] == EVENTS[name]
        and (label is None or event[who] == label)
        and (name != "interrupted" or event["yielded"] == event["holder"])
        and (within is None or within.start <= event["start"] < within.end)
    ]
    moments = tuple(Evidence(event["start"], event["end"], event["incomer"], event["incomer_text"]) for event in chosen)
    seconds = sum(event["end"] - event["start"] for event in chosen)
    return Value(round(seconds, 3) if name == "interruption_time" else len(chosen), moments=moments)


def _talk_seconds(call: Call, label: str | None, span: Span) -> float:
    speakers = call.transcript.speakers if label is None else (label,)
    turns = turns_of(call.transcript)
    return sum(talk_in((turn for turn in turns if turn.speaker == speaker), span) for speaker in speakers)


def _talk(call: Call, label: str | None, span: Span) -> Value:
    return Value(_talk_seconds(call, label, span))


def _talk_ratio(call: Call, label: str | None, span: Span) -> Value:
    total = _talk_seconds(call, None, span)
    return Value(_talk_seconds(call, label, span) / total if total else None, "no one talks in this part")


def _words(call: Call, label: str | None, span: Span) -> Value:
    return Value(sum(len(each.words) for each in _utterances(call, label, span)))


def _pace(call: Call, label: str | None, span: Span) -> Value:
    words = sum(len(each.words) for each in _utterances(call, label, span))
    return Value(pace(words, _talk_seconds(call, label, span)), "they do not talk in this part")


def _sentiment(call: Call, label: str | None, span: Span) -> Value:
    scores = mean_scores(_utterances(call, label, span), call.transcript.language)
    reason = "it needs English, words in this part, and the package vaderSentiment"
    return Value(scores.get(label or ""), reason)


def _loudness(call: Call, label: str | None, span: Span) -> Value:
    turns = (turn for turn in turns_of(call.transcript) if turn.speaker == label)
    return Value(loudness_in(turns, span), "no turn in this part has a loudness")


def _silent_spans(call: Call, span: Span) -> tuple[Span, ...]:
    return gaps([turn.span for turn in turns_of(call.transcript)], span)


def _silence(call: Call, label: str | None, span: Span) -> Value:
    return Value(covered(_silent_spans(call, span)))


def _silence_ratio(call: Call, label: str | None, span: Span) -> Value:
    return Value(covered(_silent_spans(call, span)) / span.duration)


def _longest_silence(call: Call, label: str | None, span: Span) -> Value:
    longest = max(_silent_spans(call, span), key=lambda gap: gap.duration, default=None)
    if longest is None:
        return Value(0.0)
    return Value(longest.duration, moments=(Evidence(longest.start, longest.end, "", ""),))


def _overlap_seconds(call: Call, span: Span) -> float:
    return covered(intersection([each.span for each in overlaps(turns_of(call.transcript))], [span]))


def _overlap(call: Call, label: str | None, span: Span) -> Value:
    return Value(_overlap_seconds(call, span))


def _overlap_ratio(call: Call, label: str | None, span: Span) -> Value:
    speech = span.duration - covered(_silent_spans(call, span))
    return Value(_overlap_seconds(call, span) / speech if speech else None, "no one talks in this part")


def _music(call: Call, label: str | None, span: Span) -> Value:
    pauses = [Span(each["start"], each["end"]) for each in call.analytics["pauses"] if each["kind"] == "music"]
    known = call.analytics.get("music") is not None
    reason = "the sound of the recording was not measured"
    return Value(covered(intersection(pauses, [span])) if known else None, reason)


def _utterances(call: Call, label: str | None, span: Span) -> tuple[Utterance, ...]:
    """The utterances of a speaker, or of all, with only their words in a part of the call."""
    return tuple(each for each in utterances_in(call.transcript, span) if label is None or each.speaker == label)


_MEASURES: Mapping[str, _Part] = {
    "talk": _talk,
    "talk_ratio": _talk_ratio,
    "words": _words,
    "words_per_minute": _pace,
    "sentiment": _sentiment,
    "loudness": _loudness,
    "silence": _silence,
    "silence_ratio": _silence_ratio,
    "longest_silence": _longest_silence,
    "overlap": _overlap,
    "overlap_ratio": _overlap_ratio,
    "music": _music,
}
