"""Metrics of one call and their definitions. Times in seconds; talk spurts are defined in `interactions`.

talk               total length of the speaker's turns; overlapping turns count once
talk_ratio         talk divided by the sum of the talk of all speakers; 0 without talk
talk_spurts        number of talk spurts of the speaker
words_per_minute   words / talk * 60; None without talk
longest_monologue  longest sequence of talk spurts of one speaker, from its start to its end, without a talk spurt of
                   another speaker in between, except backchannels
silence            duration minus the time with any speech
dead_air           silences of at least `MIN_DEAD_AIR` between the first and the last speech
response_latency   start of a talk spurt minus the latest end before it, if the speaker changes and no speech lies in
                   between; mean and median over the responses of the speaker
overlap            time with two or more speakers
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.analytics.interactions import OverlapEvent, overlap_events, talk_spurts
from pipeline.core.timeline import by_speaker, covered, gaps, overlaps, turns_of
from pipeline.core.types import Span, Transcript, Turn

MIN_DEAD_AIR = 3.0
"""Minimum length of dead air in seconds. Chosen by hand; a lower value reports more, shorter silences."""


@dataclass(frozen=True, slots=True)
class SpeakerMetrics:
    """Metrics of one speaker; ``interruptions``: as incomer; ``interrupted``: as holder who yielded."""

    speaker: str
    talk: float
    talk_ratio: float
    talk_spurts: int
    words: int
    words_per_minute: float | None
    longest_monologue: float
    responses: int
    response_latency_mean: float | None
    response_latency_median: float | None
    interruptions: int
    interrupted: int
    backchannels: int


@dataclass(frozen=True, slots=True)
class CallMetrics:
    """Metrics of the whole call, and of its speakers in order of first appearance (``speakers``)."""

    duration: float
    speech: float
    silence: float
    silence_ratio: float
    dead_air: tuple[Span, ...]
    overlap: float
    overlap_ratio: float
    overlap_events: tuple[OverlapEvent, ...]
    speakers: tuple[SpeakerMetrics, ...]


def measure(transcript: Transcript) -> CallMetrics:
    """All metrics of a call."""
    turns = turns_of(transcript)
    spans = [turn.span for turn in turns]
    speech = covered(spans)
    overlapped = covered(overlap.span for overlap in overlaps(turns))
    silence = max(0.0, transcript.duration - speech)
    events = overlap_events(transcript)
    return CallMetrics(
        duration=transcript.duration,
        speech=speech,
        silence=silence,
        silence_ratio=silence / transcript.duration if transcript.duration else 0.0,
        dead_air=_dead_air(spans),
        overlap=overlapped,
        overlap_ratio=overlapped / speech if speech else 0.0,
        overlap_events=events,
        speakers=_speakers(transcript, turns, events),
    )


def _dead_air(spans: Sequence[Span]) -> tuple[Span, ...]:
    if not spans:
        return ()
    inside = Span(min(span.start for span in spans), max(span.end for span in spans))
    return tuple(gap for gap in gaps(spans, inside) if gap.duration >= MIN_DEAD_AIR)


def _speakers(
    transcript: Transcript, turns: Sequence[Turn], events: Sequence[OverlapEvent]
) -> tuple[SpeakerMetrics, ...]:
    talk = {speaker: covered(turn.span for turn in group) for speaker, group in by_speaker(turns).items()}
    total = sum(talk.values())
    spurts = talk_spurts(transcript)
    waits = latencies(spurts)
    longest = monologues(spurts, events)
    interruptions = [event for event in events if event.kind == "interruption"]
    words: dict[str, int] = {}
    for utterance in transcript.utterances:
        words[utterance.speaker] = words.get(utterance.speaker, 0) + len(utterance.words)
    speakers: list[SpeakerMetrics] = []
    for speaker in transcript.speakers:
        seconds, count = talk.get(speaker, 0.0), words.get(speaker, 0)
        delays = waits.get(speaker, [])
        speakers.append(
            SpeakerMetrics(
                speaker,
                seconds,
                seconds / total if total else 0.0,
                sum(spurt.speaker == speaker for spurt in spurts),
                count,
                count / seconds * 60 if seconds else None,
                longest.get(speaker, 0.0),
                len(delays),
                statistics.fmean(delays) if delays else None,
                statistics.median(delays) if delays else None,
                sum(event.incomer == speaker for event in interruptions),
                sum(event.yielded == speaker == event.holder for event in interruptions),
                sum(event.incomer == speaker and event.kind == "backchannel" for event in events),
            )
        )
    return tuple(speakers)


def latencies(spurts: Iterable[Turn]) -> dict[str, list[float]]:
    """Response latencies of each speaker in seconds; ``spurts`` are sorted by start."""
    delays: dict[str, list[float]] = {}
    last: Turn | None = None
    for spurt in spurts:
        if last is not None and spurt.speaker != last.speaker and spurt.start >= last.end:
            delays.setdefault(spurt.speaker, []).append(spurt.start - last.end)
        if last is None or spurt.end > last.end:
            last = spurt
    return delays


def monologues(spurts: Iterable[Turn], events: Sequence[OverlapEvent]) -> dict[str, float]:
    """Longest monologue of each speaker in seconds; backchannels of others do not end it."""
    backchannels = {(event.incomer, event.start) for event in events if event.kind == "backchannel"}
    longest: dict[str, float] = {}
    speaker, start = "", 0.0
    for spurt in spurts:
        if (spurt.speaker, spurt.start) in backchannels:
            continue
        if spurt.speaker != speaker:
            speaker, start = spurt.speaker, spurt.start
        longest[speaker] = max(longest.get(speaker, 0.0), spurt.end - start)
    return longest
