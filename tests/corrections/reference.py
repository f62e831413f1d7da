"""A second, simple implementation of corrections, on lines of words without times; and corrections made with it.

A page does the same in the browser. Each word has a number that stands for its time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from pipeline.core.correction import CONTEXT, Correction
from pipeline.core.types import Transcript, Utterance, Word

NEW = ("new", "words", "here", "Ünder", "o'clock", "again")
LABELS = ("SPEAKER_00", "SPEAKER_01", "SPEAKER_02")


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines in order of their start: the label, and the words with their times."""

    items: tuple[tuple[str, tuple[Word, ...]], ...]

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(label, " ".join(word.text for word in words)) for label, words in self.items]

    def with_line(self, index: int, *lines: tuple[str, tuple[Word, ...]]) -> Lines:
        items = [*self.items[:index], *(line for line in lines if line[1]), *self.items[index + 1 :]]
        return Lines(tuple(sorted(items, key=lambda line: line[1][0].start)))


def lines_of(transcript: Transcript) -> Lines:
    return Lines(tuple((each.speaker, each.words) for each in transcript.utterances))


def conversation(texts: list[tuple[int, list[str]]]) -> tuple[Utterance, ...]:
    """Lines one after the other, half a second a word and a second between lines; words are all different."""
    utterances, time, number = [], 0.0, 0
    for speaker, words in texts:
        spoken = []
        for text in words:
            number += 1
            spoken.append(Word(time, time + 0.4, f"{text}{number}", 0.9))
            time += 0.5
        utterances.append(Utterance(LABELS[speaker], tuple(spoken)))
        time += 1.0
    return tuple(utterances)


@st.composite
def made(draw: st.DrawFn, lines: Lines, count: int) -> tuple[tuple[Correction, ...], Lines]:
    """Corrections as a person makes them, one after the other, and the lines after them."""
    corrections: list[Correction] = []
    for _ in range(count):
        if not lines.items:
            break
        correction, lines = draw(_one(lines))
        corrections.append(correction)
    return tuple(corrections), lines


@st.composite
def _one(draw: st.DrawFn, lines: Lines) -> tuple[Correction, Lines]:
    index = draw(st.integers(0, len(lines.items) - 1))
    label, words = lines.items[index]
    first = draw(st.integers(0, len(words) - 1))
    after = draw(st.integers(first + 1, len(words)))
    operation = draw(st.sampled_from(["assign", "text", "insert", "split", "join", "check"]))
    if operation == "assign":
        to = draw(st.sampled_from([other for other in (*LABELS, "SPEAKER_07") if other != label]))
        parts = (label, words[:first]), (to, words[first:after]), (label, words[after:])
        return replace(_at("assign", label, words, first, after), after=to), lines.with_line(index, *parts)
    if operation == "text":
        texts = draw(st.lists(st.sampled_from(NEW), max_size=3))
        new = _spread(texts, words[first].start, words[after - 1].end)
        correction = replace(_at("text", label, words, first, after), after=" ".join(texts))
        return correction, lines.with_line(index, (label, (*words[:first], *new, *words[after:])))
    if operation == "split":
        return _at("split", label, words, first, first + 1), lines.with_line(
            index, (label, words[:first]), (label, words[first:])
        )
    if operation == "join":
        before = [i for i in range(index) if lines.items[i][0] == label]
        correction = _at("join", label, words, 0, 1)
        if not before:
            return _at("check", label, words, 0, len(words)), lines
        joined = tuple(sorted((*lines.items[before[-1]][1], *words), key=lambda word: word.start))
        return correction, lines.with_line(index).with_line(before[-1], (label, joined))
    if operation == "insert" and first:
        return _inserted(draw(st.sampled_from(NEW)), label, words, first, index, lines)
    return _at("check", label, words, 0, len(words)), lines


def _inserted(
    text: str, label: str, words: tuple[Word, ...], first: int, index: int, lines: Lines
) -> tuple[Correction, Lines]:
    gap = words[first - 1].end, words[first].start
    correction = replace(_at("text", label, words, first, first), after=text, start=gap[0], end=max(gap))
    new = Word(words[first].start, words[first].middle, text)
    later = replace(words[first], start=words[first].middle)
    return correction, lines.with_line(index, (label, (*words[:first], new, later, *words[first + 1 :])))


def _at(operation: str, label: str, words: tuple[Word, ...], first: int, after: int) -> Correction:
    def text(part: tuple[Word, ...]) -> str:
        return " ".join(word.text for word in part)

    return Correction(
        operation,  # type: ignore[arg-type]
        label,
        words[first].start,
        words[max(after - 1, first)].end,
        text(words[first:after]),
        left=text(words[max(0, first - CONTEXT) : first]),
        right=text(words[after : after + CONTEXT]),
    )


def _spread(texts: list[str], start: float, end: float) -> tuple[Word, ...]:
    size = (end - start) / max(1, len(texts))
    return tuple(Word(start + i * size, start + (i + 1) * size, text) for i, text in enumerate(texts))
