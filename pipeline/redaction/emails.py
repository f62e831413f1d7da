"""E-mail addresses: written ("j.smith@example.com") or spoken ("J dot Smith at example dot com")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.redaction.addresses import COMMON
from pipeline.redaction.cues import Cue, topics_but
from pipeline.redaction.hits import Findings
from pipeline.redaction.runs import Context
from pipeline.redaction.spelling import sequences
from pipeline.redaction.tokens import Token
from pipeline.redaction.vocabulary import FILLERS, HESITATIONS, words
from pipeline.redaction.windows import cover_wordless, unlocated

DOMAINS: Final = words(
    "com org net edu gov co uk us ca au ie nz in de fr es it nl be ch at eu io info biz me tv dev app online ac ltd "
    "email con calm"
)
"""Last parts of domains, with what recognizers write for "com". More find more addresses, and more false ones."""
ENDINGS: Final = words("com org net edu uk io")
"""Last parts of domains that are no other English words."""
PROVIDERS: Final = words(
    "gmail googlemail hotmail outlook yahoo icloud aol protonmail msn btinternet virginmedia gmx zoho fastmail"
)
"""Mail providers that are often said without their domain."""
JOINERS: Final = words("dot underscore hyphen dash point plus full stop period")
"""Words for marks within an address."""
STOPS: Final = words(
    "is it's its the that's thats to my email mail address at on yes yeah yep so okay ok sure um uh er well and or it "
    "be was use send me you for of i have a an your with sorry no right contact reach write as his her their our this "
    "confirm spelled lowercase"
)
"""Words that end the local part of an address to the left, unless a mark follows them."""
BEFORE_AT: Final = 12
"""Most tokens of a local part. Chosen by hand: spelled names have up to ten letters."""
AFTER_AT: Final = 10
"""Most tokens of a domain. Chosen by hand; spelled domains are longer seldom."""
PAUSE: Final = 2.0
"""Longest pause in seconds within an address."""
WINDOW: Final = 25.0
"""Seconds after the mention of an e-mail address in which spelled characters belong to one."""
LEAST_SPELLED: Final = 3
"""Least characters that are spelled after the mention of an e-mail address."""
_ENDS = topics_but("email", "name")


def find_emails(context: Context) -> Findings:
    """E-mail addresses by their form, and spelled characters near the mention of one."""
    findings = Findings()
    times: list[tuple[float, float]] = []
    for speaker, stream in context.talk.streams.items():
        for position, token in enumerate(stream):
            found = _address(stream, position)
            if found:
                findings.cover("email", speaker, found, "an e-mail address")
                times.append((stream[found[0]].start, token.end))
    spelled = _spelled(context, findings)
    for cue in context.about("email"):
        near = [time for time in (*times, *spelled) if cue.start - WINDOW <= time[1] and time[0] <= cue.end + WINDOW]
        loose = _cover_loose(context, findings, cue)
        if not near and not loose and _asks(context, cue.speaker, cue.first):
            reason = "speech without words near the mention of an e-mail address"
            if not cover_wordless(context, findings, "email", cue.end, cue.end + WINDOW, reason):
                doubt = "an e-mail address is mentioned, and none was found near"
                unlocated(findings, "email", cue, cue.end + WINDOW, doubt)
    return findings


def _asks(context: Context, speaker: str, position: int) -> bool:
    """Whether a mention is of somebody's address: "your email address", "my email is"."""
    before = context.talk.streams[speaker][max(0, position - 2) : position]
    return any(token.text in ("your", "my", "an", "the", "her", "his", "best") for token in before)


def _address(stream: Sequence[Token], position: int) -> list[int]:
    """The tokens of an address whose "at" is at a position, or stands before it as a sign; else an empty list."""
    token = stream[position]
    if "@" in token.before:
        first, domain = position, position
    elif token.text == "at" and 0 < position < len(stream) - 1:
        first, domain = position, position + 1
    else:
        return []
    last = _domain_end(stream, domain)
    if last is None:
        return []
    start = _local_start(stream, first)
    return list(range(start, last + 1)) if start < first or "@" in token.before else []


def _domain_end(stream: Sequence[Token], first: int) -> int | None:
    """The last token of a domain that begins at a token; None where it has no known last part."""
    last = None
    for position in range(first, min(len(stream), first + AFTER_AT)):
        token = stream[position]
        if position > first and token.start - stream[position - 1].end > PAUSE:
            break
        marked = position > first and (
            stream[position - 1].text in ("dot", "point", "period", "stop") or token.before in (".", " .")
        )
        if token.text in DOMAINS and marked:
            last = position
        elif last is not None and token.text != "dot":
            break
        elif token.text in PROVIDERS and last is None and position - first < 2:
            last = position
    if last is not None and stream[last].text in PROVIDERS and _marked_after(stream, last):
        return _domain_end(stream, last) or last
    return last


def _marked_after(stream: Sequence[Token], position: int) -> bool:
    if position + 2 >= len(stream):
        return False
    return stream[position + 1].text == "dot" and stream[position + 2].text in DOMAINS


def _local_start(stream: Sequence[Token], at: int) -> int:
    """The first token of the local part that ends before a token."""
    first = at
    position = at - 1
    plain = 0
    while position >= 0 and at - position <= BEFORE_AT:
        token, following = stream[position], stream[position + 1]
        if following.start - token.end > PAUSE:
            break
        glued = not following.before.endswith(" ") and following.before != ""  # "peter .schmidt"
        glued = glued or " " not in following.before or _is_cut(stream, position, at)
        joined = glued or token.text in JOINERS or following.text in JOINERS
        single = len(token.text) == 1 or token.text[0].isdigit() or token.text in ("double", "zero", "oh")
        if token.text in HESITATIONS and position < at - 1:
            position -= 1
            continue
        if not glued and token.text in STOPS and len(token.text) > 1:
            break
        if not joined and position < at - 1 and set(following.before) & set(".?!,:"):
            break
        if not joined and not single:
            plain += 1
            if plain > 2:
                break
        first = position
        position -= 1
    return first


def _is_cut(stream: Sequence[Token], position: int, at: int) -> bool:
    """Whether a dot was taken for the end of a sentence: "Peter. Schmidt at example.com"."""
    token = stream[position]
    lone = position == 0 or bool(set(token.before) & set(".?!")) or token.start - stream[position - 1].end > PAUSE
    return lone and position == at - 2 and stream[at - 1].before == ". " and token.text not in COMMON | FILLERS


def _cover_loose(context: Context, findings: Findings, cue: Cue) -> bool:
    """Cover words around a provider or the end of a domain after a mention, where no whole address was found."""
    found = False
    for speaker, stream in context.talk.streams.items():
        for position, token in enumerate(stream):
            inside = cue.named - 1e-9 <= token.start <= cue.end + WINDOW and not cue.holds(speaker, position)
            if inside and (token.text in PROVIDERS or token.text in ENDINGS or token.text in ("dot", "underscore")):
                first = _local_start(stream, position)
                last = _domain_end(stream, position) or position
                findings.cover("email", speaker, range(first, last + 1), "parts of an e-mail address after its mention")
                found = True
    return found


def _spelled(context: Context, findings: Findings) -> list[tuple[float, float]]:
    """Cover characters that are spelled after the mention of an e-mail address; their times."""
    times: list[tuple[float, float]] = []
    for cue in context.about("email"):
        changes = [other.start for other in context.about(*_ENDS) if other.start > cue.end]
        end = min([cue.end + WINDOW, *changes])
        for speaker in context.talk.streams:
            for row in sequences(context, speaker):
                letters = sum(item.is_letter for item in row)
                if cue.named - 1e-9 <= row[0].start <= end and len(row) >= LEAST_SPELLED and letters:
                    tokens = range(row[0].first, row[-1].last + 1)
                    findings.cover("email", speaker, tokens, "spelled near the mention of an e-mail address")
                    times.append((row[0].start, row[-1].end))
    return times
