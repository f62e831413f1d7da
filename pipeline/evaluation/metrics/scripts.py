"""Scripts written without spaces, in which a word error rate says little: their text is compared by character."""

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
"""Code points, from first to last, of Unicode's scripts without spaces between words; Korean has spaces."""
_FIRST = [first for first, _ in _RANGES]


def is_unspaced(text: str) -> bool:
    """Whether ``text`` holds a character of a script without spaces."""
    return any(map(_unspaced, text))


def by_character(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens, divided where they are of a script without spaces: one for each character, with its share of time.

    Combining marks (vowels and tones of Thai, for example) belong to the character before them; letters of other
    scripts inside a token stay together.
    """
    for token in tokens:
        parts = _parts(token.text)
        edges = [token.start + (token.end - token.start) * i / len(parts) for i in range(len(parts) + 1)]
        for text, (start, end) in zip(parts, pairwise(edges), strict=True):
            yield Token(start, end, text, token.speaker)


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    together = False
    for character in text:
        mark = unicodedata.category(character).startswith("M")
        alone = _unspaced(character)
        if parts and (mark or (together and not alone)):
            parts[-1] += character
        else:
            parts.append(character)
        together = together if mark else not alone
    return parts


def _unspaced(character: str) -> bool:
    code = ord(character)
    place = bisect_right(_FIRST, code) - 1
    return place >= 0 and code <= _RANGES[place][1]
