"""Cues: phrases that say what the numbers or words near them are. English; each pattern lists what recognizers write.

A pattern is matched against the tokens of one speaker, joined by spaces, without hesitations; utterances play no part.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from pipeline.redaction.tokens import Talk, Token
from pipeline.redaction.vocabulary import HESITATIONS

Topic = Literal[
    "card", "expiry", "cvv", "iban", "phone", "email", "address", "name", "birth", "order", "amount", "done"
]
"""What the words near a cue are about; ``order``, ``amount`` and ``done`` only end other topics."""


def topics_but(*own: Topic) -> tuple[Topic, ...]:
    """All topics but some: those that end the answer to a cue of its ``own`` topics."""
    return tuple(topic for topic in get_args(Topic) if topic not in own)


_DIGITS = r"(?:digits?|numbers?|figures?|code)"
PATTERNS: Final[dict[Topic, str]] = {
    "card": (
        r"(?:card|cards|car|cart|cod) (?:number|numbers|no|details)|(?:long|big|main|full|sixteen digit|16 digit) "
        r"(?:card )?number|numbers? (?:is |are )?(?:on|across|along) (?:the |your |my )?(?:front|card)|on the front|"
        r"(?:credit|debit|bank|payment) (?:card|cart)|visa(?: card)?|master ?card|amex|american express|maestro|"
        r"sort ?codes?|account (?:number|no)|(?:16|sixteen) digits?|card ending|(?:last|first) (?:four|4|six|6)(?: "
        r"digits| numbers)?|number of (?:the|your|my) card|"
        rf"{_DIGITS} (?:of|from) (?:the|your|my|this|that) card|"
        r"(?:the|your|my) card (?:is|reads|says)|routing number|bank details|pan number"
    ),
    "expiry": r"expir\w*|valid (?:until|till|thru|through|to|from)|exp(?: date)?|good (?:until|thru)|runs? out",
    "cvv": (
        r"security (?:code|codes|cord|coat|number|digits|cold)|card (?:security|verification)\w*|verification "
        rf"(?:code|value|number)|(?:three|3|four|4|last|little|small) {_DIGITS}(?: code| number)?(?: that's| that is| "
        rf"which (?:is|are)| that are)? (?:on|at|from|off) (?:the |it's )?(?:back|reverse|front|rear)|{_DIGITS} "
        rf"(?:on|at|"
        r"from|off) the (?:back|reverse|rear|signature\w*)|(?:three|3|four|4|last three|last 3) (?:on|at|from|off) the "
        r"(?:back|reverse|rear)|signature (?:strip|panel)|c v (?:v|c|b|2|two|d)|cv ?(?:v|c|2|two|b|d|n|vs)|c ?vv|"
        r"(?:see|sea|c) (?:vee|v|be) (?:vee|v|see|c)|cbv|cbb|csc|ccv|cc ?v|c c v|(?:the|your|my) pin(?: number| code)?|"
        r"pin (?:number|code)|last (?:three|3)(?: digits| numbers)?|back of (?:the|your|my) card|c ?bc|"
        rf"(?:secret|back) (?:code|number)|(?:three|3|four|4) digit (?:code|number)"
    ),
    "iban": r"iban|i ban|eye ban|i b a n|ebann?|iban's|international bank account\w*|bic|swift(?: code)?",
    "phone": (
        r"(?:phone|telephone|mobile|cell|cellphone|contact|landline|home|work|daytime|callback|whatsapp|fax) "
        r"(?:number|phone|no)|phone|mobile|telephone|cell|landline|(?:call|ring|reach|text|phone|contact) (?:me|you|"
        r"us|h(?:im|er)|"
        r"them)(?: back)? (?:on|at)|(?:call|ring|phone) (?:me|you|us|h(?:im|er)|them) back|number where|"
        r"number to (?:call|reach|ring)|number i can|(?:my|your|best|her|his) "
        r"number(?! on| to expect)|area code|reach (?:me|you)"
    ),
    "email": r"e ?mails?(?: address)?|mail address|gmail|hotmail",
    "address": (
        r"(?<!mail )(?<!web )address|post ?codes?|postal code|zip(?: code)?|(?:live|lives|living|moved) (?:at|on|in|"
        r"to)|"
        r"house number|first line|(?:deliver|delivered|ship|shipped)(?: it| them| this| that)? to"
    ),
    "name": (
        r"(?:my|your|full|first|last|middle|family|maiden|her|his|their|the|whose|other|given|husband's|wife's) name|"
        r"surname|name (?:is|on)|name's|cardholder(?: name)?|who am i (?:speaking|talking)|(?:am i )?(?:speaking|"
        r"talking) "
        r"(?:to|with)|spell (?:that|it|your|the)"
    ),
    "birth": r"dates? of birth|birth ?dates?|birthday|(?:i was|were you|was|were) born|born (?:on|in)|d o b|dob",
    "order": (
        r"(?:order|orders|reference|booking|tracking|invoice|policy|ticket|case|customer|membership|member|serial|"
        r"model|"
        r"part|product|confirmation|claim|contract|meter|flight|item|transaction|authori[sz]ation|job|complaint|"
        r"loyalty|"
        r"passport|licen[cs]e|parcel|extension|room) (?:number|code|reference|id|no|is)|reference|ref|order|invoice|"
        r"extension"
    ),
    "amount": (
        r"totals?|amount|prices?|costs?|balance|refund(?:ed)?|charged?|(?:bill|payment) (?:is|was|of|for)|comes to"
    ),
    "done": (
        r"anything else|gone through|went through|payment (?:has|is|was)|all done|have a (?:nice|good|great|lovely)|"
        r"goodbye|bye|all set|thank you for your payment"
    ),
}
"""The cues of each topic. More patterns cover more where they are wrong, and less where they end another topic."""
WEAK: Final[dict[Topic, str]] = {
    "cvv": (
        r"(?:on|at) the (?:back|reverse|rear)|"
        r"(?:the|those|these|your|are|and) (?:three|3) (?:numbers?|digits?|figures?)"
    ),
}
"""Phrases that may be cues: no doubt arises where no answer follows, and an answer has three digits or more."""
_COMPILED = tuple(
    (topic, re.compile(rf"\b(?:{pattern})(?![\w'])"), patterns is WEAK)
    for patterns in (PATTERNS, WEAK)
    for topic, pattern in patterns.items()
)
_REFUSALS = re.compile(
    r"\b(?:never|don't|do not|without|won't|not|no need|needn't|don't need|keypad|key pad|type|using your)\b"
)
REFUSAL_WORDS: Final = 8
"""Words on both sides of a cue in which a refusal ("never tell anyone your security code") explains that no digits
follow. Chosen by hand; more words silence more doubts."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase that says what is said near it."""

    topic: Topic
    speaker: str
    first: int
    """First token, as a position in the speaker's stream."""
    last: int
    """Last token, as a position in the speaker's stream."""
    start: float
    end: float
    named: float
    """Start of its last word in seconds: another speaker's answer may overlap it, and all words of a line may have the
    times of the line."""
    refused: bool = False
    """Whether no answer need follow: the words around it say that it shall not be spoken, or the cue is a weak one."""

    def holds(self, speaker: str, position: int) -> bool:
        """Whether a token is one of the phrase."""
        return speaker == self.speaker and self.first <= position <= self.last


def cues(talk: Talk) -> tuple[Cue, ...]:
    """Every cue of every speaker, in order of time."""
    found = [cue for stream in talk.streams.values() for cue in _cues(stream)]
    return tuple(sorted(found, key=lambda cue: (cue.start, cue.end, cue.topic)))


def _cues(stream: Sequence[Token]) -> Iterator[Cue]:
    positions = [n for n, token in enumerate(stream) if token.text not in HESITATIONS]
    starts: list[int] = []
    text = ""
    for position in positions:
        starts.append(len(text))
        text += stream[position].text + " "
    for topic, pattern, weak in _COMPILED:
        for match in pattern.finditer(text):
            one, two = (bisect_right(starts, place) - 1 for place in (match.start(), match.end() - 1))
            first, last = positions[one], positions[two]
            around = slice(starts[max(0, one - REFUSAL_WORDS)], starts[min(len(starts) - 1, two + REFUSAL_WORDS)])
            refused = weak or bool(_REFUSALS.search(text[around]))
            token = stream[first]
            yield Cue(topic, token.speaker, first, last, token.start, stream[last].end, stream[last].start, refused)
