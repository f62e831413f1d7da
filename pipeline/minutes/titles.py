"""Titles of topics: key phrases that were said in them.

Candidates are runs of up to `LONGEST` content words in one sentence. A phrase's score is that of its words, summed: how
often a word occurs in the topic, times its rarity in other meetings, times how much more of its occurrences lie in this
topic than its share of the talk (the idea of TF-IDF with topics as documents).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from pipeline.core.types import Word
from pipeline.minutes.features import is_content
from pipeline.minutes.talk import Talk, tokens_of
from pipeline.minutes.types import Evidence, Topic

PHRASES = 3
"""Phrases of a title. Chosen by hand."""
LONGEST = 3
"""Most words of a phrase. Chosen by hand."""
KNOWN_RARITY, UNKNOWN_RARITY = 1.0, 3.0
"""Rarity of a word that the table lacks, without and with a table for the language: an unknown English word is rare."""
FREQUENT = 0.01
"""Without a table for the language: a word with a larger share of all words than this is not in a title; so are words
of up to three letters. Chosen by hand."""
_SPLIT = re.compile(r"[.,;:?!…。？！]")
_TRIM = re.compile(r"^[^\w]+|[^\w]+$")


def titled(talk: Talk, starts: Sequence[int], rarity: Mapping[str, float]) -> tuple[Topic, ...]:
    """The topics that begin at these utterances, with titles."""
    utterances = talk.transcript.utterances
    edges = [0, *starts, len(utterances)]
    counts = [Counter(w for line in talk.tokens[a:b] for w in line) for a, b in pairwise(edges)]
    total: Counter[str] = sum(counts, Counter())
    topics = []
    for number, (first, end) in enumerate(pairwise(edges)):
        scores = _word_scores(counts[number], total, rarity)
        phrases = _phrases(talk, range(first, end), scores)
        last = max(line.end for line in utterances[first:end])
        topics.append(
            Topic(
                title=", ".join(phrase_text(talk, each) for each in phrases),
                start=utterances[first].start,
                end=utterances[end].start if end < len(utterances) else last,
                first_utterance=first,
                last_utterance=end - 1,
                evidence=tuple(phrases),
            )
        )
    return tuple(topics)


def phrase_text(talk: Talk, evidence: Evidence) -> str:
    """The words of a phrase without punctuation at its ends."""
    return _TRIM.sub("", evidence.text(talk.transcript))


def _word_scores(own: Counter[str], total: Counter[str], rarity: Mapping[str, float]) -> dict[str, float]:
    size, whole = sum(own.values()), sum(total.values())
    scores = {}
    for word, count in own.items():
        if not is_content(word, rarity) or word.isdigit():
            continue
        if not rarity and (len(word) < 4 or total[word] > FREQUENT * whole + 1):
            continue
        known = rarity.get(word, UNKNOWN_RARITY if rarity else KNOWN_RARITY)
        concentration = math.log(1 + count / total[word] * whole / size)
        scores[word] = math.log(1 + count) * known * concentration if count > 1 or size < 200 else 0.0
    return scores


def _phrases(talk: Talk, lines: range, scores: Mapping[str, float]) -> list[Evidence]:
    """The best phrases that share no word, best first."""
    found: dict[tuple[str, ...], Evidence] = {}
    often: Counter[tuple[str, ...]] = Counter()
    for line in lines:
        if line in talk.suspect:
            continue
        for words, evidence in _candidates(line, talk.transcript.utterances[line].words, scores):
            often[words] += 1
            found.setdefault(words, evidence)
    chosen: list[Evidence] = []
    used: set[str] = set()
    ranked = sorted(found, key=lambda words: (-_phrase_score(words, often[words], scores), words))
    for words in ranked:
        if len(chosen) < PHRASES and used.isdisjoint(words) and _phrase_score(words, often[words], scores) > 0:
            chosen.append(found[words])
            used.update(words)
    return chosen


def _phrase_score(words: tuple[str, ...], often: int, scores: Mapping[str, float]) -> float:
    mean = sum(scores[word] for word in words) / len(words)
    return mean * (1.0 if len(words) == 1 else math.log(1 + often) * math.sqrt(len(words)))


def _candidates(
    line: int, words: Sequence[Word], scores: Mapping[str, float]
) -> Iterator[tuple[tuple[str, ...], Evidence]]:
    """Each run of scored words, up to `LONGEST`, that no punctuation divides."""
    tokens = [tokens_of((word,)) for word in words]
    for first in range(len(words)):
        run: list[str] = []
        for last in range(first, min(first + LONGEST, len(words))):
            if len(tokens[last]) != 1 or scores.get(tokens[last][0], 0.0) <= 0 or tokens[last][0] in run:
                break
            run.append(tokens[last][0])
            yield tuple(run), Evidence(line, first, last)
            if _SPLIT.search(words[last].text):
                break
