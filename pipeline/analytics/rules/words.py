"""Words as they are compared: tokens of phrases and transcripts, and how rare a word is.

A token is a word in lower case without punctuation. English contractions are two tokens (``I'm`` is ``i am``), so that
a phrase matches both spellings; characters of languages that are written without spaces are each a token.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.core.text import fold, letters, read_text
from pipeline.core.types import Word

TABLE = Path(__file__).with_name("frequencies.txt")
"""Occurrences of English words in a million words of meetings, a word a line. Written by
``examples/training/word_frequencies.py``; other frequencies change the weights of words in matches."""
COMMON, RARE = 1.5, 4.5
"""Negative decimal logarithm of the relative frequency of words with the lowest and with the highest weight. Chosen by
hand: "you" is at 1.6, a word that occurs once in 30,000 words is at 4.5."""
LOWEST = 0.1
"""Weight of the most common words, against 1 for rare ones. Chosen by hand; a higher one makes "the" and "you" count
for more."""
CONTENT = 0.4
"""Least weight of a content word. Chosen by hand: words up to about 500 times as frequent as 1 in 300,000 carry a
meaning that a phrase cannot be without."""
FUNCTION = Path(__file__).with_name("function_words.txt")
"""English words of grammar rather than of meaning, and fillers, a word a line: never content words, however rare they
are in meetings. Collected by hand; a word more may be missing in matches."""
MOST_FUNCTION = 0.25
"""Highest weight of such words, and of single letters. Chosen by hand, below `CONTENT`."""
SHORT = 3
"""Most letters of a common word where there is no table of the language. Chosen by hand."""
_SCRIPTS_WITHOUT_SPACES = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
_PARTS = re.compile(rf"[{_SCRIPTS_WITHOUT_SPACES}]|[^{_SCRIPTS_WITHOUT_SPACES}]+")
_CONTRACTIONS = (
    (re.compile(r"^can(?:'t|not)$"), "can not"),
    (re.compile(r"^won't$"), "will not"),
    (re.compile(r"n't$"), " not"),
    (re.compile(r"'m$"), " am"),
    (re.compile(r"'re$"), " are"),
    (re.compile(r"'ve$"), " have"),
    (re.compile(r"'ll$"), " will"),
    (re.compile(r"'d$"), " would"),
    (re.compile(r"'s$"), ""),
)
"""Endings of English words and what is compared in their place; ``'s`` (is, has, or a possessive) is left out."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is compared, and the number of the word that it comes from."""

    text: str
    word: int


def tokens_of(words: Iterable[Word], language: str | None) -> tuple[Token, ...]:
    """The tokens of words; ``language`` None is read as English."""
    return tuple(Token(text, n) for n, word in enumerate(words) for text in _tokens(word.text, is_english(language)))


def phrase_tokens(phrase: str, language: str | None) -> tuple[str, ...]:
    """The tokens of a phrase."""
    return tuple(text for word in phrase.split() for text in _tokens(word, is_english(language)))


def is_english(language: str | None) -> bool:
    """Whether a language is English, or not known."""
    return language in (None, "en")


@cache
def _tokens(word: str, english: bool) -> tuple[str, ...]:
    text = fold(word).replace("’", "'").strip("'\".,;:!?()[] ")
    if english:
        for ending, expansion in _CONTRACTIONS:
            changed = ending.sub(expansion, text)
            if changed != text:
                text = changed
                break
    parts = (letters(part) for part in text.split())
    return tuple(piece for part in parts for piece in _PARTS.findall(part))


@cache
def weight(token: str, english: bool = True) -> float:
    """How much a word counts in a match: `LOWEST` for the most common, 1 for rare words.

    >>> weight("the"), weight("mortgage")
    (0.1, 1.0)
    """
    if not english:
        return LOWEST * 2 if len(token) <= SHORT and token.isascii() else 1.0
    highest = MOST_FUNCTION if token in _function_words() or (len(token) == 1 and token.isascii()) else 1.0
    frequency = _frequencies().get(token)
    if frequency is None:
        return highest
    rarity = 6 - math.log10(frequency)
    return min(highest, max(LOWEST, (rarity - COMMON) / (RARE - COMMON)))


@cache
def _function_words() -> frozenset[str]:
    return frozenset(read_text(FUNCTION).content.split())


@cache
def _frequencies() -> dict[str, int]:
    rows = (line.split() for line in read_text(TABLE).content.splitlines())
    return {word: int(count) for word, count in rows}
