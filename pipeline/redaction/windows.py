"""The time in which a cue is answered: from the cue to the next topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.redaction.cues import Cue, Topic
from pipeline.redaction.hits import Findings
from pipeline.redaction.numbers import Atom
from pipeline.redaction.runs import NEAR, Context, is_year, most_of
from pipeline.redaction.types import Doubt, Kind


def window_end(
    context: Context, cue: Cue, ends: Sequence[Topic], seconds: float, enough: int, firm: bool = False
) -> float:
    """When the time to answer a cue ends: at the next topic, or ``seconds`` after the cue or the last number.

    A topic does not end it before ``enough`` digits were said: an agent may ask for two things at once. ``firm``: only
    topics that `Context.is_change` accepts end it.
    """
    end, digits, group = cue.end + seconds, 0, 0
    changes = [
        other.start
        for other in context.about(*ends)
        if other.start > cue.end and (not firm or context.is_change(other, _next(context, other)))
    ]
    atoms = [atom for atom in context.all_atoms if atom.start >= cue.named - 1e-9]
    last = cue.named
    for atom in atoms:
        if atom.start > end or (digits >= enough and any(last <= time <= atom.start for time in changes)):
            break
        group = group + atom.most if atom.start - last <= NEAR else atom.most
        digits = max(digits, group)
        last = atom.end
        end = max(end, atom.end + seconds)
    return min([end, *(time for time in changes if time >= last and digits >= enough)])


def _next(context: Context, cue: Cue) -> Atom | None:
    """The first number after a cue."""
    return next((atom for atom in context.all_atoms if atom.start >= cue.named - 1e-9), None)


def groups_in(
    groups: Sequence[tuple[Atom, ...]], start: float, end: float, accepts: Callable[[tuple[Atom, ...]], bool]
) -> tuple[tuple[Atom, ...], ...]:
    """The groups of numbers that begin in a span and are accepted."""
    return tuple(group for group in groups if start - 1e-9 <= group[0].start <= end and accepts(group))


def cover_wordless(context: Context, findings: Findings, kind: Kind, start: float, end: float, reason: str) -> bool:
    """Cover speech without words in a span; whether there is any."""
    turns = [turn for turn in context.talk.wordless if turn.start < end and turn.end > start]
    for turn in turns:
        findings.cover_turn(kind, turn, max(turn.start, start), min(turn.end, end), reason)
    return bool(turns)


def cover_unsure(context: Context, findings: Findings, kind: Kind, start: float, end: float, reason: str) -> bool:
    """Cover words that the recognizer is unsure of in a span; whether there are any."""
    covered = False
    for speaker, stream in context.talk.streams.items():
        positions = [n for n, token in enumerate(stream) if token.unsure and start <= token.start <= end]
        findings.cover(kind, speaker, positions, reason)
        covered = covered or bool(positions)
    return covered


def unlocated(findings: Findings, kind: Kind, cue: Cue, end: float, reason: str) -> None:
    """Add the doubt that an answer to a cue was not found, unless the words around it refuse one."""
    if not cue.refused:
        findings.doubts.append(Doubt(kind, cue.start, max(end, cue.end), reason))


def digits_between(context: Context, least: int, most: int = 99) -> Callable[[tuple[Atom, ...]], bool]:
    """A test of groups: digits in the longest reading from ``least`` to ``most``, no year and not only amounts."""

    def test(group: tuple[Atom, ...]) -> bool:
        real = any(atom.kind != "amount" for atom in group)
        return least <= most_of(group) <= most and real and not is_year(context, group)

    return test
