"""Rows of RTTM, CTM, STM and SegLST files, collected into one transcript per session; shared by their readers.

A row whose times are slightly wrong is repaired or left out, and a notice gives the number of such rows and the first
one. See `REPAIRS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from pipeline.core.errors import FormatError
from pipeline.core.timeline import joined, spread
from pipeline.core.types import Notice, Span, Transcript, Turn, Unscored, Utterance, Word
from pipeline.formats.base import Channels

EARLIEST = -0.5
"""Earliest start of a row in seconds that is moved to 0; a row that starts earlier makes the file unreadable.

Chosen by hand: annotation tools pad segments, and padding before the first word of a recording starts slightly below 0.
A lower value accepts files whose times do not count from the recording's start."""
SHORTEST = 0.01
"""Duration in seconds that each word of a row without length is given.

Chosen by hand: one frame of most recognizers and far below the collars of scoring tools."""
REPAIRS = {
    "early_start": "start before the recording and were moved to 0 s",
    "no_length": f"have words but no length; each word was given {SHORTEST:g} s",
    "empty_row": "have neither length nor words and were left out",
    "unscored": "are excluded from scoring and were left out",
}
"""Notice codes of readers, each with the rest of the sentence "N row(s) ..."."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """A turn of a speaker, and its words where the format has them."""

    turn: Turn
    words: tuple[Word, ...] = ()


@dataclass(slots=True)
class Sessions:
    """The rows of one file by session, in order of first appearance, and the places of repaired rows by code."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    repaired: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def name(self, session: str) -> None:
        """Add a session, which may stay without rows."""
        self.rows.setdefault(session, [])

    def add(self, session: str, row: Row) -> None:
        """Add a row to a session."""
        self.rows.setdefault(session, []).append(row)

    def note(self, session: str, code: str, place: str) -> None:
        """Count a row under a code of `REPAIRS`."""
        self.name(session)
        self.repaired.setdefault(session, {}).setdefault(code, []).append(place)

    def span(self, session: str, start: float, end: float, place: str, words: int) -> Span | None:
        """The times of a row, repaired where needed; None when it must be left out. ``words`` is their number.

        Raises `FormatError` when the row starts before `EARLIEST`.
        """
        if start < EARLIEST:
            raise FormatError(f"{place}: starts {-start:g} s before the recording", hint="times are seconds from 0")
        if start < 0:
            self.note(session, "early_start", place)
            start = 0.0
        if end - start <= 1e-6 * words:  # an equal end, an earlier one, or one that only rounding keeps apart
            if not words:
                self.note(session, "empty_row", place)
                return None
            self.note(session, "no_length", place)
            end = start + SHORTEST * words
        try:
            return Span(start, end)
        except ValueError as error:
            raise FormatError(f"{place}: from {start} to {end} s is not a valid time span") from error

    def add_text(self, session: str, times: tuple[float, float], speaker: str, text: str, place: str) -> None:
        """Add an utterance with interpolated word times, see `pipeline.core.timeline.spread`."""
        words = text.split()
        span = self.span(session, *times, place, len(words))
        if span is None:
            return
        try:
            spoken = spread(words, span.start, span.end)
        except ValueError as error:
            raise FormatError(f"{place}: {span.duration} s is too short for {len(words)} words") from error
        self.add(session, Row(Turn(span.start, span.end, speaker), spoken))

    def transcripts(self) -> dict[str, Transcript]:
        """One transcript per session; a recording ends with its last turn."""
        return {session: _transcript(rows, self._notices(session)) for session, rows in self.rows.items()}

    def _notices(self, session: str) -> tuple[Notice, ...]:
        repairs = self.repaired.get(session, {})
        return tuple(
            Notice(code, f"{len(places)} row(s) {REPAIRS[code]} (first: {places[0]})")
            for code, places in repairs.items()
        )


def lines(text: str) -> Iterator[tuple[str, str]]:
    """The lines other than blank lines and ``;;`` comments, each with its place ("line 3")."""
    for count, line in enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), start=1):
        if line.strip() and not line.lstrip().startswith(";;"):
            yield f"line {count}", line.strip()


def number(text: str, what: str, place: str) -> float:
    """A decimal number; raises `FormatError` naming the place."""
    if not _NUMBER.fullmatch(text) or abs(float(text)) == float("inf"):
        raise FormatError(f"{place}: {what} {text!r} is not a number")
    return float(text)


def start_and_end(start: str, duration: str, place: str) -> tuple[float, float]:
    """Start and end in seconds, added as decimal numbers: 0.1 + 0.2 is 0.3 exactly.

    >>> start_and_end("0.1", "0.2", "line 1")
    (0.1, 0.3)
    """
    begin, _ = number(start, "start", place), number(duration, "duration", place)
    return begin, float(Decimal(start) + Decimal(duration))


def single(sessions: dict[str, Transcript]) -> Transcript:
    """The only transcript; raises `FormatError` when there are several or none."""
    if len(sessions) != 1:
        content = f"{len(sessions)} recordings ({', '.join(list(sessions)[:3])}, ...)" if sessions else "no recording"
        raise FormatError(f"expected one recording, found {content}")
    return next(iter(sessions.values()))


def marks(rows: Iterable[tuple[str, str, tuple[float, float]]]) -> dict[str, tuple[Unscored, ...]]:
    """Sorted unscored times by session, from (session, channel, times); times without length are left out."""
    groups: dict[str, list[Unscored]] = {}
    for session, channel, (start, end) in rows:
        if end > max(0.0, start):
            groups.setdefault(session, []).append(Unscored(max(0.0, start), end, channel.upper()))
    return {session: tuple(sorted(times)) for session, times in groups.items()}


def speaker_channels(rows: Iterable[tuple[str, str, str]]) -> dict[str, Channels]:
    """The channels by session, from (session, channel, speaker)."""
    groups: dict[str, dict[str, set[str]]] = {}
    for session, channel, speaker in rows:
        groups.setdefault(session, {}).setdefault(speaker, set()).add(channel.upper())
    return {
        session: {speaker: next(iter(names)) for speaker, names in speakers.items() if len(names) == 1}
        for session, speakers in groups.items()
    }


def _transcript(rows: list[Row], notices: tuple[Notice, ...]) -> Transcript:
    rows = sorted(rows, key=lambda row: row.turn)
    return Transcript(
        duration=max((row.turn.end for row in rows), default=0.0),
        utterances=tuple(Utterance(row.turn.speaker, row.words) for row in rows if row.words),
        turns=joined(row.turn for row in rows),
        notices=notices,
    )
