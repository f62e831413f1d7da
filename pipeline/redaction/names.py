"""Names of people: those that are known, those after a cue ("my name is"), and spelled ones.

There is no model of names: a name without an introduction is found only if it is known, or was introduced once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rapidfuzz import fuzz

from pipeline.redaction.addresses import COMMON
from pipeline.redaction.cues import Cue, Topic
from pipeline.redaction.hits import Findings
from pipeline.redaction.ibans import claimed
from pipeline.redaction.runs import NEAR, Context
from pipeline.redaction.spelling import sequences, text_of
from pipeline.redaction.tokens import Token
from pipeline.redaction.vocabulary import FILLERS, MONTH_WORDS, words
from pipeline.redaction.windows import unlocated

SIMILAR: Final = 85.0
"""Least similarity (rapidfuzz ratio, 0 to 100) of a word with a capital to a known name of five letters or more.
Chosen by hand: "Katherine" and "Catherine" have 89. Less takes other words for names."""
LONGEST: Final = 3
"""Most words of a name after a cue."""
ANSWER: Final = 8.0
"""Seconds after a question for a name in which the other speaker answers."""
LEAST_SPELLED: Final = 4
"""Least letters that are spelled without a cue: shorter ones are abbreviations."""
STRONG: Final = re.compile(
    r"\b(?:name is|name's|name was|surname is|surname's|called|mr|mrs|ms|miss|mister|doctor|dr|name on the (?:card|"
    r"account) is|"
    r"account (?:holder|name) is|cardholder is|speaking (?:to|with)|it is under|under the name(?: of)?|named|names are|"
    r"name it's|in the name of|on behalf of)$"
)
"""What stands before a name, whatever the word after it is."""
INTRODUCTIONS: Final = re.compile(
    r"\b(?:i'm|i am|this is|it's|hi|hello|hey|dear|thanks|thank you|morning|afternoon|evening|ask for|speak to|"
    r"speak with|"
    r"talk to|through to|colleague|husband|wife|son|daughter|partner|manager|brother|sister|mother|father|mum|dad|"
    r"friend|boss|bye|goodbye|welcome)$"
)
"""What stands before a name if the word after it has a capital."""
COMPANIES: Final = words(
    "insurance travel energy water bank services service ltd limited telecom mobile broadband group company hotel "
    "hotels airlines airways motors electric electronics store stores clinic surgery dental care pharmacy university "
    "college council office direct online solutions systems books foods holidays finance loans mortgages utilities gas "
    "power internet bakery garden gardens repairs support club gym"
)
"""Last words of companies: what ends in one of them is no name of a person. More leave more out, also surnames."""
GREETERS: Final = words("calling hello hi hey morning afternoon evening is to welcome")
"""Words before the name of a company in a greeting: "hello, Maple Insurance, Helen, how can I help?"."""
COMPANY_WORDS: Final = 5
"""Most words of the name of a company."""
AFTER_NAME: Final = words("speaking here how what can may from in who")
"""Words after the name in a greeting."""
STOPS: Final = (
    COMMON
    | FILLERS
    | MONTH_WORDS
    | words(
        "not just calling speaking here there from with looking trying having going very really glad happy afraid "
        "sure about still also only english british american french german spanish italian dutch london visa "
        "mastercard amex everyone all customer service services support team bank card order account number line "
        "christmas who whom which what where mister sir madam guys folks to as by of be been if because when while "
        "until but or nor spelled spelt s"
    )
)
"""Words that are no names, with a capital or not."""
_NAME_TOPICS: tuple[Topic, ...] = ("email", "address", "iban", "order", "card", "phone")


def find_names(context: Context) -> Findings:
    """Names that are known, introduced or spelled, and every other mention of them."""
    findings = Findings()
    found: dict[str, set[int]] = {speaker: set() for speaker in context.talk.streams}
    known = _known(context)
    taken = claimed(context)
    for speaker, stream in context.talk.streams.items():
        introduced = set(_introduced(stream, context.talk.cased)) | set(_before_speaking(stream))
        introduced |= set(_greetings(stream)) if context.talk.cased else set()
        introduced = {n for n in introduced if (speaker, n) not in taken}
        findings.cover("name", speaker, introduced, "a name after or before a cue")
        found[speaker] |= introduced
    for cue in context.about("name"):
        for speaker, tokens in _answers(context, cue):
            if any((speaker, n) in taken for n in tokens):
                continue
            findings.cover("name", speaker, tokens, "the answer to a question for a name")
            found[speaker] |= set(tokens)
    for speaker, letters in _spelled(context):
        if (speaker, letters.start) in taken:
            continue
        findings.cover("name", speaker, letters, "a name that is spelled")
    for cue in context.about("name"):
        _doubt(context, findings, found, cue)
    names = known | {context.talk.streams[s][n].text.removesuffix("'s") for s, ns in found.items() for n in ns}
    for speaker, stream in context.talk.streams.items():
        again = [n for n, token in enumerate(stream) if _is_mention(token, names, known, context.talk.cased)]
        findings.cover("name", speaker, again, "a name that is known, or was introduced elsewhere")
    return findings


def _known(context: Context) -> set[str]:
    """The words of known names: given ones, and those of the identity ledger."""
    people = [identity.name for identity in context.talk.transcript.identities if identity.name]
    return {
        part
        for name in (*people, *context.known_names)
        for part in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", name.lower())
    }


def _is_mention(token: Token, names: set[str], known: set[str], cased: bool) -> bool:
    text = token.text.removesuffix("'s")
    if len(text) < 2 or text in STOPS or (cased and token.raw[0].islower()):
        return False
    if text in names:
        return True
    return len(text) >= 5 and any(len(name) >= 5 and fuzz.ratio(text, name) >= SIMILAR for name in known)


def _introduced(stream: Sequence[Token], cased: bool) -> Iterator[int]:
    """Names after a cue in the same sentence."""
    for position in range(1, len(stream)):
        token = stream[position]
        if set(token.before) & set(".?!") or token.start - stream[position - 1].end > NEAR:
            continue
        before = " ".join(token.text for token in stream[max(0, position - 5) : position])
        if STRONG.search(before) or (cased and INTRODUCTIONS.search(before)):
            tokens = _name_at(stream, position, cased)
            if not cased or not tokens or stream[tokens[-1]].text not in COMPANIES:
                yield from tokens


def _name_at(stream: Sequence[Token], position: int, cased: bool) -> list[int]:
    """The tokens of a name that begins at a position."""
    tokens: list[int] = []
    for n in range(position, min(len(stream), position + LONGEST)):
        token = stream[n]
        if n > position and (set(token.before) & set(".?!,;:") or token.start - stream[n - 1].end > NEAR):
            break
        if token.text in STOPS or token.text[0].isdigit() or (cased and not token.raw[0].isupper()):
            break
        if not cased and len(tokens) == 2:
            break
        tokens.append(n)
    return tokens


def _greetings(stream: Sequence[Token]) -> Iterator[int]:
    """Names after a company in a greeting: "hello, Maple Insurance, Helen, how can I help?"."""
    for position, token in enumerate(stream):
        begins = position == 0 or bool(set(token.before) & set(".?!"))
        if position and stream[position - 1].text in GREETERS:
            begins = True
        company = _capitals(stream, position, COMPANY_WORDS) if begins else []
        if not company:
            continue
        name = _capitals(stream, company[-1] + 1, LONGEST)
        following = stream[name[-1] + 1] if name and name[-1] + 1 < len(stream) else None
        comma = bool(name) and bool(set(stream[name[0]].before) & set(",.-"))
        if comma and following is not None and following.text in AFTER_NAME:
            yield from name


def _capitals(stream: Sequence[Token], position: int, most: int) -> list[int]:
    """Words with a capital in a row, up to a sign between them, and none that is no name."""
    row: list[int] = []
    for n in range(position, min(len(stream), position + most)):
        token = stream[n]
        named = token.raw[0].isupper() or (bool(row) and token.text in COMPANIES)
        if not named or token.text in COMMON or (row and set(token.before) & set(".?!,;:-")):
            break
        row.append(n)
    return row


def _before_speaking(stream: Sequence[Token]) -> Iterator[int]:
    """Names before "speaking" and "here": "Anna Smith speaking"."""
    for position, token in enumerate(stream):
        if token.text not in ("speaking", "calling"):
            continue
        for n in range(position - 1, max(-1, position - 1 - LONGEST), -1):
            following = stream[n + 1]
            if not stream[n].raw[0].isupper() or stream[n].text in STOPS or set(following.before) & set(".?!,"):
                break
            yield n


def _answers(context: Context, cue: Cue) -> Iterator[tuple[str, list[int]]]:
    """Names that another speaker says just after a question for one, or this speaker ("Surname, Smith")."""
    for speaker, stream in context.talk.streams.items():
        inside = [n for n, token in enumerate(stream) if cue.named - 1e-9 <= token.start <= cue.end + ANSWER]
        if speaker == cue.speaker:
            inside = [n for n in inside if cue.last < n <= cue.last + 2 and stream[n].start - cue.end < 1]
            inside = [] if any("?" in stream[n].before for n in inside) else inside
        for n in inside:
            if stream[n].text in STOPS or stream[n].text[0].isdigit() or len(stream[n].text) < 2:
                continue
            if not context.talk.cased and speaker == cue.speaker:
                break
            tokens = _name_at(stream, n, context.talk.cased)
            if tokens:
                yield speaker, tokens
                break


def _spelled(context: Context) -> Iterator[tuple[str, range]]:
    """Letters that are spelled near a question for a name, or in a row of four or more."""
    for speaker in context.talk.streams:
        for row in sequences(context, speaker):
            letters = text_of(row)
            if not letters.isalpha():
                continue
            asked = context.topic_before(row[0].start, 15.0, ("name",))
            other = context.topic_before(row[0].start, 15.0, ("name", *_NAME_TOPICS))
            named = asked is not None and other == asked
            if (named and len(letters) >= 2) or (other is None and len(row) >= LEAST_SPELLED):
                yield speaker, range(row[0].first, row[-1].last + 1)


def _doubt(context: Context, findings: Findings, found: dict[str, set[int]], cue: Cue) -> None:
    """A doubt where a name is asked for, and none was found near."""
    spelled = (hit for hit in findings.hits)
    near = (context.talk.streams[hit.speaker][n] for hit in spelled for n in hit.tokens)
    if any(cue.start - ANSWER <= token.start <= cue.end + ANSWER for token in near):
        return
    before = context.talk.streams[cue.speaker][max(0, cue.first - 1) : cue.last + 1]
    if any(token.text in ("your", "my", "surname", "full") for token in before):
        unlocated(findings, "name", cue, cue.end + ANSWER, "a name is asked for, and none was found near")
