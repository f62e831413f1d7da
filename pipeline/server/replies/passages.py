"""The utterances of a transcript as answers show them: inert texts, times in whole milliseconds, labels for clients."""

from __future__ import annotations

import string
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product
from typing import Any

from pipeline.core.identity import is_label
from pipeline.core.timeline import IntervalIndex, Timed
from pipeline.core.types import Transcript, Turn, Utterance, Word
from pipeline.formats.sanitize import clean, distinct
from pipeline.formats.timestamps import millis
from pipeline.formats.words import overlapping


@dataclass(frozen=True, slots=True)
class VisibleWord:
    """A word with the text that it adds, a space before it included; ``overlap``: another speaker's word meets it."""

    word: Word
    text: str
    overlap: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """An utterance with at least one visible word. ``overlap``: another speaker's utterance meets it."""

    speaker: str
    pieces: tuple[VisibleWord, ...]
    overlap: bool

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def start(self) -> float:
        return self.pieces[0].word.start

    @property
    def end(self) -> float:
        return max(piece.word.end for piece in self.pieces)

    @property
    def probabilities(self) -> list[float]:
        """The probabilities of its words, where the recognizer gives some."""
        return [piece.word.probability for piece in self.pieces if piece.word.probability is not None]


def passages(transcript: Transcript, known: Collection[str] = ()) -> tuple[Passage, ...]:
    """The utterances in order of their first visible words."""
    meeting = overlapping(transcript.utterances)
    spoken = IntervalIndex([Turn(w.start, w.end, u.speaker) for i, u in enumerate(transcript.utterances)
                            if i in meeting for w in u.words])  # fmt: skip
    found = [(i, u, tuple(_pieces(u, spoken if i in meeting else None))) for i, u in enumerate(transcript.utterances)]
    visible = [(i, utterance, pieces) for i, utterance, pieces in found if pieces]
    visible.sort(key=lambda item: item[2][0].word.start)  # words that are not shown may have been the first ones
    labels = labelled([utterance.speaker for _, utterance, _ in visible], known)
    return tuple(Passage(labels[utterance.speaker], pieces, i in meeting) for i, utterance, pieces in visible)


def labelled(speakers: Sequence[str], known: Collection[str] = ()) -> dict[str, str]:
    """The label of each speaker: names as they are, for all others A, B, … in order of first appearance.

    >>> labelled(["SPEAKER_01", "Ana", "SPEAKER_00"], known=["Ana", "B"])
    {'SPEAKER_01': 'A', 'Ana': 'Ana', 'SPEAKER_00': 'C'}
    """
    order = dict.fromkeys(speakers)
    named = [name for name in order if not is_label(name)]
    spelled = distinct(dict.fromkeys([*known, *named]), lambda name: name if name in known else clean(name) or "_")
    taken = {*known, *spelled.values()}
    free = (letters for letters in _letters() if letters not in taken)
    return {speaker: spelled[speaker] if speaker in spelled else next(free) for speaker in order}


def text_of(spoken: Sequence[Passage]) -> str:
    """All texts, joined by spaces."""
    return " ".join(passage.text for passage in spoken)


def deltas(spoken: Sequence[Passage]) -> Iterator[tuple[Passage, str]]:
    """Each passage with what it adds to `text_of`."""
    for number, passage in enumerate(spoken):
        yield passage, f" {passage.text}" if number else passage.text


def times(timed: Timed) -> dict[str, float]:
    """Start and end in seconds, whole milliseconds."""
    start, end = millis(timed)
    return {"start": start / 1000, "end": end / 1000}


def word_item(piece: VisibleWord) -> dict[str, Any]:
    """A word with its times and probability."""
    return {"word": piece.text.strip(), **times(piece.word), "probability": piece.word.probability}


def usage(transcript: Transcript) -> Mapping[str, Any]:
    """What the recording counts as: its duration."""
    return {"type": "duration", "seconds": round(transcript.duration, 3)}


def _pieces(utterance: Utterance, spoken: IntervalIndex[Turn] | None) -> Iterator[VisibleWord]:
    """The visible words; ``spoken`` are all words where the utterance meets another one."""
    space = ""
    for word in utterance.words:
        text = clean(word.text)
        if text:
            others = spoken.meeting(word.start, word.end) if spoken is not None else ()
            overlap = any(other.speaker != utterance.speaker for other in others)
            yield VisibleWord(word, text if word.no_space else space + text, overlap)
            space = " "


def _letters() -> Iterator[str]:
    """A to Z, then AA, AB and so on."""
    for length in count(1):
        yield from ("".join(letters) for letters in product(string.ascii_uppercase, repeat=length))
