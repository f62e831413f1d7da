"""The matcher of version 0.1.0, which compared the characters of whole phrases: the baseline of the benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz.distance import Indel

from pipeline.analytics.rules.types import Evidence
from pipeline.core.text import letters
from pipeline.core.types import Transcript, Word, join_words


def find(transcript: Transcript, phrases: Iterable[str], similarity: float = 0.8) -> tuple[Evidence, ...]:
    """All matches of the phrases, sorted by time: sequences of as many words as the phrase, one more or one less."""
    streams: dict[str, list[Word]] = {}
    for utterance in transcript.utterances:
        streams.setdefault(utterance.speaker, []).extend(utterance.words)
    targets = tuple(phrases)
    matches = (e for name, words in streams.items() for p in targets for e in _matches(name, words, p, similarity))
    best: list[Evidence] = []
    for evidence in sorted(matches, key=lambda e: (-(e.similarity or 0.0), e.start, e.speaker, e.phrase)):
        if not any(_overlap(evidence, other) for other in best):
            best.append(evidence)
    return tuple(sorted(best, key=lambda e: (e.start, e.speaker)))


def _matches(speaker: str, words: Sequence[Word], phrase: str, similarity: float) -> Iterator[Evidence]:
    normalized = [letters(word.text) for word in words]
    target = [word for word in map(letters, phrase.split()) if word]
    target_words = set(target)
    for first in range(len(words)):
        for last in range(first + max(1, len(target) - 1), min(len(words), first + len(target) + 1) + 1):
            if len(target) > 1 and target_words.isdisjoint(normalized[first:last]):
                continue
            ratio = Indel.normalized_similarity(" ".join(target), " ".join(normalized[first:last]))
            if ratio >= similarity:
                match = tuple(words[first:last])
                yield Evidence(match[0].start, match[-1].end, speaker, join_words(match), phrase, round(ratio, 3))


def _overlap(one: Evidence, other: Evidence) -> bool:
    return one.speaker == other.speaker and one.start < other.end and other.start < one.end
