"""Who speaks when in a made-up meeting: a plan of turns with an asked share of overlapped speech. Pure.

Times are whole ticks of 10 ms, so that plans are the same on every machine. The *overlap ratio* is the time in which
two or more speak, divided by the time in which anybody does. At most two speak at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from pipeline.core.errors import SettingsError

Item = TypeVar("Item")
Kind = Literal["first", "gap", "turn_end", "interruption", "backchannel"]

TOLERANCE = 0.02
"""How far the realised overlap ratio may be from the asked one."""

_TURN_END = 120
_BACKCHANNEL = 200
_LEAST = 10
_PATIENCE = 300
_CLOSING = 2500
_ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class Conversation:
    """How people talk: ``length`` and the mean pause ``gap`` in seconds, ``overlap`` as a ratio (see the module).

    ``turn_end``, ``interruption`` and ``backchannel`` weigh how overlaps come about: somebody starts up to 1.2 s before
    the other ends; starts earlier than that and goes on; says up to 2 s while the other keeps the floor.
    The ratio goes before the weights.
    """

    speakers: int = 2
    length: float = 120.0
    overlap: float = 0.1
    gap: float = 0.4
    turn_end: float = 0.4
    interruption: float = 0.4
    backchannel: float = 0.2

    def __post_init__(self) -> None:
        if self.speakers < 1 or not 0 < self.length < float("inf"):
            raise SettingsError("a meeting needs at least one speaker and a length above 0 s")
        if not 0 <= self.overlap <= 0.5 or not self.gap >= 0:
            raise SettingsError(f"overlap must be 0 to 0.5 and gap at least 0; got {self.overlap} and {self.gap}")
        if self.overlap and self.speakers < 2:
            raise SettingsError("one speaker alone has no overlap", hint="set overlap to 0 or ask for more speakers")
        weights = (self.turn_end, self.interruption, self.backchannel)
        if min(weights) < 0 or not sum(weights) > 0:
            raise SettingsError("the weights of the kinds of overlap must be at least 0, and one above 0")


@dataclass(frozen=True, slots=True)
class Placement:
    """The passage number ``passage`` of a speaker, from tick ``start`` to ``end``, and how it came to speak."""

    start: int
    end: int
    speaker: str
    passage: int
    kind: Kind


Lengths = Mapping[str, Sequence[int]]


def plan(lengths: Lengths, how: Conversation, rng: np.random.Generator) -> tuple[Placement, ...]:
    """Place passages (``lengths``: ticks, by speaker) into a meeting, sorted by start.

    Plans are drawn until the overlap ratio is within half a point, or the best of 200 is taken. Raises `SettingsError`
    when not every speaker fits in, or the best is more than two points off.
    """
    best: tuple[Placement, ...] = ()
    off = float("inf")
    for _ in range(_ATTEMPTS):
        placements = _TurnScheduler(lengths, how, rng).talk()
        if len({p.speaker for p in placements}) < len(lengths):
            continue
        error = abs(overlap_ratio(placements) - how.overlap)
        if error < off:
            best, off = placements, error
        if off <= TOLERANCE / 4:
            break
    if off > TOLERANCE:
        raise SettingsError(
            f"no meeting of {how.length:g} s, {len(lengths)} speakers, overlap {how.overlap:g} from these passages",
            hint="make it longer, ask for less overlap, or give shorter recordings",
        )
    return tuple(sorted(best, key=lambda p: (p.start, p.end, p.speaker)))


def overlap_ratio(placements: Sequence[Placement]) -> float:
    """Time with two or more speakers over time with any; 0 for silence."""
    if not placements:
        return 0.0
    count = np.zeros(max(p.end for p in placements), np.int8)
    for placement in placements:
        count[placement.start : placement.end] += 1
    return float((count > 1).sum() / (count > 0).sum())


class _TurnScheduler:
    """The meeting as it grows: who holds the floor, and how much overlap is still owed."""

    def __init__(self, lengths: Lengths, how: Conversation, rng: np.random.Generator) -> None:
        self.how, self.rng, self.lengths = how, rng, lengths
        self.limit = round(how.length * 100)
        self.placed: list[Placement] = []
        self.queues = {speaker: self._shuffled(range(len(own))) for speaker, own in lengths.items()}
        self.waiting = self._shuffled(lengths)
        self.last = dict.fromkeys(lengths, 0)
        self.speech = self.overlapped = 0
        self.holder = self.other = Placement(0, 0, "", 0, "first")

    def talk(self) -> tuple[Placement, ...]:
        while self._turn():
            pass
        return tuple(self.placed)

    def _turn(self) -> bool:
        kind = self._kind()
        if kind == "backchannel" and self.how.overlap and self._backchannel():
            return True
        room = self.limit - self.holder.end - _LEAST
        for speaker in self._candidates():
            passage = self._passage(speaker, room)
            if passage is not None:
                self._place(speaker, passage, self._overlap(speaker, self.lengths[speaker][passage], kind))
                return True
        return False

    def _overlap(self, speaker: str, length: int, kind: Kind) -> int:
        """Ticks by which the next turn runs into the present one: what is owed, as far as kind and people allow."""
        if speaker == self.holder.speaker or not self.placed:
            return 0
        ratio = self.how.overlap
        owed = (ratio * (self.speech + length) - self.overlapped) / (1 + ratio)
        ticks = 0.0
        if kind == "turn_end":
            ticks = min(owed, 20 + 100 * self.rng.random())
        elif kind == "interruption" and owed > _TURN_END:
            ticks = owed
        patience = _PATIENCE if self.limit - self.holder.end > _CLOSING else 0
        free = self.holder.end - max(self.other.end, self.last[speaker] + _LEAST, self.holder.start + _LEAST)
        ticks = min(max(ticks, owed - patience), length - _LEAST, free)
        return int(ticks) if ticks >= _LEAST else 0

    def _place(self, speaker: str, passage: int, overlap: int) -> None:
        length = self.lengths[speaker][passage]
        gap = 0 if overlap else max(_LEAST, round(200 * self.how.gap * self.rng.random()))
        start = min(self.holder.end - overlap + gap, self.limit - length)
        kind: Kind = "gap" if not overlap else "turn_end" if overlap <= _TURN_END else "interruption"
        new = Placement(start, start + length, speaker, passage, kind if self.placed else "first")
        self.speech += length - overlap
        self.overlapped += overlap
        self.other, self.holder = self.holder, new
        self._note(new)

    def _backchannel(self) -> bool:
        owed = self.how.overlap * self.speech - self.overlapped
        for speaker in self._candidates():
            if speaker == self.holder.speaker:
                continue
            earliest = max(self.other.end, self.last[speaker] + _LEAST, self.holder.start + _LEAST)
            room = self.holder.end - _LEAST - earliest
            passage = self._passage(speaker, min(int(owed), _BACKCHANNEL, room))
            if passage is None:
                continue
            length = self.lengths[speaker][passage]
            start = earliest + int((room - length) * self.rng.random())
            self.overlapped += length
            self.other = Placement(start, start + length, speaker, passage, "backchannel")
            self._note(self.other)
            return True
        return False

    def _note(self, new: Placement) -> None:
        self.placed.append(new)
        self.last[new.speaker] = new.end
        if new.speaker in self.waiting:
            self.waiting.remove(new.speaker)

    def _candidates(self) -> list[str]:
        """Speakers to try, those first who have not spoken; the present one last, save that one in six goes on."""
        others = [s for s in self._shuffled(self.lengths) if s != self.holder.speaker]
        others.sort(key=lambda s: s not in self.waiting)
        same = [self.holder.speaker] if self.holder.speaker else []
        return [*same, *others] if not self.waiting and self.rng.random() < 1 / 6 else [*others, *same]

    def _passage(self, speaker: str, room: int) -> int | None:
        """The speaker's next passage that fits; it goes to the end of his queue, behind all others."""
        queue = self.queues[speaker]
        fitting = next((p for p in queue if self.lengths[speaker][p] <= room), None)
        if fitting is not None:
            queue.remove(fitting)
            queue.append(fitting)
        return fitting

    def _kind(self) -> Kind:
        turn_end, interruption, backchannel = self.how.turn_end, self.how.interruption, self.how.backchannel
        draw = self.rng.random() * (turn_end + interruption + backchannel)
        if draw < turn_end:
            return "turn_end"
        return "interruption" if draw < turn_end + interruption else "backchannel"

    def _shuffled(self, items: Iterable[Item]) -> list[Item]:
        listed = list(items)
        return [listed[i] for i in self.rng.permutation(len(listed))]
