"""International bank account numbers, in characters that are spoken or written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pipeline.redaction.cues import topics_but
from pipeline.redaction.hits import Findings
from pipeline.redaction.runs import Context
from pipeline.redaction.spelling import Spelled, sequences, text_of
from pipeline.redaction.vocabulary import words
from pipeline.redaction.windows import cover_unsure, cover_wordless, unlocated, window_end

LEAST, MOST = 15, 34
"""Characters of an IBAN (ISO 13616): Norway's are shortest, 34 is the limit of the standard."""
LEAST_DIGITS: Final = 8
"""Least digits of an IBAN that does not pass its check: fewer are a product code. Chosen by hand."""
LEAST_AFTER_CUE: Final = 4
"""Least characters of a group after the mention of an IBAN: "GB29"."""
WINDOW: Final = 30.0
"""Seconds after a cue, or after the last number, in which characters belong to an IBAN."""
BEFORE: Final = 10.0
"""Seconds before a cue in which characters are its answer."""
_LONGEST_WORD = 4
_ENDS = topics_but("iban", "name")
COUNTRIES: Final = words(
    "ad ae al at az ba be bg bh br by ch cr cy cz de dk do ee eg es fi fo fr gb ge gi gl gr gt hr hu ie il iq is it "
    "jo kw kz lb lc li lt lu lv ly mc md me mk mr mt mu nl no om pk pl ps pt qa ro rs sa sc se si sk sm st sv tl tn "
    "tr ua va vg xk"
)
"""Countries in the registry of IBANs. Without one of them, letters and digits are a reference."""
_START = re.compile(r"[a-z]{2}\d{2}")


def passes(iban: str) -> bool:
    """Whether the two check digits of an IBAN fit (ISO 7064, mod 97-10)."""
    rearranged = iban[4:] + iban[:4]
    return int("".join(str(int(c, 36)) for c in rearranged)) % 97 == 1


def find_ibans(context: Context) -> Findings:
    """IBANs by their form, and characters near the mention of one."""
    findings = ibans_by_form(context)
    spelled = _rows(context)
    for cue in context.about("iban"):
        end = window_end(context, cue, _ENDS, WINDOW, LEAST_DIGITS)
        found = False
        last = cue.end
        for speaker, rows in spelled.items():
            for row in rows:
                after = [
                    item for item in row if cue.named - 1e-9 <= item.start <= end and not cue.holds(speaker, item.first)
                ]
                before = [item for item in row if cue.start - BEFORE <= item.end <= cue.start]
                for part, least in ((after, LEAST_AFTER_CUE), (before, LEAST)):
                    if len(text_of(part)) >= least and any(not item.is_letter for item in part):
                        _cover(findings, speaker, part, "characters near the mention of an IBAN")
                        found, last = True, max(last, part[-1].end)
        reason = "near the mention of an IBAN"
        found |= cover_wordless(context, findings, "iban", cue.end, last if found else end, f"no words {reason}")
        cover_unsure(context, findings, "iban", cue.end, last, f"unsure word {reason}")
        if not found:
            unlocated(findings, "iban", cue, end, "an IBAN is mentioned, and no characters are near")
    return findings


def ibans_by_form(context: Context) -> Findings:
    """IBANs by their form: two letters, two digits, and as many characters as an IBAN has."""
    findings = Findings()
    for unknown in (0, 1):
        for speaker, rows in _rows(context, unknown).items():
            for row in rows:
                _by_form(findings, speaker, row, unknown == 0)
    return findings


def claimed(context: Context) -> frozenset[tuple[str, int]]:
    """Tokens that belong to a card number or an IBAN by their form, so that they are nothing else."""
    return context.once("claimed", lambda: _claimed(context))


def _claimed(context: Context) -> frozenset[tuple[str, int]]:
    numbers = {(a.speaker, n) for run in context.runs for a in run for n in range(a.first, a.last + 1)}
    return frozenset(numbers | {(hit.speaker, n) for hit in ibans_by_form(context).hits for n in hit.tokens})


def _rows(context: Context, unknown: int = 1) -> dict[str, tuple[tuple[Spelled, ...], ...]]:
    return {speaker: sequences(context, speaker, _LONGEST_WORD, unknown) for speaker in context.talk.streams}


def _by_form(findings: Findings, speaker: str, row: Sequence[Spelled], unchecked: bool) -> None:
    """Cover the IBAN of a row; ``unchecked``: also one whose check digits do not fit."""
    for begin in range(len(row)):
        text = text_of(row[begin:])
        if not _START.match(text) or text[:2] not in COUNTRIES:
            continue
        lengths = [n for n in range(min(MOST, len(text)), LEAST - 1, -1) if passes(text[:n])]
        long = unchecked and len(text) >= LEAST and sum(c.isdigit() for c in text[:MOST]) >= LEAST_DIGITS
        if lengths or long:
            reason = "an IBAN by its check digits" if lengths else "as long as an IBAN; the check digits do not fit"
            _cover(findings, speaker, _leading(row[begin:], lengths[0] if lengths else MOST), reason)
            return


def _leading(row: Sequence[Spelled], count: int) -> Sequence[Spelled]:
    """The items of a row that have the first ``count`` characters."""
    total = 0
    for number, item in enumerate(row):
        total += len(item.text)
        if total >= count:
            return row[: number + 1]
    return row


def _cover(findings: Findings, speaker: str, items: Sequence[Spelled], reason: str) -> None:
    findings.cover("iban", speaker, range(items[0].first, items[-1].last + 1), reason)
