"""Characters that are spoken one by one: letters, their names, the spelling alphabet, and digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.redaction.numbers import SOUNDALIKES, Atom
from pipeline.redaction.runs import Context
from pipeline.redaction.tokens import Token
from pipeline.redaction.vocabulary import HESITATIONS, words

ALPHABET: Final = {
    word: word[0]
    for word in words(
        "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar "
        "papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu"
    )
}
"""The spelling alphabet of ICAO, with the spellings that recognizers write."""
LETTER_NAMES: Final = {
    "bee": "b", "cee": "c", "dee": "d", "eff": "f", "ef": "f", "gee": "g", "aitch": "h", "haitch": "h", "jay": "j",
    "kay": "k", "el": "l", "ell": "l", "em": "m", "en": "n", "pee": "p", "cue": "q", "queue": "q", "ar": "r",
    "ess": "s", "es": "s", "tee": "t", "vee": "v", "ex": "x", "wye": "y", "zed": "z", "zee": "z",
}  # fmt: skip
"""English names of letters, as recognizers write them."""
LETTER_SOUNDS: Final = {
    "be": "b", "see": "c", "sea": "c", "are": "r", "you": "u", "tea": "t", "why": "y", "eye": "i", "pea": "p",
    "oh": "o",
}  # fmt: skip
"""English words that sound like letters: letters between letters only."""
AS_IN: Final = (("for",), ("as", "in"), ("is", "for"), ("like",), ("like", "in"))
"""What stands between a letter and a word that begins with it: "B for Bravo"."""
PAUSE: Final = 4.0
"""Longest time in seconds between two characters of one sequence. Chosen by hand: people spell in groups."""
_BETWEEN: Final = HESITATIONS | words(
    "and then yes yeah okay ok space dash hyphen next capital upper lower case letter so that's is"
)
_MOST_BETWEEN = 2
"""Most words between two characters, without hesitations."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """Characters and the tokens that they come from, as positions in the speaker's stream."""

    text: str
    first: int
    last: int
    start: float
    end: float
    sure: bool = True
    """Whether it is a character wherever it stands; False for words that are characters between characters only."""

    @property
    def is_letter(self) -> bool:
        return self.text.isalpha()


def sequences(context: Context, speaker: str, written: int = 1, unknown: int = 0) -> tuple[tuple[Spelled, ...], ...]:
    """Sequences of spoken characters of one speaker, without words that are characters by chance at their ends.

    ``written``: longest word in capitals that counts as characters ("NWBK"). ``unknown``: most words between two
    characters that may be misrecognized ones.
    """
    key = ("sequences", speaker, written, unknown)
    return context.once(key, lambda: tuple(_sequences(context, speaker, written, unknown)))


def _sequences(context: Context, speaker: str, written: int, unknown: int) -> Iterator[tuple[Spelled, ...]]:
    stream = context.talk.streams[speaker]
    sequence: list[Spelled] = []
    for item in _characters(stream, context.atoms.get(speaker, ()), written):
        if sequence and not _follows(stream, sequence[-1], item, unknown):
            yield from _trimmed(sequence)
            sequence = []
        sequence.append(item)
    yield from _trimmed(sequence)


def text_of(sequence: Sequence[Spelled]) -> str:
    """The characters of a sequence."""
    return "".join(item.text for item in sequence)


def _trimmed(sequence: list[Spelled]) -> Iterator[tuple[Spelled, ...]]:
    sure = [n for n, item in enumerate(sequence) if item.sure]
    if sure:
        yield tuple(sequence[sure[0] : sure[-1] + 1])


def _follows(stream: Sequence[Token], one: Spelled, two: Spelled, unknown: int) -> bool:
    between = [token.text for token in stream[one.last + 1 : two.first] if token.text not in HESITATIONS]
    others = sum(text not in _BETWEEN for text in between)
    return two.start - one.end <= PAUSE and others <= unknown and len(between) <= _MOST_BETWEEN


def _characters(stream: Sequence[Token], atoms: Sequence[Atom], written: int) -> Iterator[Spelled]:
    by_first = {atom.first: atom for atom in atoms if atom.digits and atom.kind != "amount"}
    position = 0
    while position < len(stream):
        found = _number(by_first, position) or _letter(stream, position, written)
        if found is not None:
            yield found
        position = found.last + 1 if found else position + 1


def _number(by_first: dict[int, Atom], position: int) -> Spelled | None:
    atom = by_first.get(position)
    return Spelled(atom.digits, atom.first, atom.last, atom.start, atom.end) if atom else None


def _letter(stream: Sequence[Token], position: int, written: int) -> Spelled | None:
    token = stream[position]
    text = token.text
    if text == "double" and position + 1 < len(stream):
        following = stream[position + 1].text
        letter = "w" if following in ("u", "you") else following * 2
        if (len(following) == 1 and following.isalpha()) or letter == "w":
            return _spelled(stream, position, position + 1, letter)
    if text == "m" and position and token.before == "." and stream[position - 1].text in ("a", "p"):
        return None  # "p.m."
    if len(text) == 1 and text.isalpha():
        last = _as_in(stream, position)
        sure = last > position or text not in ("a", "i", "o")
        return _spelled(stream, position, last, text, sure)
    if text in ALPHABET or text in LETTER_NAMES:
        return _spelled(stream, position, position, (ALPHABET | LETTER_NAMES)[text])
    if written > 1 and 2 <= len(text) <= written and token.raw.isupper():
        return _spelled(stream, position, position, text)
    if text in SOUNDALIKES:
        return _spelled(stream, position, position, SOUNDALIKES[text], False)
    if text in LETTER_SOUNDS:
        return _spelled(stream, position, position, LETTER_SOUNDS[text], False)
    return None


def _as_in(stream: Sequence[Token], position: int) -> int:
    """The last token of "B for Bravo", else the position itself."""
    for phrase in AS_IN:
        last = position + len(phrase) + 1
        texts = tuple(token.text for token in stream[position + 1 : last])
        if texts == phrase and last < len(stream) and stream[last].text.startswith(stream[position].text):
            return last
    return position


def _spelled(stream: Sequence[Token], first: int, last: int, text: str, sure: bool = True) -> Spelled:
    return Spelled(text, first, last, stream[first].start, stream[last].end, sure)
