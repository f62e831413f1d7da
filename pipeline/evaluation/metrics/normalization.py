"""Text normalizers: they decide which spellings count as the same word. Report the name with every word error rate."""

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
    """A normalized word with its times in seconds and its speaker; the unit of comparison."""

    start: float
    end: float
    text: str
    speaker: str

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Normalizer:
    """A named function from text to text; ``wordwise`` if it may be applied to each word separately."""

    name: str
    apply: Callable[[str], str]
    wordwise: bool = True

    def tokens(self, utterance: Utterance) -> Iterator[Token]:
        """The normalized words of an utterance, in order.

        If a word becomes several, its time is divided by characters; if it becomes empty, it is left out. For a
        normalizer of whole texts, times are interpolated by the relative position in the utterance's characters.
        """
        groups = _written_words(utterance.words) if self.wordwise else [utterance.words]
        for group in groups:
            texts = self.apply(join_words(group)).split()
            for text, (start, end) in zip(texts, _spans(group, texts), strict=True):
                yield Token(start, end, text, utterance.speaker)


def normalizer(name: str) -> Normalizer:
    """The normalizer with this name.

    ``none`` leaves text as written; ``basic`` ignores case and punctuation (apostrophes inside words are kept, a hyphen
    separates words); ``english`` is Whisper's English normalizer, which also unifies numbers, spellings and
    contractions. Raises `SettingsError` for an unknown name, and for ``english`` without the extra ``score``.
    """
    if name == "none":
        return Normalizer(name, str)
    if name == "basic":
        return Normalizer(name, _basic)
    if name == "english":
        return Normalizer(name, _english(), wordwise=False)
    raise SettingsError(f"unknown normalizer {name!r}", hint=f"one of {', '.join(NAMES)}")


NAMES = ("none", "basic", "english")


def _basic(text: str) -> str:
    folded = fold(text).replace("’", "'")
    plain = "".join(c if c == "'" or unicodedata.category(c)[0] in "LNM" else " " for c in folded)
    return " ".join(filter(None, (word.strip("'") for word in plain.split())))


@functools.cache
def _english() -> Callable[[str], str]:
    try:
        from whisper_normalizer.english import EnglishTextNormalizer
    except ImportError as error:
        hint = "pip install 'crosstalk-transcribe[score]', or use the normalizer 'basic'"
        raise SettingsError("the normalizer 'english' needs the package whisper-normalizer", hint=hint) from error
    apply: Callable[[str], str] = EnglishTextNormalizer()
    return apply


def _written_words(words: tuple[Word, ...]) -> Iterator[tuple[Word, ...]]:
    """Groups of words written without a space between them."""
    group: tuple[Word, ...] = ()
    for word in words:
        if group and not word.no_space:
            yield group
            group = ()
        group = (*group, word)
    yield group


def _spans(words: tuple[Word, ...], texts: list[str]) -> list[tuple[float, float]]:
    """Times of ``texts``: those of ``words`` if the numbers are equal, else interpolated by characters."""
    if len(texts) == len(words):
        return [(word.start, word.end) for word in words]
    old = np.cumsum([0, *(len(word.text) for word in words)]) / max(1, sum(len(word.text) for word in words))
    new = np.cumsum([0, *(len(text) for text in texts)]) / max(1, sum(len(text) for text in texts))
    edges = np.interp(new, old, [word.start for word in words] + [words[-1].end]).tolist()
    return list(pairwise(edges))
