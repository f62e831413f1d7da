"""A transcript as the finders read it: each speaker's words in order of time, as tokens that point back to the words.

Utterances play no part: the words of a speaker are one sequence, however they were cut into lines. Words that were
removed as probable hallucinations are in it too, because a card number may look like a loop ("one one one one"), and
words that a person deleted: they are gone from the text, but not from the recording.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.redaction.terms import digits_of

LOW: Final = 0.5
"""Probability of a word below which it may be another word, for example a digit. Chosen by hand: Whisper's words that
are right have 0.9 on the median. More covers more words inside runs of digits."""
WORDLESS: Final = 0.3
"""Least speech without words, in seconds, that can hold a digit. As long as the uncertainty of word times; a smaller
value covers pauses between words, a larger one may miss a short digit."""
_TOKEN = re.compile(
    r"[$£€¥]?\d+(?:[.,:/'\-‐-―]\d+)*(?:st|nd|rd|th|'?s)?(?![^\W\d_])%?|\d+|[^\W\d_]+(?:'[^\W\d_]+)*",
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number of one speaker; a written word may have several ("forty-two", "j.smith@example.com")."""

    text: str
    """Lower case, without punctuation."""
    raw: str
    """As written."""
    before: str
    """What stands between the token before and this one: a space, a punctuation mark, or nothing."""
    word: int
    """Its word, as a position in ``Talk.words``."""
    speaker: str
    start: float
    end: float
    probability: float | None

    @property
    def unsure(self) -> bool:
        """Whether the recognizer thinks that it may be another word."""
        return self.probability is not None and self.probability < LOW


@dataclass(frozen=True, slots=True)
class Placed:
    """A word with its speaker and its place in the transcript; removed words have no place."""

    word: Word
    speaker: str
    place: tuple[int, int] | None


@dataclass(frozen=True, eq=False)
class Talk:
    """A transcript as tokens."""

    transcript: Transcript
    words: tuple[Placed, ...]
    """Every word in order of time."""

    @classmethod
    def of(cls, transcript: Transcript) -> Talk:
        """Read a transcript."""
        placed = [*_placed(transcript.utterances, True), *_placed(transcript.removed, False), *_corrected(transcript)]
        return cls(transcript, tuple(sorted(placed, key=lambda item: (item.word.start, item.speaker))))

    @cached_property
    def streams(self) -> dict[str, tuple[Token, ...]]:
        """The tokens of each speaker, in order of time."""
        by_speaker: dict[str, list[int]] = {}
        for number, item in enumerate(self.words):
            by_speaker.setdefault(item.speaker, []).append(number)
        return {speaker: tuple(_tokens(self.words, numbers)) for speaker, numbers in sorted(by_speaker.items())}

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens of all speakers, in order of time."""
        return tuple(sorted((t for stream in self.streams.values() for t in stream), key=lambda t: (t.start, t.word)))

    @cached_property
    def _starts(self) -> list[float]:
        return [token.start for token in self.tokens]

    def between(self, start: float, end: float) -> tuple[Token, ...]:
        """The tokens of all speakers that start in the span."""
        return self.tokens[bisect_left(self._starts, start) : bisect_right(self._starts, end)]

    @cached_property
    def wordless(self) -> tuple[Turn, ...]:
        """Speech without words of its speaker: parts of turns, at least ``WORDLESS`` seconds long."""
        gaps: list[Turn] = []
        spoken: dict[str, list[Word]] = {}
        for item in self.words:
            spoken.setdefault(item.speaker, []).append(item.word)
        starts = {speaker: [word.start for word in words] for speaker, words in spoken.items()}
        for turn in self.transcript.turns:
            first = max(0, bisect_left(starts.get(turn.speaker, []), turn.start) - 1)
            gaps.extend(_without(turn, spoken.get(turn.speaker, [])[first:]))
        return tuple(gaps)

    @cached_property
    def cased(self) -> bool:
        """Whether the transcript writes capital letters, so that they can mark names."""
        capitals = sum(token.raw[0].isupper() for token in self.tokens)
        return 0 < capitals <= len(self.tokens) * 0.6


def normalized(text: str) -> str:
    """``text`` with digits of every script as ASCII digits and typographic apostrophes as plain ones."""
    folded = unicodedata.normalize("NFKC", text).replace("’", "'")
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)


def _placed(utterances: Iterable[Utterance], in_text: bool) -> Iterator[Placed]:
    for line, utterance in enumerate(utterances):
        for number, word in enumerate(utterance.words):
            yield Placed(word, utterance.speaker, (line, number) if in_text else None)


def _corrected(transcript: Transcript) -> Iterator[Placed]:
    """Words that corrections deleted, or replaced by fewer words or digits, at their time."""
    for each in transcript.corrections:
        before, after = each.before.split(), each.after.split()
        fewer = len(before) > len(after) or len(digits_of(before)) > len(digits_of(after))
        if each.operation == "text" and each.problem is None and each.start < each.end and fewer:
            end = min(each.end, transcript.duration)
            if each.start < end:
                yield Placed(Word(each.start, end, each.before), each.speaker, None)


def _tokens(words: Sequence[Placed], numbers: Sequence[int]) -> Iterator[Token]:
    before = ""
    for number in numbers:
        item = words[number]
        text = normalized(item.word.text)
        before += "" if item.word.no_space else " "
        last = 0
        for match in _TOKEN.finditer(text):
            raw = match.group()
            yield Token(
                raw.lower(), raw, before + text[last : match.start()], number, item.speaker,
                item.word.start, item.word.end, item.word.probability,
            )  # fmt: skip
            before, last = "", match.end()
        before += text[last:]


def _without(turn: Turn, words: Sequence[Word]) -> Iterator[Turn]:
    """The parts of a turn between words; ``words`` begin with the last one that starts before the turn."""
    time = turn.start
    for word in words:
        if word.end <= time:
            continue
        if word.start >= turn.end:
            break
        if word.start - time >= WORDLESS:
            yield Turn(time, word.start, turn.speaker)
        time = max(time, word.end)
    if turn.end - time >= WORDLESS:
        yield Turn(time, turn.end, turn.speaker)
