"""Where text may be divided between two lines, by its width on a screen and the rules of its script.

Widths are columns: two for a wide (Chinese, Japanese, Korean) character, none for a combining mark. Chinese and
Japanese text is divided between characters, but no line begins with closing punctuation or a small kana, or ends with
opening punctuation. All other text is divided at spaces; a word too wide for a line is divided between graphemes.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

_JOINER = "\u200d"
_NO_START = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ々〻ーｰｧｨｩｪｫｯｬｭｮ゛゜～〜‥…％%°℃′″")
"""Characters that no line begins with, besides closing punctuation and full stops (by their Unicode category)."""
_NO_END = frozenset("$¥￥£￡＄#＃№")
"""Characters that no line ends with, besides opening punctuation."""
_CLOSING, _OPENING = ("Pe", "Pf", "Po", "Lm"), ("Ps", "Pi")
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")
"""Thai and Lao vowels that are written before the consonant they belong to."""
_FOLLOWING_VOWELS = frozenset("ะาำຳະາๆฯ")
"""Thai and Lao vowels and signs that are written after the consonant they belong to."""
_DIVISIBLE = re.compile(r"[\u2e80-\u312f\u3190-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U0001f000-\U0003ffff]")
"""Scripts that are divided between characters. Korean is not among them: it has spaces."""


def columns(text: str) -> int:
    """The width of ``text`` on a screen, in columns.

    >>> columns("hello"), columns("日本"), columns("e\u0301")
    (5, 4, 1)
    """
    if text.isascii():
        return len(text)
    if _JOINER not in text:  # then the width of a grapheme is the sum of its characters'
        return sum(map(_character_width, text))
    return sum(map(_width, graphemes(text)))


def graphemes(text: str) -> Iterator[str]:
    """The user-perceived characters of ``text``: a base with its marks, a joined emoji, an indivisible syllable."""
    start = 0
    for i in range(1, len(text)):
        if not _continues(text, i):
            yield text[start:i]
            start = i
    if text:
        yield text[start:]


def may_divide(before: str, after: str) -> bool:
    """Whether a line may end after ``before`` and the next one begin with ``after``, without a space between them.

    >>> may_divide("天", "气"), may_divide("天", "，"), may_divide("a", "b")
    (True, False, False)
    """
    if not before or not after:
        return True
    last, first = before[-1], after[0]
    if not _is_break(last, first):
        return False
    return not (_is_flag_half(last) and _is_flag_half(first)) or not _continues(before + after, len(before))


def pieces(text: str, limit: int) -> list[str]:
    """A text without spaces in the pieces that may stand on different lines, each at most ``limit`` columns wide."""
    if text.isascii():
        return [text[i : i + limit] for i in range(0, len(text), limit)]
    result: list[str] = []
    width = 0
    for grapheme in graphemes(text):
        if result and not may_divide(result[-1], grapheme) and width + _width(grapheme) <= limit:
            result[-1] += grapheme
            width += _width(grapheme)
        else:
            result.append(grapheme)
            width = _width(grapheme)
    return result


def shortened(text: str, limit: int) -> str:
    """``text`` at most ``limit`` columns wide: where it is wider, ``…`` replaces its middle.

    >>> shortened("the customer", 12), shortened("the other customer", 12)
    ('the customer', 'the ot…tomer')
    """
    if columns(text) <= limit:
        return text
    units = list(graphemes(text))
    head, tail = _fitting(units, limit // 2), _fitting(units[::-1], (limit - 1) // 2)
    return f"{''.join(units[:head])}…{''.join(units[len(units) - tail :])}"


def _fitting(units: list[str], limit: int) -> int:
    """How many of the first graphemes are together at most ``limit`` columns wide."""
    width = 0
    for i, unit in enumerate(units):
        width += _width(unit)
        if width > limit:
            return i
    return len(units)


def _continues(text: str, i: int) -> bool:
    """Whether the character at ``i`` belongs to the grapheme before it."""
    before, here = text[i - 1], text[i]
    if _is_flag_half(before) and _is_flag_half(here):
        return _halves_before(text, i) % 2 == 1
    return _is_joined(before, here)


@functools.lru_cache(maxsize=1 << 14)
def _is_joined(before: str, here: str) -> bool:
    """Whether two characters that are not halves of a flag belong to one grapheme."""
    if unicodedata.category(here) in ("Mn", "Me", "Mc") or here in "\u200c\u200d" or before == _JOINER:
        return True
    if unicodedata.combining(before) == 9 or here in _FOLLOWING_VOWELS or before in _LEADING_VOWELS:
        return True
    return "\U0001f3fb" <= here <= "\U0001f3ff" or "\u1160" <= here <= "\u11ff" or "\uff9e" <= here <= "\uff9f"


@functools.lru_cache(maxsize=1 << 14)
def _is_break(last: str, first: str) -> bool:
    """Whether a line may be broken between two characters, halves of flags aside."""
    if not (_DIVISIBLE.match(last) or _DIVISIBLE.match(first)):
        return False
    if _is_joined(last, first):
        return False
    starts = first in _NO_START or unicodedata.category(first) in _CLOSING
    ends = last in _NO_END or unicodedata.category(last) in _OPENING
    return not starts and not ends


def _halves_before(text: str, i: int) -> int:
    """How many halves of flags stand directly before the character at ``i``."""
    count = 0
    while count < i and _is_flag_half(text[i - 1 - count]):
        count += 1
    return count


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


@functools.lru_cache(maxsize=1 << 14)
def _width(grapheme: str) -> int:
    """The width of one grapheme: a joined emoji is as wide as its widest part."""
    widths = [_character_width(character) for character in grapheme]
    return max(widths) if _JOINER in grapheme else sum(widths)


@functools.lru_cache(maxsize=1 << 14)
def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0
    if "\U0001f3fb" <= character <= "\U0001f3ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
