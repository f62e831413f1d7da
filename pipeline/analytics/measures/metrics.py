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
first_response     wait before the first answer to another speaker: the agent's where a speaker has this role
longest_silence    longest time without speech between the first and the last speech
hold, music        see `pauses`
ended_by           see `closing`
questions          number of question marks; None in a transcript without punctuation
loudness           median of the speaker's turns in LUFS
shouting           see `loudness`
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.analytics.measures import pauses
from pipeline.analytics.measures.closing import ended_by
from pipeline.analytics.measures.interactions import OverlapEvent, overlap_events, talk_spurts
from pipeline.analytics.measures.loudness import median_loudness, shouting
from pipeline.analytics.measures.parts import pace
from pipeline.analytics.measures.questions import has_punctuation, questions
from pipeline.analytics.measures.responses import first_response, latencies, monologues
from pipeline.analytics.roles.labels import roles_of
from pipeline.core.pause import Pause
from pipeline.core.role import AGENT
from pipeline.core.timeline import by_speaker, covered, overlaps, turns_of
from pipeline.core.types import Span, Transcript, Turn, Word


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
    questions: int | None
    loudness: float | None
    shouting: float | None


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
    first_response: float | None
    longest_silence: Span | None
    hold: float | None
    music: float | None
    pauses: tuple[Pause, ...]
    ended_by: str | None
    questions: int | None
    speakers: tuple[SpeakerMetrics, ...]


def measure(transcript: Transcript) -> CallMetrics:
    """All metrics of a call."""
    turns = turns_of(transcript)
    speech = covered(turn.span for turn in turns)
    overlapped = covered(overlap.span for overlap in overlaps(turns))
    silence = max(0.0, transcript.duration - speech)
    events = overlap_events(transcript)
    agents = {speaker for speaker, role in roles_of(transcript).items() if role == AGENT}
    return CallMetrics(
        duration=transcript.duration,
        speech=speech,
        silence=silence,
        silence_ratio=silence / transcript.duration if transcript.duration else 0.0,
        dead_air=pauses.dead_air(transcript),
        overlap=overlapped,
        overlap_ratio=overlapped / speech if speech else 0.0,
        overlap_events=events,
        first_response=first_response(talk_spurts(transcript), events, agents or None),
        longest_silence=pauses.longest_silence(transcript),
        hold=pauses.hold(transcript),
        music=pauses.music(transcript),
        pauses=pauses.pauses_of(transcript),
        ended_by=ended_by(transcript),
        questions=questions(transcript.words) if has_punctuation(transcript.words) else None,
        speakers=_speakers(transcript, turns, events),
    )


def _speakers(
    transcript: Transcript, turns: Sequence[Turn], events: Sequence[OverlapEvent]
) -> tuple[SpeakerMetrics, ...]:
    groups = by_speaker(turns)
    total = sum(covered(turn.span for turn in group) for group in groups.values())
    spurts = talk_spurts(transcript)
    waits, longest = latencies(spurts), monologues(spurts, events)
    words: dict[str, list[Word]] = {}
    for utterance in transcript.utterances:
        words.setdefault(utterance.speaker, []).extend(utterance.words)
    is_punctuated = has_punctuation(transcript.words)
    interruptions = [event for event in events if event.kind == "interruption"]
    speakers: list[SpeakerMetrics] = []
    for speaker in transcript.speakers:
        group, spoken, delays = groups.get(speaker, ()), words.get(speaker, []), waits.get(speaker, [])
        talk = covered(turn.span for turn in group)
        metrics = SpeakerMetrics(
            speaker,
            talk,
            talk / total if total else 0.0,
            sum(spurt.speaker == speaker for spurt in spurts),
            len(spoken),
            pace(len(spoken), talk),
            longest.get(speaker, 0.0),
            len(delays),
            statistics.fmean(delays) if delays else None,
            statistics.median(delays) if delays else None,
            sum(event.incomer == speaker for event in interruptions),
            sum(event.yielded == speaker == event.holder for event in interruptions),
            sum(event.incomer == speaker and event.kind == "backchannel" for event in events),
            questions(spoken) if is_punctuated else None,
            median_loudness(group),
            shouting(group),
        )
        speakers.append(metrics)
    return tuple(speakers)
