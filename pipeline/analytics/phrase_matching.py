"""Fuzzy matching of phrases in a transcript, and evaluation of phrase rules.

Phrases and transcript are compared as lower-case letters and digits. Candidates are sequences of words of one speaker,
with as many words as the phrase, one more or one less. A candidate matches if its similarity to the phrase, the share
of both texts in their longest common subsequence (`rapidfuzz.distance.Indel`), is at least that of the rule. For a
phrase of several words it must also have a word in common. Among overlapping matches the most similar one is taken.
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
    """A match of a phrase: the words in the transcript, their speaker, and their times in seconds."""

    start: float
    end: float
    speaker: str
    text: str
    phrase: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a rule for a call.

    ``passed``: whether the call passes; None if the rule does not apply (its speaker is absent, or none of its
    ``after`` phrases occurs). ``evidence``: the matches that decided, for or against.
    """

    rule: str
    passed: bool | None
    evidence: tuple[Evidence, ...] = ()


def find(
    transcript: Transcript, phrases: Iterable[str], similarity: float, speaker: str | None
) -> tuple[Evidence, ...]:
    """All matches of the phrases, sorted by time."""
    streams: dict[str, list[Word]] = {}
    for utterance in transcript.utterances:
        if speaker is None or utterance.speaker == speaker:
            streams.setdefault(utterance.speaker, []).extend(utterance.words)
    targets = tuple(phrases)
    matches = (e for name, words in streams.items() for p in targets for e in _matches(name, words, p, similarity))
    best: list[Evidence] = []
    for evidence in sorted(matches, key=lambda e: (-e.similarity, e.start, e.speaker, e.phrase)):
        if not any(_overlap(evidence, other) for other in best):
            best.append(evidence)
    return tuple(sorted(best, key=lambda e: (e.start, e.speaker)))


def evaluate_rules(transcript: Transcript, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """The finding for each rule."""
    return tuple(_evaluate(transcript, rule) for rule in rules)


def _evaluate(transcript: Transcript, rule: Rule) -> Finding:
    speaker = _label(transcript, rule.speaker)
    if speaker is not None and speaker not in transcript.speakers:
        return Finding(rule.name, None)
    matches = find(transcript, rule.says or rule.never, rule.similarity, speaker)
    if rule.after:
        triggers = find(transcript, rule.after, rule.similarity, None)
        if not triggers:
            return Finding(rule.name, None)
        near = {t: [e for e in matches if t.end <= e.start <= t.end + (rule.within or 0)] for t in triggers}
        matches = tuple(dict.fromkeys(e for group in near.values() for e in group))
        unanswered = tuple(trigger for trigger, group in near.items() if not group)
        if rule.says:
            return Finding(rule.name, not unanswered, (*matches, *unanswered))
    elif rule.within is not None:
        matches = tuple(e for e in matches if e.start <= rule.within)
    return Finding(rule.name, bool(matches) == bool(rule.says), matches)


def _label(transcript: Transcript, speaker: str | None) -> str | None:
    """The label of a rule's speaker: that of the person, where the speaker was named after they were labelled."""
    return next((each.label for each in transcript.identities if each.speaker == speaker), speaker)


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
