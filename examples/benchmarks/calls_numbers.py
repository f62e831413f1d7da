"""How people say numbers: the digits of cards, security codes and telephones, and addresses of e-mail, in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
"""Names of the digits."""
TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
"""Names of 10 to 19."""
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
"""Names of the tens."""
REPEATS = {2: "double", 3: "triple"}
"""Words for a digit that is said once for several."""
CARDS = ("424242", "400000", "555555", "378282")
"""First digits of cards for tests; 378282 begins one of fifteen digits. The rest is random, with a right checksum."""


def card_number(rng: np.random.Generator) -> str:
    """A number that passes the checksum of card numbers (ISO/IEC 7812-1)."""
    start = CARDS[int(rng.integers(len(CARDS)))]
    length = 15 if start[0] == "3" else 16
    body = start + "".join(map(str, rng.integers(0, 10, length - 1 - len(start))))
    return next(body + str(last) for last in range(10) if luhn(body + str(last)))


def luhn(digits: str) -> bool:
    """Whether the checksum of a card number is right."""
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def groups_of(card: str) -> list[str]:
    """The digits of a card in the groups that are printed on it."""
    sizes = (4, 6, 5) if len(card) == 15 else (4, 4, 4, 4)
    starts = np.cumsum([0, *sizes])
    return [card[a:b] for a, b in pairwise(starts)]


def one_by_one(digits: str, zero: str = "zero") -> str:
    """Digit by digit."""
    return " ".join(zero if d == "0" else DIGITS[int(d)] for d in digits)


def with_doubles(digits: str, zero: str = "oh") -> str:
    """Digit by digit, but "double five" for two and "triple five" for three equal ones."""
    words = []
    for digit, run in groupby(digits):
        left = len([*run])
        while left:
            take = min(left, 3) if left != 4 else 2
            words += [REPEATS[take]] if take > 1 else []
            words.append(one_by_one(digit, zero))
            left -= take
    return " ".join(words)


def in_pairs(digits: str, zero: str = "oh") -> str:
    """Two digits at a time: "forty two, eleven, oh five"; an odd last digit by itself."""
    return " ".join(_pair(digits[at : at + 2], zero) for at in range(0, len(digits), 2))


def _pair(two: str, zero: str) -> str:
    if len(two) == 1 or two[0] == "0":
        return one_by_one(two, zero)
    if two[0] == "1":
        return TEENS[int(two[1])]
    return TENS[int(two[0])] + (f" {DIGITS[int(two[1])]}" if two[1] != "0" else "")


def as_hundreds(three: str) -> str:
    """Three digits, the first of which is not zero, as one number: "seven hundred twenty four"."""
    rest = "" if three[1:] == "00" else f" and {_pair(three[1:], '').strip()}"
    return f"{DIGITS[int(three[0])]} hundred{rest}"


SAYINGS = {"one by one": one_by_one, "doubles": with_doubles, "pairs": in_pairs}
"""Ways of saying digits."""


def email_words(local: Sequence[str], domain: str) -> str:
    """An address in words: "anna dot miller at example dot com"."""
    return f"{' dot '.join(local)} at {domain.replace('.', ' dot ')}"


def spelled(word: str) -> str:
    """Letter by letter."""
    return " ".join(letter.upper() for letter in word)
