"""Where the words of a given line (an agenda item, an earlier action) stand in a talk.

The talk is divided into bins of equal numbers of tokens, and the stems of the line's subject words are counted in each.
A passage's score for a line is the share of the line's words that stand near it; words are weighted, and each
repetition adds less (the saturation of BM25; Robertson and Walker, SIGIR 1994).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.core.types import Word
from pipeline.minutes.features import STEM
from pipeline.minutes.talk import Sentence, Talk, tokens_of

LEAST, LEAST_KNOWN = 4, 3
"""Fewest letters of a subject word, and of one that a table of rarity does not call frequent: most shorter words are
function words, in every language with letters. Chosen by hand."""
FREQUENT, SLACK = 0.02, 10
"""A word that is more than this share of the tokens, plus this number of times, is no subject word. Chosen by hand. It
is not applied to words that the table calls rare: a meeting may speak of one thing all the time."""
PLAIN, RARE, UNKNOWN = 0.7, 0.15, 2.0
"""Weight of a word that is frequent in other meetings, what a point of rarity adds, and the rarity of a word that the
table lacks. Chosen on the parts train and tune: with larger differences fewer of the marked passages are found."""
CONCENTRATED = 0.5
"""Exponent of a stem's concentration, the inverse frequency of its bins. 0, 0.5 and 1 were tried on the parts train and
tune: 0 is a little worse for lines of meetings of the same kind, 1 for all."""
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Letters of languages that are written without spaces, and Korean: their stems are pairs of letters."""
_ENDING = re.compile("[\u3040-\u309f]")
"""Hiragana: Japanese particles and endings, of which no pair is made."""
_PAIR = re.compile(f"[{_SPACELESS}]{{2}}")
_PARTS = re.compile(f"([{_SPACELESS}]+)|([^{_SPACELESS}]+)")
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Places:
    """The bins of each stem, for bins of ``size`` tokens."""

    talk: Talk
    rarity: Mapping[str, float]
    size: int
    bins: Mapping[str, Sequence[int]]
    """The bin of each occurrence of a stem."""
    edges: tuple[int, ...]
    """The utterance with the first token of each bin, and the last utterance."""
    tokens: int
    """Number of tokens."""
    _sentences: dict[int, tuple[Sentence, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, talk: Talk, rarity: Mapping[str, float], size: int) -> Places:
        """Read a talk, in time and memory proportional to its tokens; words that may be hallucinations are left out."""
        found: dict[str, list[int]] = defaultdict(list)
        edges: list[int] = []
        position = 0
        for number, tokens in enumerate(talk.tokens):
            if number not in talk.suspect:
                for offset, stem, _ in stems(tokens):
                    found[stem].append((position + offset) // size)
            position += len(tokens)
            edges += [number] * (-(-position // size) - len(edges))
        return cls(talk, rarity, size, found, (*edges, len(talk.tokens) - 1), position)

    def wanted(self, tokens: Sequence[str]) -> dict[str, float]:
        """The stems of a line's subject words, with their weights."""
        weights: dict[str, float] = {}
        for _, stem, word in stems(tokens):
            rarity = self.rarity.get(word, UNKNOWN)
            known = bool(self.rarity) and rarity > 0
            long = is_pair(word) or len(word) >= (LEAST_KNOWN if known else LEAST)
            if long and (known or len(self.bins.get(stem, ())) <= FREQUENT * self.tokens + SLACK):
                weights[stem] = max(weights.get(stem, 0.0), PLAIN + RARE * rarity)
        return {stem: weight * self._concentration(stem) for stem, weight in weights.items()}

    def scores(self, wanted: Mapping[str, float], kernel: Vector, half: float, constant: float) -> Vector:
        """The score of each bin, 0 to 1: occurrences are counted around it with the weights of ``kernel`` (of odd
        length); ``half`` of them make half a word, and ``constant`` is added to the weight of the line, so that one
        word alone scores less."""
        count, reach = len(self.edges) - 1, len(kernel) // 2
        total = np.zeros(count)
        for stem, weight in wanted.items():
            if stem in self.bins:
                places = np.bincount(self.bins[stem], minlength=count)
                near = np.convolve(places, kernel)[reach : reach + count]
                total += weight * near / (near + half)
        return np.asarray(total / (sum(wanted.values()) + constant))

    def sentences(self, first: int, last: int) -> Iterator[Sentence]:
        """The sentences of the utterances from the bin ``first`` to the bin ``last``, without doubtful words."""
        for number in range(self.edges[first], self.edges[last + 1] + 1):
            if number not in self.talk.suspect:
                if number not in self._sentences:
                    self._sentences[number] = self.talk.sentences(number)
                yield from self._sentences[number]

    def _concentration(self, stem: str) -> float:
        count = len(self.edges) - 1
        if stem not in self.bins or count < 1:
            return 1.0
        return float((math.log((count + 1) / len(set(self.bins[stem]))) / math.log(count + 1)) ** CONCENTRATED)


def stems(tokens: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """The words of a line in the form in which they are compared: number of the token, stem, word.

    A stem is the beginning of a word without a final ``s`` and without what an apostrophe adds; negated auxiliaries
    (``didn't``) are left out. Where a language is written without spaces, it is a pair of letters that stand beside
    each other.
    """
    run: list[tuple[int, str]] = []
    for number, token in enumerate((*tokens, "?")):
        for letters, word in _PARTS.findall(token):
            if letters:
                run += [(number, letter) for letter in letters]
                continue
            pairs = ((place, one + two) for (place, one), (_, two) in pairwise(run))
            yield from ((place, pair, pair) for place, pair in pairs if not _ENDING.search(pair))
            run = []
            negated = word.endswith("n't")
            word = max(word.split("'"), key=len)
            if len(word) >= LEAST_KNOWN and not word.isdigit() and not negated:
                yield number, _stem(word), word


def is_pair(word: str) -> bool:
    """Whether this is a pair of letters of a language that is written without spaces."""
    return bool(_PAIR.fullmatch(word))


def _stem(word: str) -> str:
    plural = len(word) > LEAST and word.endswith("s") and not word.endswith("ss")
    return word[:-1][:STEM] if plural else word[:STEM]


def line_tokens(line: str) -> tuple[str, ...]:
    """The tokens of a written line, as those of a talk; brackets are no marks of an annotation here."""
    return tokens_of(tuple(Word(0.0, 1.0, text) for text in re.sub(r"[\[\]{}<>@]", " ", line).split()))


def shared_words(sentence: Sentence, wanted: Mapping[str, float]) -> dict[str, str]:
    """The stems of a line that a sentence has, each with the word that was said first."""
    found: dict[str, str] = {}
    for _, stem, word in stems(sentence.tokens):
        if stem in wanted:
            found.setdefault(stem, word)
    return found
