"""Words for a text that somebody has corrected: those that stay keep their times, the others share the time between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from pipeline.core.types import Span, Word, join_words

_TOKEN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[^\s\u2e80-\u9fff\uf900-\ufaff]+")
"""What is compared: a Chinese or Japanese character, or whatever stands between spaces."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the new text: with the word it comes from, or with none."""

    text: str
    no_space: bool
    word: Word | None


def retexted(words: Sequence[Word], text: str, span: Span) -> tuple[Word, ...]:
    """Words with this text over ``span``; new words have no probability and the times that are left for them."""
    parts = _parts(words, text)
    found: list[Word] = []
    i = 0
    while i < len(parts):
        part = parts[i]
        if part.word is not None:
            found.append(replace(part.word, no_space=part.no_space))
            i += 1
            continue
        run = parts[i : next((j for j in range(i, len(parts)) if parts[j].word is not None), len(parts))]
        following = parts[i + len(run)].word if i + len(run) < len(parts) else None
        start = found[-1].end if found else span.start
        end = following.start if following else span.end
        if end - start < 0.001 * len(run):  # no time is left: the word before or after gives half of its own
            start, end, found, parts = _made_room(found, parts, i + len(run), span)
        found += _spread(run, start, end)
        i += len(run)
    return tuple(found)


def _made_room(
    found: list[Word], parts: list[_Part], following: int, span: Span
) -> tuple[float, float, list[Word], list[_Part]]:
    """Half of the time of the word before, or else of the word at ``following``."""
    if found:
        last = found[-1]
        return last.middle, last.end, [*found[:-1], replace(last, end=last.middle)], parts
    word = parts[following].word if following < len(parts) else None
    if word is None:
        return span.start, span.end, found, parts
    later = replace(parts[following], word=replace(word, start=word.middle))
    return word.start, word.middle, found, [*parts[:following], later, *parts[following + 1 :]]


def _spread(run: Sequence[_Part], start: float, end: float) -> list[Word]:
    pace = (end - start) / sum(len(part.text) for part in run)
    found: list[Word] = []
    for part in run:
        found.append(Word(start, start + pace * len(part.text), part.text, no_space=part.no_space))
        start = found[-1].end
    return found


def _parts(words: Sequence[Word], text: str) -> list[_Part]:
    """The new text in pieces, each a word that was there before or a new one."""
    places = _places(words)
    old, new = (list(_TOKEN.finditer(said)) for said in (join_words(tuple(words)), text))
    matcher = SequenceMatcher(None, [m[0] for m in old], [m[0] for m in new], autojunk=False)
    shifts: dict[int, int] = {}
    for a, b, size in matcher.get_matching_blocks():
        for one, two in zip(old[a : a + size], new[b : b + size], strict=True):
            shifts.update({place: two.start() - one.start() for place in range(one.start(), one.end())})
    stay: dict[int, Word] = {}
    for word, (start, end) in zip(words, places, strict=True):
        moved = {shifts.get(place) for place in range(start, end)}
        if len(moved) == 1 and (shift := moved.pop()) is not None:
            stay[start + shift] = word
    return _divided(text, stay)


def _places(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Where in the running text each word stands."""
    found: list[tuple[int, int]] = []
    position = 0
    for i, word in enumerate(words):
        position += bool(i) and not word.no_space
        found.append((position, position + len(word.text)))
        position += len(word.text)
    return found


def _divided(text: str, stay: dict[int, Word]) -> list[_Part]:
    parts: list[_Part] = []
    position, spaced = 0, True
    while position < len(text):
        if text[position].isspace():
            position, spaced = position + 1, True
            continue
        word = stay.get(position)
        end = position + len(word.text) if word else _end_of_new(text, position, stay)
        parts.append(_Part(text[position:end], not spaced, word))
        position, spaced = end, False
    return parts


def _end_of_new(text: str, position: int, stay: dict[int, Word]) -> int:
    """Where a new word ends: at a space, at a word that stays, or at the next Chinese or Japanese character."""
    match = _TOKEN.match(text, position)
    end = match.end() if match else position + 1
    return next((place for place in range(position + 1, end) if place in stay), end)
