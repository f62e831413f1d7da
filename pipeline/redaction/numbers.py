"""Digits as they are spoken or written, aligned with the tokens that they come from.

``text2num`` turns number words into numbers, in seven languages. Digits said one by one, "double", "triple", "oh", and
words that a recognizer writes for digits ("for", "to") are added here for English.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from text_to_num import find_numbers, text2num

from pipeline.redaction.tokens import Talk, Token
from pipeline.redaction.vocabulary import COUNTED, CURRENCIES, FILLERS, UNITS, words

LANGUAGES: Final = ("de", "en", "es", "fr", "it", "nl", "pt")
"""Languages whose number words are known, those of text2num; in others digits are found as numerals only."""
PAUSE: Final = 0.5
"""Pause in seconds that separates two number words: "twenty, four" is 20 and 4. Chosen by hand; more joins more."""
ZEROS: Final = words("oh o ou nought naught aught nil")
"""English words for a zero next to digits; "zero" is known to text2num."""
MOST_FILLERS: Final = 3
"""Most fillers between "oh" and the digits that make it a zero: "oh, uh, seven"."""
MULTIPLIERS: Final = {"double": 2, "dubble": 2, "triple": 3, "treble": 3, "tripple": 3, "quadruple": 4}
"""English words that repeat the digit after them."""
PLURALS: Final = {
    "zeros": "0", "zeroes": "0", "ohs": "0", "ones": "1", "twos": "2", "threes": "3", "fours": "4", "fives": "5",
    "sixes": "6", "sevens": "7", "eights": "8", "nines": "9",
}  # fmt: skip
"""English plurals of digits, repeated by the number before them: "four ones"."""
SOUNDALIKES: Final = {
    "to": "2", "too": "2", "for": "4", "fore": "4", "won": "1", "wan": "1", "ate": "8", "tree": "3", "free": "3",
    "fife": "5", "niner": "9", "nein": "9", "sex": "6", "sicks": "6", "sics": "6", "fort": "4", "tu": "2",
    "hate": "8", "wine": "9", "hive": "5",
}  # fmt: skip
"""English words that recognizers write for digits; they count as digits between digits only."""
MOST_SOUNDALIKES: Final = 4
"""Most words in a row that count as digits by their sound. Chosen by hand; more take "for free to" for digits."""
_ORDINAL = re.compile(r"^\d{1,2}(?:st|nd|rd|th)$")
_AMOUNT = re.compile(r"[$£€¥]|%$|^\d+[.]\d\d$|^\d\d?:\d\d$")
_GLUED = re.compile(
    r"^(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(one|two|three|four|five|six|seven|eight|nine)$"
)
_DATE = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}$")


@dataclass(frozen=True, slots=True)
class Atom:
    """A number of one speaker: its digits and the tokens that they come from."""

    digits: str
    """The digits in their most likely reading."""
    most: int
    """Number of digits in the longest reading: "twenty four" may be 24, or 20 and 4."""
    first: int
    """First token, as a position in the speaker's stream."""
    last: int
    """Last token, as a position in the speaker's stream."""
    speaker: str
    start: float
    end: float
    kind: str = "digits"
    """``digits``, ``amount`` (of money or time), ``count`` (of digits), ``ordinal`` or ``date``."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A token for text2num, with its text in the words that text2num knows."""

    token: Token
    word: str

    def text(self) -> str:
        return self.word

    def text_lowercase(self) -> str:
        return self.word

    def nt_separated(self, previous: _Part) -> bool:
        apart = self.token.start - previous.token.end > PAUSE
        return apart or any(c in ",.;:?!" for c in self.token.before)

    def not_a_number_part(self) -> bool:
        return self.word == ""


def numbers(talk: Talk) -> dict[str, tuple[Atom, ...]]:
    """The numbers of each speaker, in order of time."""
    language = talk.transcript.language or "en"
    found = {speaker: tuple(_numbers(stream, language)) for speaker, stream in talk.streams.items()}
    return _with_zeros(talk, found) if language == "en" else found


def _with_zeros(talk: Talk, atoms: dict[str, tuple[Atom, ...]]) -> dict[str, tuple[Atom, ...]]:
    """The numbers with each "oh" between numbers of other speakers, or beside one where it is all that is said."""
    taken = {(speaker, n) for speaker, row in atoms.items() for atom in row for n in range(atom.first, atom.last + 1)}
    places = ((speaker, n) for speaker, stream in talk.streams.items() for n in range(len(stream)))
    order = sorted(places, key=lambda place: (talk.streams[place[0]][place[1]].start, place))
    result = {speaker: list(row) for speaker, row in atoms.items()}
    for index, (speaker, n) in enumerate(order):
        stream = talk.streams[speaker]
        if stream[n].text not in ("oh", "o") or (speaker, n) in taken:
            continue
        after, before = order[index + 1 : index + 9], order[max(0, index - 8) : index][::-1]
        beside = [_reaches_number(talk, after, taken), _reaches_number(talk, before, taken)]
        if all(beside) or (any(beside) and _is_alone(stream, n)):
            result[speaker].append(_atom(stream, n, n, "0", 1))
    return {speaker: tuple(sorted(row, key=lambda atom: atom.first)) for speaker, row in result.items()}


def _is_alone(stream: Sequence[Token], position: int) -> bool:
    """Whether its speaker says nothing else between two pauses but zeros and fillers."""
    for step in (-1, 1):
        n = position
        while 0 <= n + step < len(stream):
            one, two = sorted((n, n + step))
            if stream[two].start - stream[one].end > PAUSE:
                break
            n += step
            if stream[n].text not in ZEROS | FILLERS:
                return False
    return True


def _reaches_number(talk: Talk, places: Sequence[tuple[str, int]], taken: Collection[tuple[str, int]]) -> bool:
    """Whether the first token that is no filler and no zero is a number."""
    for speaker, n in places:
        if (speaker, n) in taken:
            return True
        if talk.streams[speaker][n].text not in ZEROS | FILLERS:
            return False
    return False


def _numbers(stream: Sequence[Token], language: str) -> Iterator[Atom]:
    atoms = _plain_numbers(stream, language)
    if language == "en":
        atoms = _with_english(stream, atoms)
    taken = {position for atom in atoms for position in range(atom.first, atom.last + 1)}
    if language == "en":
        atoms.extend(_atom(stream, n, n, "", 1) for n in _soundalikes(stream, taken))
    yield from sorted(atoms, key=lambda atom: atom.first)


def _soundalikes(stream: Sequence[Token], taken: Collection[int]) -> Iterator[int]:
    """Words that sound like digits, a few in a row between tokens of numbers."""
    positions = (n for n, token in enumerate(stream) if token.text in SOUNDALIKES and n not in taken)
    for _, row in groupby(enumerate(positions), lambda item: item[1] - item[0]):
        words = [position for _, position in row]
        if len(words) <= MOST_SOUNDALIKES and {words[0] - 1, words[-1] + 1} <= set(taken):
            yield from words


def _plain_numbers(stream: Sequence[Token], language: str) -> list[Atom]:
    """Numerals, and number words where the language has them."""
    atoms: list[Atom] = []
    parts = [_Part(token, "" if token.text[-1:].isdigit() or token.raw[0].isdigit() else _known(stream, n, language))
             for n, token in enumerate(stream)]  # fmt: skip
    for position, token in enumerate(stream):
        digits = "".join(c for c in token.text if c.isdigit())
        if digits:
            atoms.append(_atom(stream, position, position, digits, len(digits), _kind(stream, position)))
    if language not in LANGUAGES:
        return atoms
    for found in find_numbers(parts, language, 0.0):
        first, last = found.start, found.end - 1
        if found.is_ordinal:
            atoms.append(_atom(stream, first, last, "", 0, "ordinal"))
            continue
        digits = "".join(c for c in found.text if c.isdigit())
        longest = max(len(digits), _longest(parts[first : last + 1], language))
        atoms.append(_atom(stream, first, last, digits, longest, _kind(stream, last)))
    return atoms


def _with_english(stream: Sequence[Token], atoms: Sequence[Atom]) -> list[Atom]:
    """The numbers with "double six" as 66 and "four ones" as 1111."""
    by_first = {atom.first: atom for atom in atoms}
    result = dict(by_first)
    for position, token in enumerate(stream):
        following = by_first.get(position + 1)
        if token.text in MULTIPLIERS and following and following.digits:
            digits = following.digits[0] * (MULTIPLIERS[token.text] - 1) + following.digits
            extra = MULTIPLIERS[token.text] - 1
            del result[position + 1]
            result[position] = _atom(stream, position, following.last, digits, following.most + extra)
        elif (token.text in PLURALS or re.fullmatch(r"\d'?s", token.text)) and position:
            digit = PLURALS.get(token.text, token.text[0])
            before = by_first.get(position - 1)
            count = int(before.digits) if before and before.digits in tuple("23456789") else 1
            result[position] = _atom(stream, position, position, digit * count, count)
    return list(result.values())


def _known(stream: Sequence[Token], position: int, language: str) -> str:
    """A token as text2num knows it: a zero next to a number, and units of amounts as no number."""
    token = stream[position]
    if language != "en":
        return token.text
    if token.text in ZEROS:
        inside = all(0 <= position + step < len(stream) and stream[position + step].text in ZEROS for step in (-1, 1))
        return "zero" if inside or any(_is_numeral(stream, position, step) for step in (-1, 1)) else ""
    return _GLUED.sub(r"\1-\2", token.text)


def _is_numeral(stream: Sequence[Token], position: int, step: int) -> bool:
    """Whether a number follows in a direction, after zeros and a few fillers; three zeros in a row are numbers too."""
    zeros = fillers = 0
    position += step
    while 0 <= position < len(stream) and fillers <= MOST_FILLERS:
        text = stream[position].text
        if (
            text[-1:].isdigit()
            or text in MULTIPLIERS
            or text in PLURALS
            or _value(_GLUED.sub(r"\1-\2", text)) is not None
        ):
            return True
        if text not in ZEROS | FILLERS:
            return False
        zeros += text in ZEROS
        fillers += text not in ZEROS
        if zeros >= 2:
            return True
        position += step
    return False


def _value(text: str, language: str = "en") -> float | None:
    try:
        return float(text2num(text, language))
    except ValueError:
        return None


def _longest(parts: Sequence[_Part], language: str) -> int:
    """Most digits of number words when each may begin a number; "hundred" belongs to the word before it."""
    groups: list[list[str]] = []
    for part in parts:
        value = _value(part.word, language)
        if groups and (value is None or value >= 100 or " " not in part.token.before):
            groups[-1].append(part.word)
        elif value is not None:
            groups.append([part.word])
    values = [_value(" ".join(group), language) for group in groups]
    return sum(len(str(int(value))) for value in values if value is not None)


def _kind(stream: Sequence[Token], position: int) -> str:
    """The kind of the number that ends at a position."""
    text = stream[position].text
    following = stream[position + 1] if position + 1 < len(stream) else None
    unit = following.text if following and not set(following.before) & set(",.;?!") else ""
    if unit in ("a", "p") and [token.text for token in stream[position + 2 : position + 3]] == ["m"]:
        unit = "pm"
    if unit in COUNTED and len(text) < 3 + 4 * text.isalpha():
        return "count"
    previous = stream[position - 1] if position else None
    cents = previous is not None and previous.text in CURRENCIES and len(text) <= 2
    if _AMOUNT.search(text) or unit in UNITS or cents:
        return "amount"
    if _ORDINAL.search(text):
        return "ordinal"
    return "date" if _DATE.fullmatch(text) else "digits"


def _atom(stream: Sequence[Token], first: int, last: int, digits: str, most: int, kind: str = "digits") -> Atom:
    start, end = stream[first].start, max(token.end for token in stream[first : last + 1])
    return Atom(digits, most, first, last, stream[first].speaker, start, end, kind)
