"""Card numbers with their expiry dates, account numbers and sort codes, and security codes.

Rather too much than too little: every run of 13 to 19 digits or more is covered, whatever it is, and everything
numeric near a cue until the topic changes. A check digit names a card number; it never decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from pipeline.redaction.cues import Cue, Topic
from pipeline.redaction.hits import Findings
from pipeline.redaction.numbers import SOUNDALIKES, Atom
from pipeline.redaction.runs import (
    ENDS,
    GAP_SECONDS,
    LEAST,
    NEAR,
    Context,
    digits_of,
    groups,
    holds_card,
    is_card,
    last_part,
    most_of,
)
from pipeline.redaction.types import Kind
from pipeline.redaction.vocabulary import FILLERS, MONTH_WORDS
from pipeline.redaction.windows import (
    cover_unsure,
    cover_wordless,
    digits_between,
    groups_in,
    unlocated,
    window_end,
)

CARD_WINDOW: Final = 30.0
"""Seconds after a cue, or after the last digits, in which digits belong to a card: time to find it. Chosen by hand;
more covers more other numbers."""
CODE_WINDOW: Final = 25.0
"""The same for a security code."""
EXPIRY_WINDOW: Final = 12.0
"""The same for an expiry date."""
BEFORE: Final = 8.0
"""Seconds before a cue in which digits are its answer ("321. Is that the security code?"). Chosen by hand; more covers
more other numbers."""
ASKED_BEFORE: Final = 20.0
"""Seconds before a run in which another topic ("your phone number") says what it is. Chosen by hand; more lets more
long runs pass for telephone numbers that were said twice."""
BESIDE: Final = 2
"""Most words on each side of incomplete digits that are covered with them."""
CLOSE: Final = 1.0
"""Longest pause in seconds between digits and words that are covered with them."""
LEAST_GROUP: Final = 3
"""Least digits of a group after a card's cue: one or two digits alone are counts, days or months."""
LONGEST_CODE: Final = 4
"""Most digits of a security code."""
OTHER: Final[tuple[Topic, ...]] = ("card", "expiry", "cvv", *ENDS)
NUMBERED: Final[tuple[Topic, ...]] = ("card", "expiry", "cvv", "phone", "birth", "order", "amount", "address", "iban")
"""Topics that numbers answer."""


def find_cards(context: Context) -> Findings:
    """Card numbers, and what belongs to them."""
    findings = Findings()
    runs = tuple(card_runs(context))
    for run in runs:
        name = "a card number by its check digit" if holds_card(digits_of(run)) else "the check digit does not fit"
        _cover_run(context, findings, run, f"run of {max(len(digits_of(run)), most_of(run))} digits; {name}")
    short = tuple(groups(context))
    for run in runs:
        end = window_end(context, _cue_of(run), ENDS, CARD_WINDOW, 0)
        for group in groups_in(short, run[0].start, end, digits_between(context, LEAST_GROUP)):
            findings.cover_numbers("card", group, "digits after a card number")
    for cue in context.about("card"):
        _cover_answer(context, findings, "card", cue, short, LEAST_GROUP, CARD_WINDOW)
    for cue in context.about("expiry"):
        _cover_expiry(context, findings, cue, short)
    return findings


def find_codes(context: Context) -> Findings:
    """Security codes (CVV, CVC, CID) and PINs."""
    findings = Findings()
    short = tuple(groups(context))
    for cue in context.about("cvv"):
        _cover_answer(context, findings, "cvv", cue, short, 1, CODE_WINDOW)
    for run in card_runs(context):
        end = window_end(context, _cue_of(run), ENDS, CODE_WINDOW, 0)
        for group in groups_in(short, run[-1].end - 1e-6, end, digits_between(context, LEAST_GROUP, LONGEST_CODE)):
            findings.cover_numbers("cvv", group, "three or four digits after a card number")
    return findings


def card_runs(context: Context) -> Iterator[tuple[Atom, ...]]:
    """Runs with enough digits; a telephone number that was asked for and is read back is left out."""
    for run in context.runs:
        if not _is_repeated(context, run):
            yield run


def _is_repeated(context: Context, run: Sequence[Atom]) -> bool:
    """Whether another topic was asked for, and the run is one shorter number, said twice or more."""
    topic = context.topic_before(run[0].start, ASKED_BEFORE, NUMBERED)
    if topic is None or topic.topic in ("card", "expiry", "cvv"):
        return False
    by_speaker: dict[str, str] = {}
    for atom in run:
        by_speaker[atom.speaker] = by_speaker.get(atom.speaker, "") + atom.digits
    return all(len(_once(digits)) < LEAST for digits in by_speaker.values()) and _alike(list(by_speaker.values()))


def _once(digits: str) -> str:
    """A number that may be said twice or three times, once."""
    for times in (2, 3):
        part = len(digits) // times
        if part >= 6 and digits == digits[:part] * times:
            return digits[:part]
    return digits


def _alike(numbers: Sequence[str]) -> bool:
    """Whether every number is a part of the longest one: what one speaker said, the other read back."""
    whole = max(map(_once, numbers), key=len)
    return all(_once(number) in whole for number in numbers)


def _cover_run(context: Context, findings: Findings, run: Sequence[Atom], reason: str) -> None:
    """Cover a run, with what may be digits between its numbers and at its ends."""
    findings.cover_numbers("card", run, reason)
    for speaker in {atom.speaker for atom in run}:
        atoms = [atom for atom in run if atom.speaker == speaker]
        for one, two in pairwise(atoms):
            if two.start - one.end <= NEAR and two.first - one.last <= BESIDE + 1:
                findings.cover("card", speaker, range(one.last + 1, two.first), "between digits of a run")
        if not is_card(digits_of(atoms)):
            for atom in atoms:
                _cover_beside(context, findings, "card", (atom,))
    for one, two in pairwise(run):
        cover_wordless(context, findings, "card", one.end, two.start, "speech without words within a run")
        cover_unsure(context, findings, "card", one.end, two.start, "unsure word within a run")


def _cover_answer(
    context: Context,
    findings: Findings,
    kind: Kind,
    cue: Cue,
    short: Sequence[tuple[Atom, ...]],
    least: int,
    seconds: float,
) -> None:
    """Cover digits after a cue until the topic changes, or just before it; else what has no words, else a doubt."""
    ends = tuple(topic for topic in OTHER if topic not in ((kind, "expiry") if kind == "card" else (kind,)))
    ended = [group for group in short if cue.start - BEFORE <= group[-1].end and group[-1].start <= cue.start + 1e-9]
    parts = (*ended, *(last_part(context, group) for group in ended if context.is_linked(group, cue)))
    before = tuple(filter(_answers(context, cue, kind), parts))
    named = cue.refused or any(context.is_linked(group, cue) for group in before)
    end = window_end(context, cue, ends, seconds, 0 if named else LEAST_GROUP, firm=kind == "card")
    least = LEAST_GROUP if cue.refused else least
    about = "security code" if kind == "cvv" else "card or account number"
    after = groups_in(short, cue.named, end, digits_between(context, least))
    for group in (*before, *after):
        tokens = range(group[0].first, group[-1].last + 1)
        findings.cover(kind, group[0].speaker, tokens, f"digits near the mention of a {about}")
        _cover_beside(context, findings, kind, group, kind == "cvv" and len(digits_of(group)) < LEAST_GROUP)
    end_of_answer = _end_of_answer(after, kind, end)
    reason = f"near the mention of a {about}"
    found = cover_wordless(context, findings, kind, cue.end, end_of_answer, f"speech without words {reason}")
    unsure = cover_unsure(context, findings, kind, cue.end, end_of_answer, f"unsure word {reason}")
    if not (after or before or found or unsure) and kind == "cvv":
        unlocated(findings, kind, cue, end, f"a {about} is mentioned, and no digits are near")


def _end_of_answer(groups: Sequence[tuple[Atom, ...]], kind: Kind, end: float) -> float:
    """Until when an answer may last: to its last digit, or later where digits of a card number are missing."""
    if not groups:
        return end
    last = max(group[-1].end for group in groups)
    missing = kind == "card" and sum(map(most_of, groups)) < LEAST
    return min(end, last + GAP_SECONDS) if missing else last


def _answers(context: Context, cue: Cue, kind: Kind) -> Callable[[tuple[Atom, ...]], bool]:
    """A test of groups before a cue: an answer's length, and no other topic before it."""

    def test(group: tuple[Atom, ...]) -> bool:
        close = cue.start - group[-1].end <= CLOSE
        if not digits_between(context, 2 if close else LEAST_GROUP, 99 if kind == "card" else LONGEST_CODE + 2)(group):
            return False
        topic = context.topic_of(group, ASKED_BEFORE, NUMBERED)
        return topic in (None, "card", "cvv") or (topic != "expiry" and context.is_linked(group, cue))

    return test


def _cover_beside(
    context: Context, findings: Findings, kind: Kind, group: Sequence[Atom], incomplete: bool = True
) -> None:
    """Cover the words beside digits, since a digit among them may be another word: any word beside ``incomplete`` ones,
    else those that sound like a digit or that the recognizer is unsure of.
    """
    stream = context.talk.streams[group[0].speaker]
    for step, position in ((-1, group[0].first), (1, group[-1].last)):
        for _ in range(BESIDE):
            one, two = sorted((position, position + step))
            if not 0 <= position + step < len(stream) or stream[two].start - stream[one].end > CLOSE:
                break
            ended = bool(set(stream[two].before) & set(".?!"))
            if ended or stream[position + step].text in FILLERS or context.in_cue(group[0].speaker, position + step):
                break
            position += step
            if not (incomplete or stream[position].unsure or stream[position].text in SOUNDALIKES):
                break
            findings.cover(kind, group[0].speaker, (position,), "beside digits, and may be one")


def _cover_expiry(context: Context, findings: Findings, cue: Cue, short: Sequence[tuple[Atom, ...]]) -> None:
    """Cover numbers and months after the mention of an expiry date until the topic changes, or just before it."""
    ends: tuple[Topic, ...] = ("cvv", "card", *ENDS)
    end = window_end(context, cue, ends, EXPIRY_WINDOW, 3)
    reason = "near the mention of an expiry date"
    groups_after = groups_in(short, cue.named, end, lambda g: True)
    for group in groups_after:
        findings.cover_numbers("card", group, f"numbers {reason}")
    if not groups_after:
        for group in groups_in(short, cue.start - BEFORE, cue.start, digits_between(context, 3, 6)):
            findings.cover_numbers("card", group, f"numbers {reason}")
    for speaker, stream in context.talk.streams.items():
        inside = [n for n, t in enumerate(stream) if cue.start - BEFORE / 2 <= t.start <= end and t.text in MONTH_WORDS]
        findings.cover("card", speaker, inside, f"month {reason}")
    cover_wordless(context, findings, "card", cue.end, end, f"speech without words {reason}")


def _cue_of(run: Sequence[Atom]) -> Cue:
    """A run of digits as a cue: what follows a card number is its expiry date and its code."""
    last = max(run, key=lambda atom: atom.end)
    return Cue("card", last.speaker, last.first, last.last, last.start, last.end, last.end)
