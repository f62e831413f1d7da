"""Transcripts of constructed calls for the tests of redaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.redaction.types import Plan

WORD, GAP, PAUSE = 0.3, 0.05, 0.6
"""Seconds of a word, between two words, and between two lines."""


def call(*lines: tuple[str, str], language: str | None = "en", probability: float | None = 0.95) -> Transcript:
    """A transcript of lines (speaker, text)."""
    time = 0.5
    utterances, turns = [], []
    for speaker, text in lines:
        words = []
        for word in text.split():
            words.append(Word(time, time + WORD, word, probability))
            time += WORD + GAP
        utterances.append(Utterance(speaker, tuple(words)))
        turns.append(Turn(words[0].start, words[-1].end, speaker))
        time += PAUSE
    return Transcript(time + 1.0, tuple(utterances), tuple(turns), language=language)


def covered(transcript: Transcript, plan: Plan, *kinds: str) -> list[str]:
    """The covered words, in order, without punctuation."""
    places = {place for item in plan.redactions for place in item.words if not kinds or item.kind in kinds}
    return [transcript.utterances[line].words[word].text.strip(".,?!") for line, word in sorted(places)]


def cut_anew(transcript: Transcript, cuts: Iterable[int]) -> Transcript:
    """The same words in other lines: a speaker's words are cut at some of their places."""
    lines: list[Utterance] = []
    for speaker in transcript.speakers:
        words = [word for line in transcript.utterances if line.speaker == speaker for word in line.words]
        edges = sorted({0, len(words), *(cut % (len(words) + 1) for cut in cuts)})
        lines.extend(Utterance(speaker, tuple(words[a:b])) for a, b in pairwise(edges))
    lines.sort(key=lambda line: line.start)
    return Transcript(transcript.duration, tuple(lines), transcript.turns, language=transcript.language)


def spans(plan: Plan) -> Sequence[tuple[object, ...]]:
    """What a plan covers, without the places of words."""
    return [(item.kind, item.start, item.end, item.speaker, item.text, item.reason) for item in plan.redactions]
