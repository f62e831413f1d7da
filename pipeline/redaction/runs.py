"""Runs of digits: numbers said one after the other, across lines and speakers.

Two numbers belong together when little is said between them. A run is found twice: in the words of each speaker, and
in the words of all speakers (a label may be wrong, and one speaker may go on where another stopped).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final, TypeVar, cast

from pipeline.redaction.cues import Cue, Topic, cues
from pipeline.redaction.numbers import PAUSE, Atom, numbers
from pipeline.redaction.tokens import Talk, Token
from pipeline.redaction.vocabulary import FILLERS, HESITATIONS, MONTH_WORDS, PREPOSITIONS, UNITS

Result = TypeVar("Result")

LEAST, MOST = 13, 19
"""Digits of a card number (ISO/IEC 7812). Runs with more digits hold more than a card number and count too."""
GAP_WORDS: Final = 6
"""Most words that are no fillers between two numbers of a run. Chosen on the development texts of the bench: with 3,
"hang on, I need my glasses" ends a run; more joins prices and years to runs."""
GAP_SECONDS: Final = 15.0
"""Longest time between two numbers of a run in seconds: time to turn a card over. More joins more."""
DENSITY: Final = 0.6
"""Most words that are no fillers for each digit of a run. Chosen on the development texts: a talk about prices has
1 or more, a card number read with interruptions up to 0.5."""
LINKS: Final = frozenset({"is", "that's", "was", "there's", "these", "those"})
"""Words between numbers and the cue that names them: "321. Is that the security code?"."""
FAR_DIGITS, FAR_WORDS = 2, 4
"""Numbers at the ends of a run with at most this number of digits, and at least this number of words between them and
the run, do not belong to it. Chosen on the development texts."""
HEAVY: Final = 3
"""What a unit, a month or a preposition counts in words: the number beside it is an amount, a date or a year."""
NEAR: Final = 2.5
"""Time in seconds between numbers that are said in one go. Chosen by hand; more joins more small groups."""


@dataclass(frozen=True, eq=False)
class Context:
    """What the finders read: tokens, numbers and cues of a transcript."""

    talk: Talk
    known_names: tuple[str, ...] = ()
    _results: dict[object, object] = field(default_factory=dict)

    def once(self, key: object, make: Callable[[], Result]) -> Result:
        """The result of a computation that several finders need, made once."""
        if key not in self._results:
            self._results[key] = make()
        return cast(Result, self._results[key])

    @cached_property
    def atoms(self) -> dict[str, tuple[Atom, ...]]:
        """The numbers of each speaker that are digits; those within a cue, and ordinals, are left out."""
        return {
            speaker: tuple(a for a in atoms if self._counts(a, speaker))
            for speaker, atoms in numbers(self.talk).items()
        }

    @cached_property
    def all_atoms(self) -> tuple[Atom, ...]:
        """The numbers of all speakers in order of time."""
        return tuple(sorted((a for atoms in self.atoms.values() for a in atoms), key=lambda a: (a.start, a.end)))

    def is_number(self, token: Token) -> bool:
        """Whether a token belongs to a number."""
        return (token.speaker, token.word) in self._number_words

    @cached_property
    def _number_words(self) -> frozenset[tuple[str, int]]:
        streams = self.talk.streams
        return frozenset(
            (a.speaker, streams[a.speaker][n].word) for a in self.all_atoms for n in range(a.first, a.last + 1)
        )

    @cached_property
    def cues(self) -> tuple[Cue, ...]:
        return cues(self.talk)

    def in_cue(self, speaker: str, position: int) -> bool:
        """Whether a token belongs to a cue."""
        return (speaker, position) in self._in_cues

    @cached_property
    def _in_cues(self) -> frozenset[tuple[str, int]]:
        return frozenset((c.speaker, n) for c in self.cues for n in range(c.first, c.last + 1))

    def about(self, *topics: Topic) -> tuple[Cue, ...]:
        """The cues of some topics."""
        return tuple(cue for cue in self.cues if cue.topic in topics)

    def topic_before(self, time: float, seconds: float, topics: Sequence[Topic]) -> Cue | None:
        """The last cue of some topics that begins in the ``seconds`` before a time."""
        near = [cue for cue in self.cues if cue.topic in topics and time - seconds <= cue.start <= time]
        return near[-1] if near else None

    @cached_property
    def runs(self) -> tuple[tuple[Atom, ...], ...]:
        """Runs of at least ``LEAST`` digits: of each speaker, then of all speakers."""
        chains = (*self.atoms.values(), self.all_atoms)
        return tuple(_without_edges(self, run) for chain in chains for run in _dense(self, chain))

    def topic_of(self, group: Sequence[Atom], seconds: float, topics: Sequence[Topic]) -> Topic | None:
        """What a group of numbers answers: the last topic before it, unless other numbers have answered that."""
        cue = self.topic_before(group[0].start, seconds, topics)
        if cue is None:
            return None
        amounts = 0.0 if cue.topic == "amount" else NEAR
        answered = any(cue.named <= a.start and a.end < group[0].start - amounts for a in self.all_atoms)
        return None if answered else cue.topic

    def is_change(self, cue: Cue, number: Atom | None) -> bool:
        """Whether a cue is the topic of the number after it: a phrase, or a word just before it.

        A word with others behind it is not ("sorry, my phone is slipping, 6362"), and an amount answers for itself.
        """
        if number is None:
            return True
        if cue.topic == "amount" and number.kind == "amount":
            return False
        between = self.talk.between(cue.end - 1e-9, number.start - 1e-9)
        return cue.first < cue.last or sum(token.text not in HESITATIONS for token in between) <= 1

    def is_linked(self, group: Sequence[Atom], cue: Cue) -> bool:
        """Whether a phrase such as "that's" or "is that" stands between numbers and the cue that names them."""
        between = {token.text for token in self.talk.between(group[-1].end - NEAR, cue.start)}
        return cue.start - group[-1].end <= 2 * NEAR and bool(between & LINKS)

    def _counts(self, atom: Atom, speaker: str) -> bool:
        if atom.kind == "ordinal" or {(speaker, atom.first), (speaker, atom.last)} <= self._in_cues:
            return False
        stream = self.talk.streams[speaker]
        lone = atom.first == 0 or atom.start - stream[atom.first - 1].end > NEAR
        return atom.kind != "count" or not (lone or stream[atom.first - 1].text.isalpha())


def groups(context: Context, seconds: float = NEAR, words: int = 1) -> Iterator[tuple[Atom, ...]]:
    """Numbers of one speaker that are said in one go, however few."""
    for speaker, atoms in context.atoms.items():
        mentions = [cue.first for cue in context.cues if cue.speaker == speaker]
        group: list[Atom] = []
        for atom in atoms:
            mention = group and any(group[-1].last < first < atom.first for first in mentions)
            far = group and (atom.start - group[-1].end > seconds or _weight(context, group[-1], atom) > words)
            if mention or far:
                yield tuple(group)
                group = []
            group.append(atom)
        if group:
            yield tuple(group)


def is_year(context: Context, group: Sequence[Atom]) -> bool:
    """Whether a group is a year after a preposition: "since 2019"."""
    stream = context.talk.streams[group[0].speaker]
    before = stream[group[0].first - 1].text if group[0].first else ""
    return before in PREPOSITIONS and digits_of(group)[:2] in ("19", "20") and len(digits_of(group)) == 4


def last_part(context: Context, group: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """The numbers of a group after its last pause or end of a sentence."""
    stream = context.talk.streams[group[0].speaker]
    first = len(group) - 1
    while first > 0:
        ended = set(stream[group[first].first].before) & set(".?!")
        if ended or group[first].start - group[first - 1].end > PAUSE:
            break
        first -= 1
    return group[first:]


def digits_of(atoms: Sequence[Atom]) -> str:
    """The digits of a run in their most likely reading."""
    return "".join(atom.digits for atom in atoms)


def most_of(atoms: Sequence[Atom]) -> int:
    """The digits of a run in its longest reading."""
    return sum(atom.most for atom in atoms)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, Luhn)."""
    doubled = [int(c) * (1 + place % 2) for place, c in enumerate(reversed(digits))]
    return bool(digits) and sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_card(digits: str) -> bool:
    """Whether digits are as long as a card number and end in its check digit, or begin with one of 15 or 16 digits."""
    whole = LEAST <= len(digits) <= MOST and luhn(digits)
    return whole or any(len(digits) > length and luhn(digits[:length]) for length in (15, 16))


def holds_card(digits: str) -> bool:
    """Whether digits are a card number, or have one of the usual 15 or 16 digits in a row."""
    parts = (digits[n : n + length] for length in (15, 16) for n in range(len(digits) - length + 1))
    usual = (part for part in parts if part[0] in ("3" if len(part) == 15 else "2456"))
    return is_card(digits) or any(map(luhn, usual))


def _dense(context: Context, atoms: Sequence[Atom]) -> Iterator[tuple[Atom, ...]]:
    """Unions of the shortest runs with enough digits and few other words, from every number on and back."""
    gaps = [_weight(context, one, two) for one, two in pairwise(atoms)]
    spans = [(begin, end) for begin in range(len(atoms)) if (end := _shortest(atoms, gaps, begin, 1)) is not None]
    spans += [(end, begin) for begin in range(len(atoms)) if (end := _shortest(atoms, gaps, begin, -1)) is not None]
    first = last = -1
    for begin, end in sorted(spans):
        if begin > last >= 0:
            yield tuple(atoms[first : last + 1])
            first = -1
        first, last = (begin if first < 0 else first), max(last, end)
    if first >= 0:
        yield tuple(atoms[first : last + 1])


def _shortest(atoms: Sequence[Atom], gaps: Sequence[int], begin: int, step: int) -> int | None:
    """The other end of the shortest run from ``begin`` with enough digits; None if the digits do not suffice."""
    count, weight, position = 0, 0, begin
    while 0 <= position < len(atoms):
        if position != begin:
            one, two = sorted((position, position - step))
            weight += gaps[one]
            if gaps[one] > GAP_WORDS or atoms[two].start - atoms[one].end > GAP_SECONDS:
                return None
        count += atoms[position].most
        if count >= LEAST:
            return position if weight <= DENSITY * count else None
        position += step
    return None


def _without_edges(context: Context, run: tuple[Atom, ...]) -> tuple[Atom, ...]:
    """A run without one or two digits at its ends that are far from the others."""
    first, last = 0, len(run)
    while last - first > 1 and _is_far(context, run[first], run[first + 1]) and _rest(run[first + 1 : last]):
        first += 1
    while last - first > 1 and _is_far(context, run[last - 1], run[last - 2]) and _rest(run[first : last - 1]):
        last -= 1
    return run[first:last]


def _is_far(context: Context, edge: Atom, neighbour: Atom) -> bool:
    one, two = (edge, neighbour) if edge.start <= neighbour.start else (neighbour, edge)
    if edge.most > FAR_DIGITS:
        return False
    between = (t for t in context.talk.between(one.end, two.start) if not context.is_number(t))
    return sum(t.text not in FILLERS for t in between) >= FAR_WORDS or _weight(context, one, two) >= FAR_WORDS


def _rest(run: Sequence[Atom]) -> bool:
    return len(digits_of(run)) >= LEAST


def _weight(context: Context, one: Atom, two: Atom) -> int:
    """Words between two numbers that are no fillers; other topics end a run."""
    if any(one.start < c.start < two.start and c.topic in ENDS and context.is_change(c, two) for c in context.cues):
        return GAP_WORDS + 1
    if one.speaker == two.speaker:
        between = context.talk.streams[one.speaker][one.last + 1 : two.first]
    else:
        between = tuple(t for t in context.talk.between(one.end, two.start) if not context.is_number(t))
    if between and (_is_other(context, one) or _is_other(context, two)):
        return GAP_WORDS + 1
    counted = (t.text for t in between if t.text not in FILLERS and not t.text[0].isdigit())
    return sum(HEAVY if text in _HEAVY_WORDS else 1 for text in counted)


def _is_other(context: Context, atom: Atom) -> bool:
    """Whether a number is an amount or a year after a preposition."""
    stream = context.talk.streams[atom.speaker]
    before = stream[atom.first - 1].text if atom.first else ""
    year = before in PREPOSITIONS and atom.digits[:2] in ("19", "20") and len(atom.digits) in (2, 4)
    return atom.kind == "amount" or year


_HEAVY_WORDS = UNITS | MONTH_WORDS | PREPOSITIONS


ENDS: Final[tuple[Topic, ...]] = ("phone", "email", "address", "birth", "order", "amount", "done", "iban")
"""Topics that end a run of digits and the time after a card's cue."""
