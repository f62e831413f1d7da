"""The words of a plan as they may be found again in other texts: ledgers, notices, names of files, recognized speech.

Two rules replace words by markers. The strict one is for texts that quote the recording (ledgers, evidence): every word
of the plan is replaced, also where it stands for something else. The distinct one is for texts of the program and of
the user (notices, settings, names of files): numbers and short words alone are no reason to replace anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.core.text import letters
from pipeline.redaction.types import KINDS, Kind, Plan

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
REPEATS: Final[Mapping[str, int]] = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
"""How often the next digit is meant, by word."""
NUMBERS: Final[tuple[Kind, ...]] = ("card", "cvv", "iban", "phone")
"""Kinds of numbers: those that are searched in the names of files and in columns of manifests, which the user wrote."""
MIN_DISTINCT: Final = 4
"""Fewest letters of a word that is replaced by the distinct rule. Chosen by hand; fewer replace words of notices that
only happen to be in the plan."""
MIN_DIGITS: Final = 4
"""Fewest digits that are taken for a part of a planned number. Chosen by hand; fewer also fit years and counts."""
SAME_DIGITS: Final = 6
"""Digits in a row that two numbers must share to be one number in two spellings. Chosen by hand."""
_PART = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d(?:[\W_]{0,3}\d)+")
"""Digits in groups, or one by one: "453 957 876"."""
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
        return self._replaced(text, lambda word: self.words.get(letters(word)))

    def distinct(self, text: str) -> str:
        """The text with a marker for the words and numbers of the plan that stand for nothing else."""
        return self._replaced(text, self._distinct)

    def kind_of(self, word: str) -> Kind | None:
        """The kind of a word by the strict rule; None where it is in no redaction."""
        parts = (word, *_PART.findall(word))
        kinds = (self.words.get(letters(part)) or self._number(letters(part)) for part in parts)
        return next((kind for kind in kinds if kind is not None), None)

    def _distinct(self, word: str) -> Kind | None:
        folded = letters(word)
        kind = self.words.get(folded)
        is_number = folded in UNITS or folded in TENS or folded in REPEATS
        is_name = kind == "name" and word[:1].isupper() and len(folded) > 1
        return kind if is_name or (len(folded) >= MIN_DISTINCT and not is_number) else None

    def _replaced(self, text: str, rule: Callable[[str], Kind | None]) -> str:
        pieces = re.split(r"(\s+)", text)
        joined = "".join(piece if not piece or piece.isspace() else self._token(piece, rule) for piece in pieces)
        return _RUN.sub(r"\1", _DIGITS.sub(self._grouped, joined))

    def _grouped(self, match: re.Match[str]) -> str:
        """Digits in groups, or the marker of the number that they are."""
        kind = self._number(match[0])
        return match[0] if kind is None else marker(kind)

    def _token(self, token: str, rule: Callable[[str], Kind | None]) -> str:
        """A token with a marker in its place, or in that of its parts between signs."""
        folded = letters(token)
        whole = rule(token) or (self._number(folded) if folded.isdecimal() else None)
        if whole is not None:
            return marker(whole)
        return _PART.sub(lambda match: self._part(match[0], rule), token)

    def _part(self, part: str, rule: Callable[[str], Kind | None]) -> str:
        kind = rule(part) or self._number(letters(part))
        return part if kind is None else marker(kind)

    def _number(self, folded: str) -> Kind | None:
        digits = _decimals(folded)
        if len(digits) < MIN_DIGITS:
            return None
        return next((kind for number, kind in self.numbers if is_same_number(digits, number)), None)


def terms_of(plan: Plan, kinds: Collection[Kind] = KINDS) -> Terms:
    """The words of a plan that are of some kinds."""
    words: dict[str, Kind] = {}
    numbers: list[tuple[str, Kind]] = []
    for redaction in (each for each in plan.redactions if each.kind in kinds):
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
        unit = _decimals(word) or UNITS.get(word, "")
        if ten and len(unit) == 1 and unit != "0":
            digits = digits[:-1]
        ten = word in TENS
        digits += f"{TENS[word]}0" if ten else unit * repeat
        repeat = 1
    return digits


def _decimals(text: str) -> str:
    """The digits of a text, those of every script as ASCII digits."""
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


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
