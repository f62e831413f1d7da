"""A transcript as the finders read it: tokens of each utterance, and sentences as ranges of words.

Tokens are lower-case words without punctuation; a question mark is a token. Annotations of manual transcripts
(``{vocalsound}``, ``[laughter]``) are no tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pipeline.core.types import Transcript, Utterance, Word
from pipeline.minutes.types import Evidence

LONGEST = 60
"""Most words of a sentence. Chosen by hand: about 20 s of speech; text without punctuation is cut there."""
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|\?")
_CLITIC = re.compile(r"'(?:s|m|re|ve|ll|d|t)$")
_ANNOTATION = re.compile(r"[{\[<].*[}\]>][.,]?$|@+$")
_ABBREVIATION = re.compile(r"(?:mr|mrs|ms|dr|st|hon|prof|vs|e\.g|i\.e|z\.b|m|\w)\.$")
_END = re.compile(r"(?:[.?!…。？！])[\"'»”)\]]*$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words of one utterance up to the end of a sentence."""

    evidence: Evidence
    tokens: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Talk:
    """A transcript with the tokens of each utterance."""

    transcript: Transcript
    tokens: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, transcript: Transcript) -> Talk:
        """Read a transcript."""
        return cls(transcript, tuple(tokens_of(utterance.words) for utterance in transcript.utterances))

    @cached_property
    def speakers(self) -> tuple[str, ...]:
        """The speaker of each utterance."""
        return tuple(utterance.speaker for utterance in self.transcript.utterances)

    @cached_property
    def suspect(self) -> frozenset[int]:
        """Numbers of utterances with a word that may be a hallucination."""
        lines = enumerate(self.transcript.utterances)
        return frozenset(number for number, line in lines if any(word.suspect for word in line.words))

    def sentences(self, utterance: int) -> tuple[Sentence, ...]:
        """The sentences of an utterance, by its number; together they are all its words."""
        words = self.transcript.utterances[utterance].words
        ranges = _sentence_ranges(self.transcript.utterances[utterance])
        return tuple(Sentence(Evidence(utterance, a, b), tokens_of(words[a : b + 1])) for a, b in ranges)


def tokens_of(words: tuple[Word, ...]) -> tuple[str, ...]:
    """The tokens of words; a clitic that stands alone (``'s``) belongs to the word before it."""
    tokens: list[str] = []
    for word in words:
        text = word.text.lower().replace("’", "'").replace("_", "")
        if _ANNOTATION.match(text):
            continue
        if tokens and tokens[-1] != "?" and _CLITIC.match(text):
            tokens[-1] += text
        else:
            tokens.extend(_TOKEN.findall(text))
    return tuple(tokens)


def _sentence_ranges(utterance: Utterance) -> Iterator[tuple[int, int]]:
    first, last = 0, len(utterance.words) - 1
    for number, word in enumerate(utterance.words):
        ends = bool(_END.search(word.text)) and not _ABBREVIATION.match(word.text.lower())
        if number == last or ends or number - first + 1 >= LONGEST:
            yield first, number
            first = number + 1
