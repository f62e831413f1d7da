"""Words for a corrected text: unchanged words keep their times, new ones share the time between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from pipeline.core.types import Span, Word, join_words

_TOKEN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[^\s\u2e80-\u9fff\uf900-\ufaff]+")
"""A unit of comparison: a Chinese or Japanese character, or a run of other characters between spaces."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the new text, with the old word that it comes from, or None."""

    text: str
    no_space: bool
    word: Word | None


def retexted(words: Sequence[Word], text: str, span: Span) -> tuple[Word, ...]:
    """Words with the text ``text``, inside ``span``.

    Unchanged words are kept as they are. New words have the origin ``corrected`` and no probability; they divide the
    time between their neighbours by their lengths in characters.
    """
    parts = _parts(words, text)
    result: list[Word] = []
    i = 0
    while i < len(parts):
        part = parts[i]
        if part.word is not None:
            result.append(replace(part.word, no_space=part.no_space))
            i += 1
            continue
        run = parts[i : next((j for j in range(i, len(parts)) if parts[j].word is not None), len(parts))]
        following = parts[i + len(run)].word if i + len(run) < len(parts) else None
        start = result[-1].end if result else span.start
        end = following.start if following else span.end
        if end - start < 0.001 * len(run):  # under a millisecond per word
            start, end, result, parts = _halve_neighbour(result, parts, i + len(run), span)
        result += _spread(run, start, end)
        i += len(run)
    return tuple(result)


def _halve_neighbour(
    result: list[Word], parts: list[_Part], following: int, span: Span
) -> tuple[float, float, list[Word], list[_Part]]:
    """Start and end of the second half of the last word, or else of the first half of the word at ``following``.

    That word is shortened in the lists returned.
    """
    if result:
        last = result[-1]
        return last.middle, last.end, [*result[:-1], replace(last, end=last.middle)], parts
    word = parts[following].word if following < len(parts) else None
    if word is None:
        return span.start, span.end, result, parts
    later = replace(parts[following], word=replace(word, start=word.middle))
    return word.start, word.middle, result, [*parts[:following], later, *parts[following + 1 :]]


def _spread(run: Sequence[_Part], start: float, end: float) -> list[Word]:
    """New words from ``start`` to ``end``, each as long as its share of the characters."""
    pace = (end - start) / sum(len(part.text) for part in run)  # seconds per character
    words: list[Word] = []
    for part in run:
        until = start + pace * len(part.text)
        words.append(Word(start, until, part.text, no_space=part.no_space, origin="corrected"))
        start = words[-1].end
    return words


def _parts(words: Sequence[Word], text: str) -> list[_Part]:
    """The new text in pieces, each an unchanged word or a new one."""
    places = _places(words)
    old, new = (list(_TOKEN.finditer(line)) for line in (join_words(tuple(words)), text))
    matcher = SequenceMatcher(None, [m[0] for m in old], [m[0] for m in new], autojunk=False)
    shifts: dict[int, int] = {}
    for a, b, size in matcher.get_matching_blocks():
        for one, two in zip(old[a : a + size], new[b : b + size], strict=True):
            shifts.update({place: two.start() - one.start() for place in range(one.start(), one.end())})
    unchanged: dict[int, Word] = {}
    for word, (start, end) in zip(words, places, strict=True):
        moved = {shifts.get(place) for place in range(start, end)}
        if len(moved) == 1 and (shift := moved.pop()) is not None:
            unchanged[start + shift] = word
    return _divided(text, unchanged)


def _places(words: Sequence[Word]) -> list[tuple[int, int]]:
    """First index of each word in the joined text, and the index after its last."""
    places: list[tuple[int, int]] = []
    position = 0
    for i, word in enumerate(words):
        position += bool(i) and not word.no_space
        places.append((position, position + len(word.text)))
        position += len(word.text)
    return places


def _divided(text: str, unchanged: dict[int, Word]) -> list[_Part]:
    """``text`` in pieces; ``unchanged`` are the words that are kept, by the index of their first character."""
    parts: list[_Part] = []
    position, spaced = 0, True
    while position < len(text):
        if text[position].isspace():
            position, spaced = position + 1, True
            continue
        word = unchanged.get(position)
        end = position + len(word.text) if word else _end_of_new(text, position, unchanged)
        parts.append(_Part(text[position:end], not spaced, word))
        position, spaced = end, False
    return parts


def _end_of_new(text: str, position: int, unchanged: dict[int, Word]) -> int:
    """The end of a new word: a space, an unchanged word, or the next Chinese or Japanese character."""
    match = _TOKEN.match(text, position)
    end = match.end() if match else position + 1
    return next((place for place in range(position + 1, end) if place in unchanged), end)
