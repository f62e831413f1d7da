"""Plan the turns of a simulated meeting with a requested ratio of overlapped speech.

Times are integer ticks of 10 ms, so that plans are identical on all machines. The *overlap ratio* is the time with two
or more speakers divided by the time with any speaker. At most two speakers overlap.
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
"""Maximum difference between the actual and the requested overlap ratio. Chosen by hand; a smaller value refuses more
meetings."""
TICKS_PER_SECOND = 100
"""Resolution of plans: 10 ms, so that times with two decimals are exact."""

_MAX_TURN_END = 120
"""Maximum overlap, in ticks, of a turn at the end of another; a longer one is an interruption. Chosen by hand."""
_MAX_BACKCHANNEL = 200
"""Maximum length of a backchannel in ticks. Chosen by hand; only shorter passages can be backchannels."""
_MIN_TICKS = 10
"""Minimum gap, overlap and distance between turns in ticks. Chosen by hand."""
_MAX_OVERLAP_DEBT = 300
"""Overlap, in ticks, that may be missing before a turn is overlapped whatever its kind. Chosen by hand; a lower value
follows the requested ratio more closely and the weights of the kinds less."""
_CLOSING_TICKS = 2500
"""Length, in ticks, of the end of a meeting in which all missing overlap is made up. Chosen by hand."""
_MAX_ATTEMPTS = 200
"""Number of plans drawn before the best one is taken. Chosen by hand; more attempts take longer and miss less often."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Settings of a conversation: ``length`` and mean pause ``gap`` in seconds, ``overlap`` ratio (see the module).

    ``turn_end``, ``interruption`` and ``backchannel`` are the weights of three kinds of overlap: a turn that starts up
    to 1.2 s before another ends; a turn that starts earlier and continues after it; up to 2 s inside another turn. The
    overlap ratio has priority over the weights.
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
            raise SettingsError(
                "a meeting with one speaker has no overlap", hint="set overlap to 0, or speakers to 2 or more"
            )
        weights = (self.turn_end, self.interruption, self.backchannel)
        if min(weights) < 0 or not sum(weights) > 0:
            raise SettingsError("the weights of the kinds of overlap must be at least 0, and one above 0")


@dataclass(frozen=True, slots=True)
class Placement:
    """A passage (index ``passage``) of a speaker from tick ``start`` to ``end``, and the kind of its start."""

    start: int
    end: int
    speaker: str
    passage: int
    kind: Kind


Lengths = Mapping[str, Sequence[int]]
"""Lengths of the passages of each speaker, in ticks."""


def plan(lengths: Lengths, conversation: Conversation, rng: np.random.Generator) -> tuple[Placement, ...]:
    """Place the passages in a meeting; sorted by start.

    Plans are drawn until the overlap ratio is within a quarter of `TOLERANCE`, or the best of 200 is taken. Raises
    `SettingsError` if no plan has all speakers, or if the best plan misses the overlap ratio by more than `TOLERANCE`.
    """
    best: tuple[Placement, ...] = ()
    best_error = float("inf")
    for _ in range(_MAX_ATTEMPTS):
        placements = _TurnScheduler(lengths, conversation, rng).schedule()
        if len({p.speaker for p in placements}) < len(lengths):
            continue
        error = abs(overlap_ratio(placements) - conversation.overlap)
        if error < best_error:
            best, best_error = placements, error
        if best_error <= TOLERANCE / 4:
            break
    if best_error > TOLERANCE:
        raise SettingsError(
            f"cannot plan a meeting of {conversation.length:g} s with {len(lengths)} speakers and overlap "
            f"{conversation.overlap:g} from these recordings",
            hint="make the meeting longer, reduce the overlap, or use shorter recordings",
        )
    return tuple(sorted(best, key=lambda p: (p.start, p.end, p.speaker)))


def overlap_ratio(placements: Sequence[Placement]) -> float:
    """Time with two or more speakers divided by time with any; 0 for silence."""
    if not placements:
        return 0.0
    count = np.zeros(max(p.end for p in placements), np.int8)
    for placement in placements:
        count[placement.start : placement.end] += 1
    return float((count > 1).sum() / (count > 0).sum())


class _TurnScheduler:
    """Adds turns to a meeting one by one and keeps account of the overlap still missing."""

    def __init__(self, lengths: Lengths, conversation: Conversation, rng: np.random.Generator) -> None:
        self.conversation, self.rng, self.lengths = conversation, rng, lengths
        self.limit = round(conversation.length * TICKS_PER_SECOND)
        self.placed: list[Placement] = []
        self.queues = {speaker: self._shuffled(range(len(passages))) for speaker, passages in lengths.items()}
        self.silent_speakers = self._shuffled(lengths)
        self.last_end = dict.fromkeys(lengths, 0)
        self.speech = self.overlapped = 0
        self.current = self.previous = Placement(0, 0, "", 0, "first")

    def schedule(self) -> tuple[Placement, ...]:
        while self._add_turn():
            pass
        return tuple(self.placed)

    def _add_turn(self) -> bool:
        """Add one turn; False if none fits."""
        kind = self._draw_kind()
        if kind == "backchannel" and self.conversation.overlap and self._add_backchannel():
            return True
        room = self.limit - self.current.end - _MIN_TICKS
        for speaker in self._candidates():
            passage = self._take_passage(speaker, room)
            if passage is not None:
                self._place(speaker, passage, self._overlap(speaker, self.lengths[speaker][passage], kind))
                return True
        return False

    def _overlap(self, speaker: str, length: int, kind: Kind) -> int:
        """Ticks by which the next turn overlaps the current one: the missing overlap, limited by kind and speakers."""
        if speaker == self.current.speaker or not self.placed:
            return 0
        ratio = self.conversation.overlap
        missing = (ratio * (self.speech + length) - self.overlapped) / (1 + ratio)
        ticks = 0.0
        if kind == "turn_end":
            ticks = min(missing, 20 + 100 * self.rng.random())
        elif kind == "interruption" and missing > _MAX_TURN_END:
            ticks = missing
        allowed_debt = _MAX_OVERLAP_DEBT if self.limit - self.current.end > _CLOSING_TICKS else 0
        free = self.current.end - max(
            self.previous.end, self.last_end[speaker] + _MIN_TICKS, self.current.start + _MIN_TICKS
        )
        ticks = min(max(ticks, missing - allowed_debt), length - _MIN_TICKS, free)
        return int(ticks) if ticks >= _MIN_TICKS else 0

    def _place(self, speaker: str, passage: int, overlap: int) -> None:
        length = self.lengths[speaker][passage]
        gap = 0 if overlap else max(_MIN_TICKS, round(200 * self.conversation.gap * self.rng.random()))
        start = min(self.current.end - overlap + gap, self.limit - length)
        kind: Kind = "gap" if not overlap else "turn_end" if overlap <= _MAX_TURN_END else "interruption"
        new = Placement(start, start + length, speaker, passage, kind if self.placed else "first")
        self.speech += length - overlap
        self.overlapped += overlap
        self.previous, self.current = self.current, new
        self._add(new)

    def _add_backchannel(self) -> bool:
        """Add a backchannel inside the current turn; False if none fits."""
        missing = self.conversation.overlap * self.speech - self.overlapped
        for speaker in self._candidates():
            if speaker == self.current.speaker:
                continue
            earliest = max(self.previous.end, self.last_end[speaker] + _MIN_TICKS, self.current.start + _MIN_TICKS)
            room = self.current.end - _MIN_TICKS - earliest
            passage = self._take_passage(speaker, min(int(missing), _MAX_BACKCHANNEL, room))
            if passage is None:
                continue
            length = self.lengths[speaker][passage]
            start = earliest + int((room - length) * self.rng.random())
            self.overlapped += length
            self.previous = Placement(start, start + length, speaker, passage, "backchannel")
            self._add(self.previous)
            return True
        return False

    def _add(self, new: Placement) -> None:
        self.placed.append(new)
        self.last_end[new.speaker] = new.end
        if new.speaker in self.silent_speakers:
            self.silent_speakers.remove(new.speaker)

    def _candidates(self) -> list[str]:
        """Speakers in the order to try: those without a turn first, the current one last (or first, in one of six)."""
        others = [s for s in self._shuffled(self.lengths) if s != self.current.speaker]
        others.sort(key=lambda s: s not in self.silent_speakers)
        current = [self.current.speaker] if self.current.speaker else []
        return [*current, *others] if not self.silent_speakers and self.rng.random() < 1 / 6 else [*others, *current]

    def _take_passage(self, speaker: str, room: int) -> int | None:
        """The next passage of the speaker that fits into ``room`` ticks; it moves to the end of the queue."""
        queue = self.queues[speaker]
        fitting = next((p for p in queue if self.lengths[speaker][p] <= room), None)
        if fitting is not None:
            queue.remove(fitting)
            queue.append(fitting)
        return fitting

    def _draw_kind(self) -> Kind:
        turn_end, interruption, backchannel = (
            self.conversation.turn_end,
            self.conversation.interruption,
            self.conversation.backchannel,
        )
        draw = self.rng.random() * (turn_end + interruption + backchannel)
        if draw < turn_end:
            return "turn_end"
        return "interruption" if draw < turn_end + interruption else "backchannel"

    def _shuffled(self, items: Iterable[Item]) -> list[Item]:
        values = list(items)
        return [values[i] for i in self.rng.permutation(len(values))]
