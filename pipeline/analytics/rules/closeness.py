"""How likely it is that a recognized word stands for a word of a phrase.

The closeness of two words is the mean of the similarity of their letters and of their sounds: the share of both in
their longest common subsequence (`rapidfuzz.distance.Indel`), of the words and of their Metaphone codes (`jellyfish`,
English sounds; letters alone where a word has others). A common word is seldom a misrecognized rare one: the closeness
to it is reduced by how common it is and by the recognizer's probability for it.
"""

from __future__ import annotations

from functools import cache

from rapidfuzz.distance import Indel

from pipeline.analytics.rules.words import is_english, weight

DISTRUST = 0.45
"""Part of the closeness that is lost to a most common word with probability 1. Chosen on the part tune of the
benchmark; a higher value finds fewer misrecognized phrases and fewer false ones."""
USUAL_PROBABILITY = 0.9
"""Probability of a word where the recognizer gives none. Chosen by hand, near the mean of recognized words."""
ENDINGS = frozenset({"s", "es", "ed", "ing"})
"""Endings in which English words differ and still count as the same word."""
UNLIKE = 0.4
"""Similarity below which two words have nothing to do with each other. Chosen by hand, below
`alignment.LEAST`; it saves time and changes no match."""
INFLECTED = 0.95
"""Closeness of two words that differ in an ending. Chosen by hand: below that of equal words."""


def closeness(wanted: str, found: str, probability: float | None, language: str | None) -> float:
    """0 to 1: how likely ``found`` stands for ``wanted``; 1 for equal words."""
    if wanted == found:
        return 1.0
    english = is_english(language)
    if english and wanted[:2] == found[:2] and _inflected(wanted, found):
        return INFLECTED
    alike = similarity(wanted, found, english)
    if alike < UNLIKE:
        return 0.0
    commonness = 1.0 - weight(found, english)
    trust = USUAL_PROBABILITY if probability is None else probability
    return alike * (1.0 - DISTRUST * commonness * trust)


@cache
def similarity(one: str, other: str, english: bool = True) -> float:
    """The similarity of the letters and sounds of two words, 0 to 1."""
    spelling = Indel.normalized_similarity(one, other)
    if not english or not (one.isascii() and other.isascii() and one.isalpha() and other.isalpha()):
        return spelling
    return (spelling + Indel.normalized_similarity(_sounds(one), _sounds(other))) / 2


@cache
def _sounds(word: str) -> str:
    from jellyfish import metaphone

    return metaphone(word)


@cache
def _inflected(one: str, other: str) -> bool:
    """Whether two words have a stem of three letters or more in common and differ in an ending."""
    short, long = sorted((one, other), key=len)
    if long == f"{short}d" and short.endswith("e"):
        return True
    stem = short[:-1] if short.endswith("e") and not long.startswith(short) else short
    return len(stem) >= 3 and long.startswith(stem) and long[len(stem) :] in ENDINGS
