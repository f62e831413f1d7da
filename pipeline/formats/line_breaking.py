"""Where text may be divided between two lines: by its width on a screen and the rules of its script.

Widths are columns: two for a wide (Chinese, Japanese, Korean) character, none for a combining mark. Chinese and
Japanese text is divided between characters, but no line begins with closing punctuation or a small kana, or ends with
opening punctuation. Everything else is divided at spaces, and where a piece is too wide for a line between graphemes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_JOINER = "\u200d"
_NO_START = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ々〻ーｰｧｨｩｪｫｯｬｭｮ゛゜～〜‥…％%°℃′″")
"""Characters that no line begins with, beside closing punctuation and full stops (by their Unicode category)."""
_NO_END = frozenset("$¥￥£￡＄#＃№")
_CLOSING, _OPENING = ("Pe", "Pf", "Po", "Lm"), ("Ps", "Pi")
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")
"""Thai and Lao vowels that are written before the consonant they belong to."""
_FOLLOWING_VOWELS = frozenset("ะาำຳະາๆฯ")
_BETWEEN = re.compile(r"[\u2e80-\u312f\u3190-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U0001f000-\U0003ffff]")
"""Scripts that are divided between characters; Korean is not among them: it has spaces."""


def columns(text: str) -> int:
    """The width of ``text`` on a screen."""
    return sum(_width(grapheme) for grapheme in graphemes(text))


def graphemes(text: str) -> Iterator[str]:
    """What a reader takes for one character: a base with its marks, a joined emoji, a syllable that is not divided."""
    start = 0
    for i in range(1, len(text)):
        if not _continues(text, i):
            yield text[start:i]
            start = i
    if text:
        yield text[start:]


def may_divide(before: str, after: str) -> bool:
    """Whether a line may end after ``before`` and the next one begin with ``after``, no space being between them."""
    if not before or not after:
        return True
    last, first = before[-1], after[0]
    if not (_BETWEEN.match(last) or _BETWEEN.match(first)) or _continues(before + after, len(before)):
        return False
    starts = first in _NO_START or unicodedata.category(first) in _CLOSING
    ends = last in _NO_END or unicodedata.category(last) in _OPENING
    return not starts and not ends


def pieces(text: str, limit: int) -> list[str]:
    """A text without spaces in the pieces that may stand on different lines, each at most ``limit`` columns wide."""
    found: list[str] = []
    for grapheme in graphemes(text):
        if found and not may_divide(found[-1], grapheme) and columns(found[-1]) + _width(grapheme) <= limit:
            found[-1] += grapheme
        else:
            found.append(grapheme)
    return found


def _continues(text: str, i: int) -> bool:
    """Whether the character at ``i`` belongs to the grapheme before it."""
    before, here = text[i - 1], text[i]
    if unicodedata.category(here) in ("Mn", "Me", "Mc") or here in "\u200c\u200d" or before == _JOINER:
        return True
    if unicodedata.combining(before) == 9 or here in _FOLLOWING_VOWELS or before in _LEADING_VOWELS:
        return True
    if "\U0001f3fb" <= here <= "\U0001f3ff" or "\u1160" <= here <= "\u11ff" or "\uff9e" <= here <= "\uff9f":
        return True
    return _is_flag_half(here) and _is_flag_half(before) and _halves_before(text, i) % 2 == 1


def _halves_before(text: str, i: int) -> int:
    count = 0
    while count < i and _is_flag_half(text[i - 1 - count]):
        count += 1
    return count


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _width(grapheme: str) -> int:
    widths = [_character_width(character) for character in grapheme]
    return max(widths) if _JOINER in grapheme else sum(widths)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0
    if "\U0001f3fb" <= character <= "\U0001f3ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
