"""Scripts written without spaces between words; their text is scored by character."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise

from pipeline.evaluation.metrics.normalization import Token

_RANGES = (
    (0x0E00, 0x0FFF),  # Thai, Lao, Tibetan
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3021, 0x312F),  # numerals, kana, Bopomofo
    (0x31A0, 0x31FF),  # Bopomofo, strokes, kana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA9E0, 0xA9FF),  # Myanmar
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xF900, 0xFAFF),  # Han
    (0xFF66, 0xFF9F),  # half-width kana
    (0x1AFF0, 0x1B16F),  # kana
    (0x20000, 0x3FFFF),  # Han
)
"""Ranges of code points (first, last) of Unicode scripts without spaces between words. Korean is not included: it has
spaces. From Unicode's blocks; text in an added range is scored by character."""
_RANGE_STARTS = [first for first, _ in _RANGES]


def is_unspaced(text: str) -> bool:
    """Whether ``text`` contains a character of a script without spaces."""
    return any(map(_is_unspaced, text))


def by_character(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens, with text in scripts without spaces divided into characters; time is divided equally.

    Combining marks (Thai vowels and tones, for example) stay with the preceding character; letters of other scripts
    inside a token stay together.
    """
    for token in tokens:
        parts = _units(token.text)
        edges = [token.start + (token.end - token.start) * i / len(parts) for i in range(len(parts) + 1)]
        for text, (start, end) in zip(parts, pairwise(edges), strict=True):
            yield Token(start, end, text, token.speaker)


def _units(text: str) -> list[str]:
    units: list[str] = []
    in_spaced_script = False
    for character in text:
        mark = unicodedata.category(character).startswith("M")
        unspaced = _is_unspaced(character)
        if units and (mark or (in_spaced_script and not unspaced)):
            units[-1] += character
        else:
            units.append(character)
        in_spaced_script = in_spaced_script if mark else not unspaced
    return units


def _is_unspaced(character: str) -> bool:
    code = ord(character)
    index = bisect_right(_RANGE_STARTS, code) - 1
    return index >= 0 and code <= _RANGES[index][1]
