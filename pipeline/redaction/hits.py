"""What finders return: tokens to cover, speech without words to cover, and doubts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.core.types import Turn
from pipeline.redaction.numbers import Atom
from pipeline.redaction.types import Doubt, Kind


@dataclass(frozen=True, slots=True)
class Hit:
    """Tokens of one speaker to cover, as positions in their stream."""

    kind: Kind
    speaker: str
    tokens: frozenset[int]
    reason: str


@dataclass(frozen=True, slots=True)
class Wordless:
    """Speech without words to cover."""

    kind: Kind
    turn: Turn
    reason: str


@dataclass(slots=True)
class Findings:
    """The results of a finder, in the order in which it found them."""

    hits: list[Hit] = field(default_factory=list)
    wordless: list[Wordless] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def cover(self, kind: Kind, speaker: str, tokens: Iterable[int], reason: str) -> None:
        """Add tokens of one speaker, if there are any."""
        positions = frozenset(tokens)
        if positions:
            self.hits.append(Hit(kind, speaker, positions, reason))

    def cover_numbers(self, kind: Kind, atoms: Iterable[Atom], reason: str) -> None:
        """Add the tokens of numbers, which may be those of several speakers."""
        for atom in atoms:
            self.cover(kind, atom.speaker, range(atom.first, atom.last + 1), reason)

    def cover_turn(self, kind: Kind, turn: Turn, start: float, end: float, reason: str) -> None:
        """Add a part of a turn that has no words."""
        if start < end:
            self.wordless.append(Wordless(kind, Turn(start, end, turn.speaker), reason))

    def extend(self, other: Findings) -> None:
        """Add the findings of another finder."""
        self.hits.extend(other.hits)
        self.wordless.extend(other.wordless)
        self.doubts.extend(other.doubts)
