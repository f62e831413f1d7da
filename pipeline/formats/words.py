"""Words and utterances in the form that several formats share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.core.timeline import turns_of
from pipeline.core.types import Transcript, Utterance, Word
from pipeline.formats.sanitize import clean


def merged(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words with cleaned texts, each one that has no space before it merged into the word before.

    Words without a visible character are left out. A merged word has the probability of its least probable part.
    """
    result: list[Word] = []
    for word in (replace(word, text=clean(word.text)) for word in words):
        if not word.text:
            continue
        if result and word.no_space:
            probabilities = [p for p in (result[-1].probability, word.probability) if p is not None]
            result[-1] = replace(
                result[-1],
                end=max(result[-1].end, word.end),
                text=result[-1].text + word.text,
                probability=min(probabilities, default=None),
            )
        else:
            result.append(word)
    return tuple(result)


def talk_of(transcript: Transcript) -> dict[str, tuple[float, int]]:
    """The talk time of each speaker in seconds, and the number of their words."""
    seconds = dict.fromkeys(transcript.speakers, 0.0)
    words = dict.fromkeys(transcript.speakers, 0)
    for turn in turns_of(transcript):
        seconds[turn.speaker] += turn.duration
    for utterance in transcript.utterances:
        words[utterance.speaker] += len(utterance.words)
    return {speaker: (seconds[speaker], words[speaker]) for speaker in seconds}


def overlapping(utterances: Sequence[Utterance]) -> frozenset[int]:
    """The indices of the utterances that overlap an utterance of another speaker."""
    return frozenset(partners(utterances))


def partners(utterances: Sequence[Utterance]) -> dict[int, tuple[str, ...]]:
    """The other speakers that talk during an utterance, in order of start, by its index; only where there are some."""
    others: dict[int, dict[str, None]] = {}
    active: list[int] = []
    for i in sorted(range(len(utterances)), key=lambda i: utterances[i].start):
        current = utterances[i]
        active = [j for j in active if utterances[j].end > current.start]
        for j in active:
            if utterances[j].speaker != current.speaker:
                others.setdefault(i, {})[utterances[j].speaker] = None
                others.setdefault(j, {})[current.speaker] = None
        active.append(i)
    return {i: tuple(names) for i, names in others.items()}
