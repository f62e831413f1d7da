"""Numbered segments of a transcript, and chunks of them that fit a context.

Tokens are estimated, since every model counts them differently: `BYTES` bytes are a token, and each row of a segment
has `ROW` tokens more for its numbers, quotation marks and commas. With Whisper's vocabulary of 50,000 tokens, requests
about 24 meetings of QMSum have 0.76 times the estimate, at most 0.89 times; single sentences in Finnish, German, Thai
and Russian 0.5 to 0.94 times, in Chinese and Hindi 1.05 to 1.1 times. A server that finds a request too long gets it in
halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.formats.sanitize import clean
from pipeline.minutes.talk import Sentence, Talk
from pipeline.minutes.types import Evidence

WORDS = 40
"""Words up to which whole sentences of an utterance are one segment. Chosen by hand: two or three sentences, what an
item of minutes quotes."""
BYTES = 3
"""Bytes of UTF-8 that are estimated as a token. Chosen by hand: English has 4 to 5, Chinese about 3."""
ROW = 10
"""Tokens that a row of numbers and quotation marks is estimated to add. Chosen by hand: models that write each digit
as a token have up to ten."""
_INERT = str.maketrans("<>[]", "()()")
"""Brackets of the special tokens of chat templates: some servers obey them wherever they stand."""

Position = tuple[int, int]
"""Numbers of an utterance and of a word in it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Whole sentences of one utterance."""

    number: int
    """Number in the transcript, from 0; the model names segments by it."""
    evidence: Evidence
    """The words."""
    start: float
    """Start of the first word, in seconds."""
    end: float
    """End of the last word, in seconds."""
    speaker: str
    """Label of the speaker in the transcript."""
    name: str
    """Label of the speaker, as it is sent."""
    text: str
    """The words, as they are sent."""

    @property
    def position(self) -> Position:
        """Where the segment begins."""
        return self.evidence.utterance, self.evidence.first_word

    def overlaps(self, words: Evidence) -> bool:
        """Whether some of the words are in the segment."""
        first, last = self.evidence.first_word, self.evidence.last_word
        return words.utterance == self.evidence.utterance and words.first_word <= last and words.last_word >= first

    @property
    def row(self) -> tuple[int, str, str]:
        """What the model sees."""
        return self.number, self.name, self.text

    @property
    def tokens(self) -> int:
        """Estimated tokens of the row."""
        return ROW + tokens_of_text(self.name) + tokens_of_text(self.text)


@dataclass(frozen=True)
class Chunk:
    """Consecutive segments that are sent in one request."""

    segments: tuple[Segment, ...]

    @cached_property
    def people(self) -> tuple[str, ...]:
        """The speakers' labels, in order of first appearance; the model names people by their place in it."""
        return tuple(dict.fromkeys(segment.speaker for segment in self.segments))

    @property
    def tokens(self) -> int:
        """Estimated tokens of the segments and of the list of people."""
        return sum(each.tokens for each in self.segments) + sum(
            ROW + tokens_of_text(inert(each)) for each in self.people
        )

    @property
    def halves(self) -> tuple[Chunk, ...]:
        """Two chunks of as many segments, or the chunk where it has one segment."""
        middle = len(self.segments) // 2
        return (Chunk(self.segments[:middle]), Chunk(self.segments[middle:])) if middle else (self,)


def tokens_of_text(text: str) -> int:
    """Estimated number of tokens."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES)


def inert(text: str) -> str:
    """Text as it is sent: one line, and no brackets with which chat templates mark their tokens."""
    return clean(text).translate(_INERT)


def segments_of(talk: Talk) -> tuple[Segment, ...]:
    """The segments of a transcript; utterances with words that may be hallucinations have none."""
    found: list[Segment] = []
    for line in range(len(talk.tokens)):
        if line in talk.suspect:
            continue
        for evidence in _grouped(talk.sentences(line)):
            words = evidence.words(talk.transcript)
            end, speaker = max(word.end for word in words), talk.speakers[line]
            text = inert(evidence.text(talk.transcript))
            found.append(Segment(len(found), evidence, words[0].start, end, speaker, inert(speaker), text))
    return tuple(found)


def chunks_of(segments: Iterable[Segment], room: int) -> Iterator[Chunk]:
    """Consecutive chunks of at most ``room`` tokens; a larger segment is a chunk by itself."""
    inside: list[Segment] = []
    names: set[str] = set()
    size = 0
    for segment in segments:
        person = ROW + tokens_of_text(segment.name)
        added = segment.tokens + (0 if segment.speaker in names else person)
        if inside and size + added > room:
            yield Chunk(tuple(inside))
            inside, names, size = [], set(), 0
            added = segment.tokens + person
        inside.append(segment)
        names.add(segment.speaker)
        size += added
    if inside:
        yield Chunk(tuple(inside))


def _grouped(sentences: Sequence[Sentence]) -> Iterator[Evidence]:
    """Consecutive sentences of up to `WORDS` words; groups without a token (annotations) are left out."""
    group: list[Sentence] = []
    for sentence in (*sentences, None):
        first = group[0].evidence.first_word if group else 0
        if group and (sentence is None or sentence.evidence.last_word - first + 1 > WORDS):
            if any(each.tokens for each in group):
                yield Evidence(group[0].evidence.utterance, first, group[-1].evidence.last_word)
            group = []
        if sentence is not None:
            group.append(sentence)
