"""Lines of the world's formats, gathered into one transcript a session; what their readers share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, pairwise

from pipeline.errors import FormatError
from pipeline.timeline import joined
from pipeline.values import Notice, Transcript, Turn, Utterance, Word

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """What one line of a file says: a turn of a speaker in a session, and its words where the format has them."""

    session: str
    turn: Turn
    words: tuple[Word, ...] = ()


def lines(text: str) -> Iterator[tuple[str, str]]:
    """The lines that are neither blank nor a ``;;`` comment, each with its place ("line 3")."""
    for count, line in enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), start=1):
        if line.strip() and not line.lstrip().startswith(";;"):
            yield f"line {count}", line.strip()


def number(text: str, what: str, place: str) -> float:
    """A decimal number; raises `FormatError` naming the place."""
    if not _NUMBER.fullmatch(text) or abs(float(text)) == float("inf"):
        raise FormatError(f"{place}: the {what}, {text!r}, is not a number")
    return float(text)


def turn(start: float, end: float, speaker: str, place: str) -> Turn:
    """A turn; raises `FormatError` naming the place when it is reversed, empty, or before the recording."""
    try:
        return Turn(start, end, speaker)
    except ValueError as error:
        raise FormatError(f"{place}: from {start} to {end} s is no piece of a recording", hint=str(error)) from error


def lasting(start: str, duration: str, speaker: str, place: str) -> Turn:
    """A turn by start and duration, added as the decimals they are: 0.1 and 0.2 end where 0.3 begins."""
    begin, _ = number(start, "start", place), number(duration, "duration", place)
    return turn(begin, float(Decimal(start) + Decimal(duration)), speaker, place)


def interpolated(turn: Turn, text: str, place: str) -> tuple[Word, ...]:
    """The words of ``text`` spread over a turn, each as long as its share of the letters.

    Formats of utterances have no word times; scoring with times wants some. The same pseudo-times as
    ``character_based`` in MeetEval (von Neumann et al., 2023).
    """
    found = text.split()
    letters = list(accumulate(map(len, found)))
    edges = [turn.start, *(turn.start + turn.duration * count / letters[-1] for count in letters[:-1]), turn.end]
    try:
        return tuple(Word(start, end, word) for (start, end), word in zip(pairwise(edges), found, strict=False))
    except ValueError as error:
        raise FormatError(f"{place}: {turn.duration} s are too short for {len(found)} words") from error


def gathered(rows: Iterable[Row], warnings: dict[str, tuple[Notice, ...]] | None = None) -> dict[str, Transcript]:
    """One transcript a session, in order of first appearance; a recording lasts until its last turn ends.

    Rows of one speaker that overlap keep their words, each in an utterance of its own, and are one turn.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.session, []).append(row)
    return {session: _transcript(group, (warnings or {}).get(session, ())) for session, group in groups.items()}


def only(sessions: dict[str, Transcript]) -> Transcript:
    """The one transcript there is; raises `FormatError` when there are more, or none."""
    if len(sessions) != 1:
        found = f"{len(sessions)} recordings ({', '.join(list(sessions)[:3])}, ...)" if sessions else "no recording"
        raise FormatError(f"one recording was expected, but the text holds {found}")
    return next(iter(sessions.values()))


def _transcript(rows: list[Row], warnings: tuple[Notice, ...]) -> Transcript:
    rows = sorted(rows, key=lambda row: row.turn)
    return Transcript(
        duration=max(row.turn.end for row in rows),
        utterances=tuple(Utterance(row.turn.speaker, row.words) for row in rows if row.words),
        turns=joined(row.turn for row in rows),
        warnings=warnings,
    )
