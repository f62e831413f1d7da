"""Phrases in a transcript: word by word, weighted by how rare a word is, with the recognizer's probabilities.

A phrase is looked for in the words of each speaker. Its words are aligned to theirs (`alignment`), each pair scored by
`closeness`. A match

- has a similarity of at least the rule's,
- has every content word of a phrase with up to `FEW` of them, and all but a fourth of a longer phrase,
- has no pause over `MAX_PAUSE` and no negation between its words ("I do not promise" is not "I promise"),
- lacks no word of the phrase where it has a content word more between two of its words ("a nice warm day" is not "have
  a nice day", "cancel my other account" is "cancel my account").

In a phrase with one content word the other words count for more ("the promise" is not "I promise"); a phrase without
one ("how are you") must be there word by word. Of overlapping matches the most similar one is taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import pairwise

from pipeline.analytics.rules.alignment import LEAST, Alignment, Pair, Phrase, align
from pipeline.analytics.rules.closeness import closeness
from pipeline.analytics.rules.types import Evidence, confidence_of
from pipeline.analytics.rules.words import CONTENT, Token, is_english, phrase_tokens, tokens_of, weight
from pipeline.core.types import Transcript, Word, join_words

DEFAULT_SIMILARITY = 0.7
"""Least similarity of a match, 0 to 1, where a rule has none. Chosen on the part tune of the benchmark; a lower value
finds more misrecognized phrases and more false ones."""
FEW = 3
"""Most content words of a phrase of which a match has them all. Chosen by hand."""
SUPPORT = 0.5
"""Least weight of the other words in a phrase with one content word, as a part of its weight. Chosen by hand: a match
may be without one of several such words, not without the only one."""
NEGATIONS = frozenset({"not", "never", "no"})
"""English words that turn a phrase into its contrary: they are content words, and do not stand between the words of a
match."""
ALONE = 0.75
"""Least closeness of the content word of a phrase that has only one. Chosen on the part tune of the benchmark: "thank"
is at 0.62 from "think"; a lower value finds more misrecognized words and more false ones."""
MAX_PAUSE = 3.0
"""Longest pause between two words of a match in seconds. Chosen by hand: longer than a hesitation."""
SLACK = 4
"""Recognized words beside an anchor that are aligned besides as many as the phrase has. Chosen by hand."""


@dataclass(frozen=True)
class Stream:
    """The words of one speaker, in order, and their tokens."""

    speaker: str
    words: tuple[Word, ...]
    language: str | None

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        return tokens_of(self.words, self.language)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """The numbers of the tokens with each text."""
        places: dict[str, list[int]] = {}
        for number, token in enumerate(self.tokens):
            places.setdefault(token.text, []).append(number)
        return places

    @cached_property
    def probabilities(self) -> tuple[float | None, ...]:
        """The recognizer's probability of each token."""
        return tuple(self.words[token.word].probability for token in self.tokens)

    @cached_property
    def least_probabilities(self) -> dict[str, float | None]:
        """The lowest probability of the tokens with each text; None where the recognizer gives none."""
        known = {text: [self.probabilities[number] for number in places] for text, places in self.places.items()}
        return {text: min((p for p in each if p is not None), default=None) for text, each in known.items()}

    @cached_property
    def costs(self) -> tuple[float, ...]:
        """The weight of each token."""
        return tuple(weight(token.text, is_english(self.language)) for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Match:
    """An alignment in a stream with its words, and why it does not count as a match (empty if it does)."""

    evidence: Evidence
    pairs: tuple[tuple[str, str, float], ...]
    """Words of the phrase, recognized words ("" for a missing word), closeness."""
    reason: str = ""


def streams(transcript: Transcript, speaker: str | None = None) -> tuple[Stream, ...]:
    """The words of each speaker, or of one, by label."""
    words: dict[str, list[Word]] = {}
    for utterance in transcript.utterances:
        if speaker is None or utterance.speaker == speaker:
            words.setdefault(utterance.speaker, []).extend(utterance.words)
    ordered = {name: tuple(sorted(each, key=lambda word: word.start)) for name, each in words.items()}
    return tuple(Stream(name, each, transcript.language) for name, each in ordered.items())


def find(
    transcript: Transcript,
    phrases: Iterable[str],
    similarity: float = DEFAULT_SIMILARITY,
    speaker: str | None = None,
) -> tuple[Evidence, ...]:
    """All matches of the phrases by a speaker (a label) or any, sorted by time."""
    return find_in(streams(transcript, speaker), phrases, similarity)


def find_in(places: Sequence[Stream], phrases: Iterable[str], similarity: float) -> tuple[Evidence, ...]:
    """The same in the words of some speakers."""
    matches = (m for phrase in phrases for stream in places for m in candidates(stream, phrase, similarity))
    found = [match.evidence for match in matches if not match.reason]
    best: list[Evidence] = []
    for evidence in sorted(found, key=lambda e: (-(e.similarity or 0.0), e.start, e.speaker, e.phrase)):
        if not any(evidence.meets(other) for other in best):
            best.append(evidence)
    return tuple(sorted(best, key=lambda e: (e.start, e.speaker)))


def best_match(places: Sequence[Stream], phrase: str, similarity: float) -> Match | None:
    """The most similar passage, match or not; None where no word is close."""
    options = [match for stream in places for match in candidates(stream, phrase, similarity, thorough=True)]
    return max(options, key=lambda match: (not match.reason, match.evidence.similarity or 0.0), default=None)


def candidates(stream: Stream, phrase: str, similarity: float, thorough: bool = False) -> Iterator[Match]:
    """The best alignment around each word that is close to a content word of the phrase.

    Where a match needs them all, around those of the rarest one only, unless it is to be ``thorough``.
    """
    wanted = read_phrase(phrase, stream.language)
    seen: set[tuple[int, int]] = set()
    for anchor in _anchors(stream, wanted, thorough):
        low, found = _aligned_around(stream, wanted, anchor)
        if not found.pairs or (low + found.first, low + found.last) in seen:
            continue
        seen.add((low + found.first, low + found.last))
        yield _match(stream, wanted, phrase, found, low, similarity)


def _aligned_around(stream: Stream, wanted: Phrase, anchor: int) -> tuple[int, Alignment]:
    """The best alignment that has the anchor between its words, and the number that its words are counted from."""
    width = len(wanted.words) + SLACK
    low, high = max(0, anchor - width), min(len(stream.tokens), anchor + width + 1)
    while True:
        found = align(wanted, stream.costs[low:high], partial(_closeness, stream, low))
        if not found.pairs or low + found.first <= anchor < low + found.last:
            return low, found
        if low + found.last <= anchor:
            low += found.last
        else:
            high = low + found.first


@cache
def read_phrase(phrase: str, language: str | None) -> Phrase:
    """The words of a phrase with their weights."""
    words = phrase_tokens(phrase, language)
    weights = [weight(word, is_english(language)) for word in words]
    if is_english(language):
        weights = [max(each, CONTENT) if word in NEGATIONS else each for word, each in zip(words, weights, strict=True)]
    content = frozenset(number for number, each in enumerate(weights) if each >= CONTENT)
    if not content:
        return Phrase(words, (1.0,) * len(words), frozenset(range(len(words))), is_exact=True)
    if len(content) == 1:
        (only,) = content
        weights = [
            each if number == only else max(each, SUPPORT * weights[only]) for number, each in enumerate(weights)
        ]
    return Phrase(words, tuple(weights), content)


def _anchors(stream: Stream, phrase: Phrase, thorough: bool) -> list[int]:
    """Numbers of tokens that are close to a content word of the phrase; of the rarest word, if it must be there."""
    needed = sorted(phrase.content, key=lambda number: (-phrase.weights[number], -len(phrase.words[number]), number))
    options = {phrase.words[number] for number in (needed[:1] if len(needed) <= FEW and not thorough else needed)}
    texts = (text for text in stream.places if any(_may_stand_for(stream, option, text) for option in options))
    return sorted(number for text in texts for number in stream.places[text])


def _may_stand_for(stream: Stream, option: str, text: str) -> bool:
    """Whether a recognized word may stand for a word, alone or joined with a neighbour."""
    if closeness(option, text, stream.least_probabilities[text], stream.language) >= LEAST:
        return True
    short, long = (option, text) if len(option) < len(text) else (text, option)
    return len(short) >= 3 and (long.startswith(short) or long.endswith(short))


def _closeness(stream: Stream, offset: int, wanted: str, first: int, last: int) -> float:
    if last - first == 1:
        number = offset + first
        return closeness(wanted, stream.tokens[number].text, stream.probabilities[number], stream.language)
    text = "".join(token.text for token in stream.tokens[offset + first : offset + last])
    known = [each for each in stream.probabilities[offset + first : offset + last] if each is not None]
    return closeness(wanted, text, min(known) if known else None, stream.language)


def _match(stream: Stream, phrase: Phrase, text: str, found: Alignment, low: int, similarity: float) -> Match:
    tokens = stream.tokens[low + found.first : low + found.last]
    words = stream.words[tokens[0].word : tokens[-1].word + 1]
    evidence = Evidence(
        start=words[0].start,
        end=max(word.end for word in words),
        speaker=stream.speaker,
        text=join_words(words),
        phrase=text,
        similarity=round(found.similarity, 3),
        confidence=confidence_of(words),
    )
    pairs = tuple(_shown(stream, phrase, found.pairs, low))
    reason = _refusal(phrase, found, words, similarity)
    return Match(evidence, pairs, reason or _other_words(stream, phrase, found, low))


def _other_words(stream: Stream, phrase: Phrase, found: Alignment, low: int) -> str:
    """The words between those of an alignment that make it another phrase; "" without any.

    A content word counts between words that follow each other in the phrase: in the place of a missing word it may be
    that word, misrecognized.
    """
    gaps = [(one, two, range(low + one.last, low + two.first)) for one, two in pairwise(found.pairs)]
    if is_english(stream.language):
        between = {stream.tokens[n].text for *_, gap in gaps for n in gap}
        if between & NEGATIONS:
            return ", ".join(f"with {word} between its words" for word in sorted(between & NEGATIONS))
    paired = {number for pair in found.pairs for number in pair.range}
    missing = [word for number, word in enumerate(phrase.words) if number not in paired]
    more = [
        stream.tokens[n].text for one, two, gap in gaps if one.j == two.i for n in gap if stream.costs[n] >= CONTENT
    ]
    return f"without {', '.join(missing)}, and with {', '.join(more)} between its words" if missing and more else ""


def _shown(stream: Stream, phrase: Phrase, pairs: Sequence[Pair], low: int) -> Iterator[tuple[str, str, float]]:
    number = 0
    for pair in pairs:
        yield from ((word, "", 0.0) for word in phrase.words[number : pair.i])
        found = " ".join(token.text for token in stream.tokens[low + pair.first : low + pair.last])
        yield " ".join(phrase.words[pair.i : pair.j]), found, round(pair.closeness, 3)
        number = pair.j
    yield from ((word, "", 0.0) for word in phrase.words[number:])


def _refusal(phrase: Phrase, found: Alignment, words: Sequence[Word], similarity: float) -> str:
    """Why an alignment is no match; "" for a match."""
    paired = {number for pair in found.pairs for number in pair.range}
    missing = [phrase.words[number] for number in sorted(phrase.content - paired)]
    allowed = 0 if len(phrase.content) <= FEW else math.floor(len(phrase.content) / 4)
    length = sum(pair.last - pair.first for pair in found.pairs)
    if phrase.is_exact and (found.similarity < 1 or found.last - found.first != length):
        return "a phrase of common words only must be there word by word"
    if len(missing) > allowed:
        return f"without {', '.join(missing)}"
    if len(phrase.content) == 1 and any(
        pair.closeness < ALONE for pair in found.pairs if phrase.content & {*pair.range}
    ):
        return "its only content word is not close enough"
    if round(found.similarity, 3) < similarity:
        return "not similar enough"
    pause = max((after.start - before.end for before, after in pairwise(words)), default=0.0)
    return f"a pause of {pause:.1f} s between its words" if pause > MAX_PAUSE else ""
