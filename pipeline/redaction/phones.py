"""Telephone numbers, in digits that are spoken or written. ``phonenumbers`` says which numbers exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from pipeline.redaction.cues import Cue, topics_but
from pipeline.redaction.hits import Findings
from pipeline.redaction.ibans import claimed
from pipeline.redaction.numbers import Atom
from pipeline.redaction.runs import Context, digits_of, groups
from pipeline.redaction.windows import (
    cover_unsure,
    cover_wordless,
    digits_between,
    groups_in,
    window_end,
)

REGIONS: Final = ("GB", "US", "IE", "AU", "NZ", "IN", "ZA", "DE", "FR", "ES", "IT", "NL")
"""Countries whose numbers are found without a cue: English-speaking ones, and those of the languages with number words.
More countries find more, and take more order numbers for telephone numbers."""
LEAST, MOST = 7, 15
"""Digits of a telephone number (E.164 has 15 at most); seven is a local number."""
LEAST_AFTER_CUE: Final = 3
"""Least digits of a group after a cue: people say a number in groups of three."""
WINDOW: Final = 20.0
"""Seconds after a cue, or after the last digits, in which digits belong to a telephone number."""
BEFORE: Final = 6.0
"""Seconds before a cue in which digits are its answer."""
ASKED_BEFORE: Final = 15.0
"""Seconds before a number in which another topic ("your order number") says what it is."""
_ENDS = topics_but("phone", "name")


_LOCAL = re.compile(r"\d{3}[-‐-―]\d{4}")


def find_phones(context: Context) -> Findings:
    """Telephone numbers that exist, and digits near the mention of one."""
    findings = Findings()
    short = tuple(groups(context))
    taken = claimed(context)
    for group in short:
        if (group[0].speaker, group[0].first) in taken or any(atom.kind == "date" for atom in group):
            continue
        topic = context.topic_of(group, ASKED_BEFORE, topics_but("name"))
        if topic in (None, "phone", "done", "email") and (
            exists(_written(context, group)) or _is_local(context, group)
        ):
            findings.cover_numbers("phone", group, "a telephone number by its form")
    for cue in context.about("phone"):
        end = window_end(context, cue, _ENDS, WINDOW, LEAST_AFTER_CUE)
        after = groups_in(short, cue.named, end, digits_between(context, LEAST_AFTER_CUE))
        before = groups_in(short, cue.start - BEFORE, cue.start, _answers(context, cue))
        for group in (*before, *after):
            tokens = range(group[0].first, group[-1].last + 1)
            findings.cover("phone", group[0].speaker, tokens, "digits near the mention of a telephone number")
        if after:
            last = max(group[-1].end for group in after)
            reason = "near the mention of a telephone number"
            cover_wordless(context, findings, "phone", after[0][0].start, last, f"speech without words {reason}")
            cover_unsure(context, findings, "phone", after[0][0].start, last, f"unsure word {reason}")
    return findings


def _answers(context: Context, cue: Cue) -> Callable[[tuple[Atom, ...]], bool]:
    """A test of groups before a cue: as long as a number, and no other topic before it."""

    def test(group: tuple[Atom, ...]) -> bool:
        topic = context.topic_of(group, ASKED_BEFORE, ("phone", *_ENDS))
        fits = digits_between(context, LEAST, MOST)(group)
        return fits and (topic in (None, "phone") or context.is_linked(group, cue))

    return test


def exists(number: str) -> bool:
    """Whether digits, with a plus sign or not, are a telephone number of one of ``REGIONS`` by their form."""
    import phonenumbers

    digits = number.lstrip("+")
    if not LEAST <= len(digits) <= MOST:
        return False
    if number.startswith("0") and not number.startswith("00") and len(digits) in (10, 11):
        return True  # a trunk prefix: also numbers that are reserved for fiction
    for region in (None,) if number.startswith("+") else REGIONS:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        valid = phonenumbers.is_valid_number(parsed) or (number.startswith("+") and len(digits) >= 9)
        if valid and (len(digits) >= 10 or number.startswith(("0", "+"))):
            return True
    return False


def _is_local(context: Context, group: Sequence[Atom]) -> bool:
    """Whether a group is a local number as it is written in North America: "555-0149"."""
    stream = context.talk.streams[group[0].speaker]
    return bool(_LOCAL.fullmatch(stream[group[0].first].text)) and group[0].first == group[-1].last


def _written(context: Context, group: Sequence[Atom]) -> str:
    """The digits of a group, with the plus sign where one is written or said."""
    stream = context.talk.streams[group[0].speaker]
    first = group[0].first
    plus = "+" in stream[first].before or (first > 0 and stream[first - 1].text == "plus")
    return ("+" if plus else "") + digits_of(group)
