"""Phrases found in what was said, nearly or exactly, and what the rules make of them.

Phrase and speech are compared as lower-case letters and digits, word by word. A place in one speaker's words (as many
as the phrase has, one more or one less) matches when its similarity to the phrase reaches the rule's: the share of both
texts that their longest common subsequence covers (`rapidfuzz.distance.Indel`). One of several words must share a word
with the place. Of places that overlap the best is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from pipeline.analytics.phrase_rules import Rule
from pipeline.core.text import letters
from pipeline.core.types import Transcript, Word, join_words


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where somebody said a phrase or nearly so: his own words, with their time in seconds."""

    start: float
    end: float
    speaker: str
    text: str
    phrase: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule held against a call: ``kept`` or not, None where it does not apply (its speaker is not there, or what it
    comes ``after`` was never said); the evidence is what was said, also against it."""

    rule: str
    kept: bool | None
    evidence: tuple[Evidence, ...] = ()


def find(
    transcript: Transcript, phrases: Iterable[str], similarity: float, speaker: str | None
) -> tuple[Evidence, ...]:
    """Every place where one of the phrases is said, sorted by time."""
    lines: dict[str, list[Word]] = {}
    for utterance in transcript.utterances:
        if speaker is None or utterance.speaker == speaker:
            lines.setdefault(utterance.speaker, []).extend(utterance.words)
    wanted = tuple(phrases)
    found = (e for name, words in lines.items() for p in wanted for e in _places(name, words, p, similarity))
    best: list[Evidence] = []
    for evidence in sorted(found, key=lambda e: (-e.similarity, e.start, e.speaker, e.phrase)):
        if not any(_clash(evidence, other) for other in best):
            best.append(evidence)
    return tuple(sorted(best, key=lambda e: (e.start, e.speaker)))


def evaluate_rules(transcript: Transcript, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """What became of each rule."""
    return tuple(_judge(transcript, rule) for rule in rules)


def _judge(transcript: Transcript, rule: Rule) -> Finding:
    if rule.speaker is not None and rule.speaker not in transcript.speakers:
        return Finding(rule.name, None)
    said = find(transcript, rule.says or rule.never, rule.similarity, rule.speaker)
    if rule.after:
        triggers = find(transcript, rule.after, rule.similarity, None)
        if not triggers:
            return Finding(rule.name, None)
        near = {t: [e for e in said if t.end <= e.start <= t.end + (rule.within or 0)] for t in triggers}
        said = tuple(dict.fromkeys(e for own in near.values() for e in own))
        unanswered = tuple(trigger for trigger, own in near.items() if not own)
        if rule.says:
            return Finding(rule.name, not unanswered, (*said, *unanswered))
    elif rule.within is not None:
        said = tuple(e for e in said if e.start <= rule.within)
    return Finding(rule.name, bool(said) == bool(rule.says), said)


def _places(speaker: str, words: Sequence[Word], phrase: str, similarity: float) -> Iterator[Evidence]:
    plain = [letters(word.text) for word in words]
    target = [letters(part) for part in phrase.split()]
    target = [part for part in target if part]
    common = set(target)
    for first in range(len(words)):
        for last in range(first + max(1, len(target) - 1), min(len(words), first + len(target) + 1) + 1):
            if len(target) > 1 and common.isdisjoint(plain[first:last]):
                continue
            ratio = Indel.normalized_similarity(" ".join(target), " ".join(plain[first:last]))
            if ratio >= similarity:
                own = tuple(words[first:last])
                yield Evidence(own[0].start, own[-1].end, speaker, join_words(own), phrase, round(ratio, 3))


def _clash(one: Evidence, other: Evidence) -> bool:
    return one.speaker == other.speaker and one.start < other.end and other.start < one.end
