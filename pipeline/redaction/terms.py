"""The words of a plan as they may be found again in other texts: ledgers, notices, names of files, recognized speech.

Two rules replace words by markers. The strict one is for texts that quote the recording (ledgers, evidence): every word
of the plan is replaced, also where it stands for something else. The distinct one is for texts of the program and of
the user (notices, settings, names of files): numbers and short words alone are no reason to replace anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.core.text import letters
from pipeline.redaction.types import Kind, Plan

UNITS: Final[Mapping[str, str]] = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
    "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18",
    "nineteen": "19",
}  # fmt: skip
"""Digits of spoken numbers below twenty, by word."""
TENS: Final[Mapping[str, str]] = {
    "twenty": "2", "thirty": "3", "forty": "4", "fifty": "5", "sixty": "6", "seventy": "7", "eighty": "8",
    "ninety": "9",
}  # fmt: skip
"""First digit of the tens, by word; the second is that of a unit behind it, else 0."""
REPEATS: Final[Mapping[str, int]] = {"double": 2, "triple": 3}
"""How often the next digit is meant, by word."""
MIN_DISTINCT: Final = 4
"""Fewest letters of a word that is replaced by the distinct rule. Chosen by hand; fewer replace words of notices that
only happen to be in the plan."""
MIN_DIGITS: Final = 4
"""Fewest digits that are taken for a part of a planned number. Chosen by hand; fewer also fit years and counts."""
SAME_DIGITS: Final = 6
"""Digits in a row that two numbers must share to be one number in two spellings. Chosen by hand."""
_PART = re.compile(r"[^\W_]+")
_RUN = re.compile(r"(\[(\w+)\])(?:[\W_]*\[\2\])+")
"""A marker that is repeated with nothing between but signs."""


def marker(kind: str) -> str:
    """What stands in a text in place of words of a kind."""
    return f"[{kind}]"


@dataclass(frozen=True, slots=True)
class Terms:
    """The words of a plan, folded, with their kinds; and the digits of each redaction with two or more."""

    words: Mapping[str, Kind]
    numbers: tuple[tuple[str, Kind], ...] = ()

    def strict(self, text: str) -> str:
        """The text with a marker for every word of the plan."""
        return self._replaced(text, self.words)

    def distinct(self, text: str) -> str:
        """The text with a marker for the words and numbers of the plan that stand for nothing else."""
        return self._replaced(text, {word: kind for word, kind in self.words.items() if _is_distinct(word)})

    def kind_of(self, word: str) -> Kind | None:
        """The kind of a word by the strict rule; None where it is in no redaction."""
        parts = (letters(word), *map(letters, _PART.findall(word)))
        return next((kind for part in parts if (kind := self._kind(part, self.words)) is not None), None)

    def _replaced(self, text: str, words: Mapping[str, Kind]) -> str:
        pieces = re.split(r"(\s+)", text)
        joined = "".join(piece if not piece or piece.isspace() else self._token(piece, words) for piece in pieces)
        return _RUN.sub(r"\1", joined)

    def _token(self, token: str, words: Mapping[str, Kind]) -> str:
        folded = letters(token)
        whole = self._kind(folded, words) if folded.isdecimal() else words.get(folded)
        if whole is not None:
            return marker(whole)
        return _PART.sub(lambda match: self._part(match[0], words), token)

    def _part(self, part: str, words: Mapping[str, Kind]) -> str:
        kind = self._kind(letters(part), words)
        return part if kind is None else marker(kind)

    def _kind(self, folded: str, words: Mapping[str, Kind]) -> Kind | None:
        if folded in words:
            return words[folded]
        digits = "".join(c for c in folded if c.isdecimal())
        if len(digits) < MIN_DIGITS:
            return None
        return next((kind for number, kind in self.numbers if is_same_number(digits, number)), None)


def terms_of(plan: Plan) -> Terms:
    """The words of a plan."""
    words: dict[str, Kind] = {}
    numbers: list[tuple[str, Kind]] = []
    for redaction in plan.redactions:
        for token in redaction.text.split():
            for part in (letters(token), *map(letters, _PART.findall(token))):
                if part:
                    words.setdefault(part, redaction.kind)
        digits = digits_of(redaction.text.split())
        if len(digits) >= MIN_DIGITS:
            numbers.append((digits, redaction.kind))
    return Terms(words, tuple(numbers))


def digits_of(tokens: Iterable[str]) -> str:
    """The digits that tokens spell, as digits or as English number words; others are passed over.

    >>> digits_of(["Forty", "one,", "double", "seven", "12-3", "oh"])
    '41771230'
    """
    digits, repeat, ten = "", 1, False
    for part in (part for token in tokens for part in _PART.findall(token)):
        word = letters(part)
        if word in REPEATS:
            repeat = REPEATS[word]
            continue
        unit = "".join(c for c in word if c.isdecimal()) or UNITS.get(word, "")
        if ten and len(unit) == 1 and unit != "0":
            digits = digits[:-1]
        ten = word in TENS
        digits += f"{TENS[word]}0" if ten else unit * repeat
        repeat = 1
    return digits


def is_same_number(one: str, other: str) -> bool:
    """Whether two runs of digits are one number: one holds the other, or they share `SAME_DIGITS` in a row."""
    return one in other or other in one or len(longest_common(one, other)) >= SAME_DIGITS


def longest_common(one: str, other: str) -> str:
    """The longest run of characters that both texts have."""
    best = ""
    lengths = [0] * (len(other) + 1)
    for i, character in enumerate(one):
        previous = 0
        for j, counterpart in enumerate(other):
            length = previous + 1 if character == counterpart else 0
            previous, lengths[j + 1] = lengths[j + 1], length
            if length > len(best):
                best = one[i + 1 - length : i + 1]
    return best


def _is_distinct(word: str) -> bool:
    is_number = word in UNITS or word in TENS or word in REPEATS
    return len(word) >= MIN_DISTINCT and not is_number
