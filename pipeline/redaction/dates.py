"""Calendar dates: a day with its month, and everything numeric near the mention of a date of birth.

Not covered: weekdays, times of day, "tomorrow", a year or a month alone (but near a date of birth).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pipeline.redaction.cues import topics_but
from pipeline.redaction.hits import Findings
from pipeline.redaction.ibans import claimed
from pipeline.redaction.numbers import Atom, numbers
from pipeline.redaction.runs import NEAR, Context
from pipeline.redaction.tokens import Token
from pipeline.redaction.vocabulary import HESITATIONS, MONTH_WORDS, words
from pipeline.redaction.windows import cover_unsure, cover_wordless, unlocated, window_end

WINDOW: Final = 12.0
"""Seconds after the mention of a date of birth, or after the last number, in which numbers are its answer."""
BEFORE: Final = 6.0
"""Seconds before the mention in which they are."""
CARD_BEFORE: Final = 5.0
"""Seconds in which a card, its expiry date or a sort code is mentioned before what would be a date otherwise."""
ENOUGH: Final = 4
"""Digits of a date after which another topic ends the answer."""
COUNTED_THINGS: Final = words("day time thing name line one place class name's question half year week month")
"""Words after an ordinal that is no day of a month, near a date of birth: "my first day"."""
_BETWEEN = HESITATIONS | words("the of and on in")
_ENDS = topics_but("birth")
_NUMERIC = re.compile(r"(\d{1,4})[/.-](\d{1,2})[/.-](\d{2,4})$")
_YEAR = re.compile(r"(?:19|20)\d\d$")


def find_dates(context: Context) -> Findings:
    """Dates by their form, and numbers near the mention of a date of birth."""
    findings = Findings()
    every = numbers(context.talk)
    taken = claimed(context)
    for speaker, stream in context.talk.streams.items():
        for tokens in _dates(stream, every.get(speaker, ()), context.talk.cased):
            topic = context.topic_before(stream[tokens.start].start, CARD_BEFORE, topics_but())
            paid = topic is not None and topic.topic in ("card", "expiry", "cvv")
            if not paid and not any((speaker, n) in taken for n in tokens):
                findings.cover("date", speaker, tokens, "a date")
    for cue in context.about("birth"):
        end = window_end(context, cue, _ENDS, WINDOW, ENOUGH)
        found = _cover_near(context, findings, every, cue.named, end)
        found = found or _cover_near(context, findings, every, cue.start - BEFORE, cue.start)
        reason = "near the mention of a date of birth"
        if not found:
            found = cover_wordless(context, findings, "date", cue.end, end, f"speech without words {reason}")
            cover_unsure(context, findings, "date", cue.end, end, f"unsure word {reason}")
        if not found:
            unlocated(findings, "date", cue, end, "a date of birth is mentioned, and no numbers are near")
    return findings


def _cover_near(
    context: Context, findings: Findings, every: dict[str, tuple[Atom, ...]], start: float, end: float
) -> bool:
    """Cover numbers, ordinals and months in a span; whether there are any."""
    reason = "near the mention of a date of birth"
    found = False
    for speaker, stream in context.talk.streams.items():
        positions = {
            n
            for atom in every.get(speaker, ())
            if start - 1e-9 <= atom.start <= end and atom.kind not in ("amount", "count") and _kept(context, atom)
            for n in range(atom.first, atom.last + 1)
        }
        months = {n for n, token in enumerate(stream) if start <= token.start <= end and _is_month(token)}
        if positions or months:
            findings.cover("date", speaker, positions | months, f"numbers {reason}")
            found = True
    return found


def _kept(context: Context, atom: Atom) -> bool:
    stream = context.talk.streams[atom.speaker]
    following = stream[atom.last + 1].text if atom.last + 1 < len(stream) else ""
    if atom.kind == "ordinal":
        return following not in COUNTED_THINGS
    return atom in context.atoms.get(atom.speaker, ())


def _is_month(token: Token) -> bool:
    return token.text in MONTH_WORDS and not (token.text in ("may", "march", "mar", "sun") and token.raw.islower())


def _dates(stream: Sequence[Token], atoms: Sequence[Atom], cased: bool) -> list[range]:
    """The tokens of each date in a stream."""
    first = {atom.first: atom for atom in atoms}
    last = {atom.last: atom for atom in atoms}
    found: list[range] = []
    for position, token in enumerate(stream):
        if _is_numeric(token.text):
            found.append(range(position, position + 1))
        if token.text not in MONTH_WORDS:
            continue
        if cased and not _is_month(token) and not _is_dated(stream, position):
            continue  # "you may first call"; but "the third of may"
        before = last.get(_skip(stream, position, -1))
        after = first.get(_skip(stream, position, 1))
        begin = before.first if before and _is_day(before) and token.start - before.end <= NEAR else None
        end = after.last if after and (_is_day(after) or _is_year(after)) and after.start - token.end <= NEAR else None
        if begin is None and (end is None or after is None or not _is_day(after)):
            continue
        stop = _year_end(stream, first, end if end is not None else position)
        found.append(range(begin if begin is not None else position, stop + 1))
    return found


def _is_dated(stream: Sequence[Token], position: int) -> bool:
    """Whether "may" or "march" without a capital is a month: "third of may", "may the third"."""
    before = stream[position - 1].text if position else ""
    return before == "of" or [token.text for token in stream[position + 1 : position + 2]] == ["the"]


def _skip(stream: Sequence[Token], position: int, step: int) -> int:
    position += step
    while 0 <= position < len(stream) and stream[position].text in _BETWEEN:
        position += step
    return position


def _year_end(stream: Sequence[Token], first: dict[int, Atom], position: int) -> int:
    """The last token of the year after a day and month; ``position`` where none follows."""
    digits = ""
    while len(digits) < 4:
        atom = first.get(_skip(stream, position, 1))
        if atom is None or atom.kind != "digits" or atom.start - stream[position].end > NEAR:
            break
        if len(digits + atom.digits) > 4 or (not digits and atom.digits[:1] not in tuple("12")):
            if not digits and len(atom.digits) == 2:
                position = atom.last
            break
        digits += atom.digits
        position = atom.last
    return position


def _is_day(atom: Atom) -> bool:
    if atom.kind == "ordinal":
        return True
    return atom.kind in ("digits", "count") and len(atom.digits) <= 2 and 1 <= int(atom.digits or 0) <= 31


def _is_year(atom: Atom) -> bool:
    return atom.kind == "digits" and bool(_YEAR.fullmatch(atom.digits))


def _is_numeric(text: str) -> bool:
    match = _NUMERIC.fullmatch(text)
    if not match:
        return False
    parts = [int(part) for part in match.groups()]
    return sorted(parts)[0] <= 12 and sorted(parts)[1] <= 31 and sum(part > 31 for part in parts) <= 1
