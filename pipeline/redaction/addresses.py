"""Postal addresses: a number with a street, postcodes, and what follows the mention of an address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pipeline.redaction.cues import Cue, topics_but
from pipeline.redaction.hits import Findings
from pipeline.redaction.ibans import claimed
from pipeline.redaction.numbers import Atom
from pipeline.redaction.runs import NEAR, Context
from pipeline.redaction.spelling import Spelled, sequences, text_of
from pipeline.redaction.tokens import Token
from pipeline.redaction.vocabulary import HESITATIONS, words
from pipeline.redaction.windows import cover_wordless, unlocated, window_end

STREETS: Final = words(
    "street road avenue lane crescent terrace gardens grove mews boulevard parkway highway rd ave blvd cul-de-sac st "
    "drive close court place square way hill park row walk green view rise circle trail cottage house farm"
)
"""English types of streets and houses. More find more addresses, and more false ones."""
ROADS: Final = words("street road avenue lane crescent terrace gardens grove mews boulevard rd ave blvd")
"""Types of streets that are found without a number, after words with capitals."""
UNITS: Final = words("flat apartment apt unit suite floor house room block po")
"""English words before the number of a part of a house."""
STATES: Final = words(
    "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois "
    "indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri "
    "montana nebraska nevada hampshire jersey mexico york carolina dakota ohio oklahoma oregon pennsylvania tennessee "
    "texas utah vermont virginia washington wisconsin wyoming"
)
"""States of the USA, by their last word: a ZIP code follows them."""
BETWEEN: Final = 3
"""Most words between the number of a house and the type of the street: "12 Saint John's Wood Road"."""
AFTER: Final = 8
"""Most words after a street that are its town: capitals and commas only."""
WINDOW: Final = 15.0
"""Seconds after the mention of an address, or after the last number, in which places and numbers belong to it."""
STOPS: Final = words(
    "of the in to is it a an and or for with that this was are you i my your we they he she on at from by please "
    "minutes hours days pounds dollars percent more other different people times am pm years"
)
"""Words that are in no name of a street."""
COMMON: Final = words(
    "i i'm i've i'll i'd yes yeah okay ok so and the it it's its that's thank thanks no well right great perfect "
    "lovely could can what what's is do please sure alright let my your we you but oh um uh hello hi sorry then now "
    "just for in at on this that there if when how any anything monday tuesday wednesday thursday friday saturday "
    "sunday january february march april may june july august september october november december bye goodbye he she "
    "they good got brilliant excellent of course a an mr mrs ms miss dr one two three four five six seven eight nine "
    "ten zero you're we're they're he's she's"
)
"""Words with a capital that are no place."""
FORMS: Final = ("a house number with a street", "a postcode", "the name of a street")
"""Reasons of what is an address by its form; after one of them, the mention of an address is answered."""
_ENDS = topics_but("address")
_POSTCODE = re.compile(r"[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}")
_ZIP = re.compile(r"\d{5}(?:\d{4})?")


def find_addresses(context: Context) -> Findings:
    """Addresses by their form, and places and numbers after the mention of one."""
    findings = Findings()
    for speaker, stream in context.talk.streams.items():
        atoms = context.atoms.get(speaker, ())
        for atom in atoms:
            tokens = _street(stream, atom, context.talk.cased) or _unit(stream, atom) or _zip(stream, atom)
            if tokens:
                findings.cover("address", speaker, tokens, FORMS[0])
        for row in sequences(context, speaker, 4):
            if _is_postcode(row):
                findings.cover("address", speaker, range(row[0].first, row[-1].last + 1), FORMS[1])
        for position in range(len(stream)):
            if context.talk.cased and stream[position].text in ROADS:
                tokens = _named_road(stream, position)
                findings.cover("address", speaker, tokens, FORMS[2])
    taken = claimed(context)
    for cue in context.about("address"):
        _after_cue(context, findings, cue, taken)
    return findings


def _street(stream: Sequence[Token], atom: Atom, cased: bool) -> list[int]:
    """The tokens of "12 High Street", with the town after it; empty if it is no street."""
    if not 1 <= len(atom.digits) <= 5 or atom.kind not in ("digits", "amount"):
        return []
    for position in range(atom.last + 1, min(len(stream), atom.last + BETWEEN + 3)):
        token = stream[position]
        between = stream[atom.last + 1 : position]
        if token.start - stream[position - 1].end > NEAR or token.text in STOPS:
            return []
        if token.text in STREETS and between:
            capital = all(t.raw[0].isupper() or len(t.text) == 1 for t in between)
            if cased and not capital:
                return []
            return [*_unit_before(stream, atom.first), *range(atom.first, _town(stream, position) + 1)]
    return []


def _named_road(stream: Sequence[Token], position: int) -> list[int]:
    """The tokens of "Queens Avenue" with its town: words with capitals before the type of a street."""
    first = position
    while first > 0 and position - first < BETWEEN and _is_place(stream, first - 1):
        if set(stream[first].before) & set(".?!,") or stream[first - 1].text in STOPS:
            break
        first -= 1
    capital = stream[position].raw[0].isupper()
    return list(range(first, _town(stream, position) + 1)) if capital and first < position else []


def _town(stream: Sequence[Token], position: int) -> int:
    """The last token of the places after a street."""
    last = position
    for n in range(position + 1, min(len(stream), position + AFTER + 1)):
        token = stream[n]
        if token.start - stream[n - 1].end > NEAR or set(token.before) & set(".?!;"):
            break
        if token.text in ("in", "and", "upon", "on", "of", "the"):
            continue
        if not (token.raw[0].isupper() or token.text[0].isdigit()) or token.text in COMMON:
            break
        last = n
    return last


def _unit_before(stream: Sequence[Token], first: int) -> list[int]:
    """The tokens of "flat 3" before the number of a house."""
    if first >= 2 and stream[first - 2].text in UNITS:
        return [first - 2, first - 1]
    return []


def _unit(stream: Sequence[Token], atom: Atom) -> list[int]:
    """The tokens of "flat 3"."""
    before = stream[atom.first - 1].text if atom.first else ""
    named = before in ("flat", "apartment", "apt", "suite") or (
        before == "box" and atom.first > 1 and stream[atom.first - 2].text in ("po", "o")
    )
    return list(range(atom.first - 1, atom.last + 1)) if named and len(atom.digits) <= 6 else []


def _zip(stream: Sequence[Token], atom: Atom) -> list[int]:
    """The tokens of a state and its ZIP code."""
    before = stream[atom.first - 1].text if atom.first else ""
    return list(range(atom.first - 1, atom.last + 1)) if before in STATES and _ZIP.fullmatch(atom.digits) else []


def _is_postcode(row: Sequence[Spelled]) -> bool:
    """Whether a sequence of characters is a British postcode."""
    return bool(_POSTCODE.fullmatch(text_of(row))) and sum(item.sure for item in row) * 2 >= len(row)


def _after_cue(context: Context, findings: Findings, cue: Cue, taken: frozenset[tuple[str, int]]) -> None:
    """Cover numbers, spelled characters and names of places after the mention of an address."""
    end = window_end(context, cue, _ENDS, WINDOW, 2)
    formed = [context.talk.streams[hit.speaker][n] for hit in findings.hits if hit.reason in FORMS for n in hit.tokens]
    after = [token.end for token in formed if cue.named - 1e-9 <= token.start <= end]
    end = min(end, max(after) + 1.0) if after else end
    reason = "near the mention of an address"
    found = False
    for speaker, stream in context.talk.streams.items():
        places = {
            n
            for atom in context.atoms.get(speaker, ())
            if cue.named - 1e-9 <= atom.start <= end and atom.kind == "digits" and len(atom.digits) >= 2
            for n in range(atom.first, atom.last + 1)
        }
        for row in sequences(context, speaker, 4):
            part = [item for item in row if cue.named - 1e-9 <= item.start <= end]
            if len(text_of(part)) >= 3:
                places |= set(range(part[0].first, part[-1].last + 1))
        inside: Sequence[int] = range(len(stream))
        inside = [n for n in inside if not cue.holds(speaker, n) and cue.named - 1e-9 <= stream[n].start <= end]
        names = {n for n in inside if _is_place(stream, n)}
        if context.talk.cased:
            places |= {n for n in names if _beside(stream, n, names | places)}
        places = {n for n in places if (speaker, n) not in taken}
        findings.cover("address", speaker, places, f"numbers and places {reason}")
        found = found or bool(places)
    found = found or cover_wordless(context, findings, "address", cue.end, end, f"speech without words {reason}")
    if not found and _asks(context, cue):
        unlocated(findings, "address", cue, end, "an address is mentioned, and none was found near")


def _asks(context: Context, cue: Cue) -> bool:
    before = context.talk.streams[cue.speaker][max(0, cue.first - 3) : cue.first]
    return any(token.text in ("your", "my", "her", "his") for token in before)


def _is_place(stream: Sequence[Token], position: int) -> bool:
    token = stream[position]
    return token.raw[0].isupper() and token.text not in COMMON and token.text not in HESITATIONS


def _beside(stream: Sequence[Token], position: int, places: set[int]) -> bool:
    """Whether a capital belongs to a place: another one is beside it, or it does not begin a sentence."""
    begins = position == 0 or bool(set(stream[position].before) & set(".?!"))
    return not begins or bool({position - 1, position + 1} & places)
