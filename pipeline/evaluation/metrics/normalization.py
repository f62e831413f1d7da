"""Which spellings count as the same word: named normalisers, to be said with every word error rate."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.core.errors import SettingsError
from pipeline.core.text import fold
from pipeline.core.types import Utterance, Word, join_words


@dataclass(frozen=True, slots=True)
class Token:
    """A normalised word with its time and its speaker: what is compared."""

    start: float
    end: float
    text: str
    speaker: str

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Normalizer:
    """A named map from text to text; ``wordwise`` when it may be applied to each word alone."""

    name: str
    apply: Callable[[str], str]
    wordwise: bool = True

    def tokens(self, utterance: Utterance) -> Iterator[Token]:
        """The utterance's words, normalised, in their order.

        A word that becomes several shares its time among them by characters; one that becomes nothing is left out. A
        map that needs the whole text takes times from the same relative position in the utterance's characters.
        """
        groups = _written_words(utterance.words) if self.wordwise else [utterance.words]
        for group in groups:
            texts = self.apply(join_words(group)).split()
            for text, (start, end) in zip(texts, _spans(group, texts), strict=True):
                yield Token(start, end, text, utterance.speaker)


def normalizer(name: str) -> Normalizer:
    """The normaliser of a name.

    ``none`` compares as written; ``basic`` ignores case and punctuation (apostrophes within words stay, a hyphen
    divides); ``english`` is Whisper's English normaliser, which also unifies numbers, spellings and contractions.
    Raises `SettingsError` for another name, or for ``english`` without the extra ``score``.
    """
    if name == "none":
        return Normalizer(name, str)
    if name == "basic":
        return Normalizer(name, _basic)
    if name == "english":
        return Normalizer(name, _english(), wordwise=False)
    raise SettingsError(f"no normaliser {name!r}", hint=f"one of {', '.join(NAMES)}")


NAMES = ("none", "basic", "english")


def _basic(text: str) -> str:
    kept = "".join(c if c == "'" or unicodedata.category(c)[0] in "LNM" else " " for c in fold(text).replace("’", "'"))
    return " ".join(filter(None, (word.strip("'") for word in kept.split())))


@functools.cache
def _english() -> Callable[[str], str]:
    try:
        from whisper_normalizer.english import EnglishTextNormalizer
    except ImportError as error:
        hint = "pip install 'crosstalk-transcribe[score]', or use the normaliser basic"
        raise SettingsError("the normaliser english needs whisper-normalizer", hint=hint) from error
    apply: Callable[[str], str] = EnglishTextNormalizer()
    return apply


def _written_words(words: tuple[Word, ...]) -> Iterator[tuple[Word, ...]]:
    """Words as they stand between spaces: each with those joined to it."""
    group: tuple[Word, ...] = ()
    for word in words:
        if group and not word.no_space:
            yield group
            group = ()
        group = (*group, word)
    yield group


def _spans(words: tuple[Word, ...], texts: list[str]) -> list[tuple[float, float]]:
    """Times of ``texts``: the words' own where they correspond, else the same share of the way as of the characters."""
    if len(texts) == len(words):
        return [(word.start, word.end) for word in words]
    old = np.cumsum([0, *(len(word.text) for word in words)]) / max(1, sum(len(word.text) for word in words))
    new = np.cumsum([0, *(len(text) for text in texts)]) / max(1, sum(len(text) for text in texts))
    edges = np.interp(new, old, [word.start for word in words] + [words[-1].end]).tolist()
    return list(pairwise(edges))
