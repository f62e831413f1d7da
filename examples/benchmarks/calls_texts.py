"""Texts of two hundred constructed calls to call centres: invented, drawn from templates with a seed.

A call's number decides what is planted and how; the first hundred are for development, the others for the report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from examples.benchmarks import calls_numbers as numbers
from examples.synthetic_calls import AGENT, CUSTOMER, CallScript
from examples.synthetic_voices import Line

T = TypeVar("T")

COUNT, DEVELOPMENT = 200, 100
"""Number of calls, and of those that rules and methods may be tuned on."""
COMPANIES = ("Bluewater Energy", "Northside Books", "Green Lane Garden Centre", "Harbour Travel", "Maple Insurance")
AGENTS = ("Laura", "Daniel", "Grace", "Martin", "Helen", "Oliver")
CUSTOMERS = (
    "Anna Miller", "Peter Schmidt", "Maria Lopez", "David Brown", "Susan Clark", "Robert Evans", "Emily Walker",
    "Thomas Wright", "Julia Novak", "George Patel", "Linda Okafor", "Kevin Murphy",
)  # fmt: skip
STREETS = ("Mill Lane", "Church Street", "Park Avenue", "Station Road", "Garden Close")
TOWNS = ("Bristol", "Leeds", "Portland", "Dublin", "Oxford")
DOMAINS = ("example.com", "example.org", "example.net")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "eighth", "ninth", "tenth", "twelfth", "fifteenth")
GREETED = ("Thank you for calling {company}, {intro} speaking.", "Hello, {company}, {intro}, how can I help you?")
"""Openings of the agent that keep the rule of the greeting."""
NOT_GREETED = (
    "Good morning, {company}, this is {intro}.", "Hello, {intro} here. I think that you called before.",
    "{company} service desk, hello, what is it about?", "Hello, how are you? This is {intro}.",
)  # fmt: skip
"""Openings that do not, some with words of its phrases."""
RECORDED = ("Please note that this call is recorded.", "This call is recorded for training.")
NOT_RECORDED = ("Please note that your last order is closed.", "Your meter reading is recorded with us.", "", "")
PROMISED = ("I promise it will be there on Friday.", "I guarantee that nothing will change for you.")
NOT_PROMISED = ("I cannot promise a date.", "The guarantee is two years.", "", "", "")
THANKED = ("Okay, thank you.", "Great, thank you very much.")
NOT_THANKED = ("Okay, I hope that you do.", "Right, bye then.", "Good, that you could find out.")
CLOSED = ("Have a nice day.", "Goodbye, and have a nice day.")
NOT_CLOSED = ("Goodbye.", "It is a nice warm day here too. Bye.", "All done. Bye.")
REASONS = (
    "I got my last invoice this morning, and I would like to pay it right away.",
    "I ordered two chairs on Monday, and the shop said that I can pay for them by telephone.",
    "My contract ends next month, and I would like to renew it for one more year.",
    "I am calling about the bill for my parents' house, because they are on holiday.",
    "We booked the first week in the mountains, and now we would like to add the second one.",
)
QUESTIONS = (
    ("Are you open on Sunday?", "On Sunday we are open from ten to four."),
    ("How long does the delivery take?", "Between three and five working days, the parcel is on its way."),
    ("My order number is four four seven one nine. Where is it?", "It is in the warehouse and leaves tomorrow."),
    ("The lamp costs forty nine ninety, is that right?", "Yes, and two of them are ninety five."),
    ("I have used three hundred twenty kilowatt hours. Is that a lot?", "For two people that is quite normal."),
)  # fmt: skip
CODE_NAMES = ("security code", "three digits on the back", "C V V")
BACKCHANNELS = ("Okay.", "Yes.", "Mm-hm.", "Right.")
PAIRS = (
    ("heart", "low"), ("low", "heart"), ("gongitsune", "low"), ("kumo", "bright"), ("kumo", "heart"), ("low", "bright"),
    ("heart", "deep"), ("gongitsune", "deep"), ("low", "kumo"), ("heart", "kumo"),
)  # fmt: skip
"""Voices of agent and customer. Chosen by hand: their embeddings have a similarity below 0.2."""


@dataclass(slots=True)
class _Draft:
    """A call while it is written."""

    rng: np.random.Generator
    number: int
    lines: list[Line] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[int(self.rng.integers(len(choices)))]

    def say(self, speaker: str, *texts: str, gap: float | None = None, inside: float | None = None) -> None:
        text = " ".join(text for text in texts if text)
        if text:
            self.lines.append(Line(speaker, text, self.rng.uniform(0.25, 0.6) if gap is None else gap, inside))


def call(number: int) -> CallScript:
    """The script of call ``number``, from 1 to `COUNT`."""
    draft = _Draft(np.random.default_rng([23, number]), number)
    agent, customer = draft.one_of(PAIRS)
    stereo = number % 3 == 0
    draft.notes["plan"] = ("card", "card", "card", "code", "email", "phone", "date", "free", "numbers", "repeat")[
        number % 10
    ]
    _open(draft)
    {"card": _card, "repeat": _card, "code": _code, "email": _email, "phone": _phone, "date": _date}.get(
        draft.notes["plan"], _question
    )(draft)
    _close(draft)
    return CallScript(
        draft.lines,
        {AGENT: agent, CUSTOMER: customer},
        stereo,
        telephone=bool(draft.rng.random() < 0.5),
        snr=round(float(draft.rng.uniform(22, 32)), 1),
        values=draft.values,
        rules=draft.rules,
        notes=draft.notes,
    )


def _open(draft: _Draft) -> None:
    """Greeting, recording notice and the reason of the call; in a quarter of the calls the customer speaks first."""
    rng = draft.rng
    agent, greeted, recorded = draft.one_of(AGENTS), rng.random() < 0.6, rng.random() < 0.5
    draft.values["agent"] = agent
    draft.rules["greeting"] = "passed" if greeted else "failed"
    draft.rules["recording"] = "passed" if recorded else "failed"
    if rng.random() < 0.25:
        draft.say(CUSTOMER, draft.one_of(("Hello?", "Hi, good morning.", "Hello, is this the service desk?")))
    opening = draft.one_of(GREETED if greeted else NOT_GREETED)
    opening = opening.format(company=draft.one_of(COMPANIES), intro=f"[name:{agent}]")
    draft.say(AGENT, opening, draft.one_of(RECORDED if recorded else NOT_RECORDED))
    if draft.notes["plan"] not in ("free", "numbers"):
        draft.say(CUSTOMER, draft.one_of(("Hi.", "Hello.", "")), draft.one_of(REASONS))


def _close(draft: _Draft) -> None:
    """A promise or not, thanks or not, and the goodbye."""
    rng = draft.rng
    promised, thanked, closed = rng.random() < 0.25, rng.random() < 0.6, rng.random() < 0.5
    draft.rules |= {
        "no promises": "failed" if promised else "passed",
        "customer thanks": "passed" if thanked else "failed",
        "goodbye": "passed" if closed else "failed",
    }
    draft.say(AGENT, draft.one_of(PROMISED if promised else NOT_PROMISED))
    draft.say(CUSTOMER, draft.one_of(THANKED if thanked else NOT_THANKED))
    draft.say(AGENT, draft.one_of(CLOSED if closed else NOT_CLOSED))


def _card(draft: _Draft) -> None:
    """A card number, in one of seven ways of asking and answering, and in most calls its security code."""
    card = numbers.card_number(draft.rng)
    draft.values["card"] = card
    way = "repeated" if draft.notes["plan"] == "repeat" else draft.one_of([*CARD_TURNS])
    saying = draft.one_of([*numbers.SAYINGS])
    draft.notes |= {"card_turns": way, "card_saying": saying}
    zero = draft.one_of(("zero", "oh"))
    spoken = [numbers.SAYINGS[saying](group, zero) for group in numbers.groups_of(card)]
    CARD_TURNS.get(way, _card_repeated)(draft, spoken)
    if draft.number % 10 in (0, 1):
        _security_code(draft, 4 if len(card) == 15 else 3)


def _mark(spoken: Sequence[str], kind: str = "card") -> str:
    return f"[{kind}:{', '.join(spoken)}]"


def _ask_card(draft: _Draft) -> None:
    asked = ("What is your card number?", "Can I have the number of your card, please?", "And the long number, please?")
    draft.say(AGENT, draft.one_of(asked))


def _card_at_once(draft: _Draft, spoken: Sequence[str]) -> None:
    _ask_card(draft)
    draft.say(CUSTOMER, draft.one_of(("It is", "Yes, that is", "")), f"{_mark(spoken)}.")


def _card_unasked(draft: _Draft, spoken: Sequence[str]) -> None:
    draft.say(CUSTOMER, f"Take it from my card, the number is {_mark(spoken)}.")
    draft.say(AGENT, "One moment please.")


def _card_interrupted(draft: _Draft, spoken: Sequence[str]) -> None:
    _ask_card(draft)
    draft.say(CUSTOMER, f"{_mark(spoken)}.")
    draft.say(AGENT, draft.one_of(BACKCHANNELS), inside=float(draft.rng.uniform(1.5, 3.0)))


def _card_in_turns(draft: _Draft, spoken: Sequence[str]) -> None:
    _ask_card(draft)
    half = len(spoken) // 2
    draft.say(CUSTOMER, f"{_mark(spoken[:half])}.")
    draft.say(AGENT, draft.one_of(BACKCHANNELS), gap=0.2)
    draft.say(CUSTOMER, f"{_mark(spoken[half:])}.", gap=0.2)


def _card_by_group(draft: _Draft, spoken: Sequence[str]) -> None:
    for count, group in enumerate(spoken):
        draft.say(AGENT, "The first digits of your card?" if not count else draft.one_of(("Next?", "Go on.", "Okay.")))
        draft.say(CUSTOMER, f"{_mark([group])}.")


def _card_corrected(draft: _Draft, spoken: Sequence[str]) -> None:
    """The second group is begun wrongly."""
    _ask_card(draft)
    wrong = numbers.one_by_one("73")
    draft.say(CUSTOMER, f"{_mark(spoken[:1])}, {wrong}, no, sorry, {_mark(spoken[1:])}.")


def _card_repeated(draft: _Draft, spoken: Sequence[str]) -> None:
    """The agent says the second half again."""
    _card_at_once(draft, spoken)
    draft.say(AGENT, f"So it ends with {_mark(spoken[len(spoken) // 2 :])}.")
    draft.say(CUSTOMER, "Correct.")


CARD_TURNS: dict[str, Callable[[_Draft, Sequence[str]], None]] = {
    "at once": _card_at_once,
    "unasked": _card_unasked,
    "backchannel": _card_interrupted,
    "two turns": _card_in_turns,
    "group by group": _card_by_group,
    "corrected": _card_corrected,
}
"""How a card number is spread over the turns; in calls of the plan "repeat", the agent says half of it again."""


def _code(draft: _Draft) -> None:
    name = draft.one_of(CUSTOMERS)
    draft.say(AGENT, "Your card is on file. Who am I speaking with?")
    draft.say(CUSTOMER, f"My name is [name:{name}].")
    draft.values["name"] = name
    _security_code(draft, 3)


def _security_code(draft: _Draft, length: int) -> None:
    """The code, said in one of four ways, asked for or not, in some calls repeated by the agent."""
    code = "".join(map(str, draft.rng.integers(1, 10, length)))
    if draft.rng.random() < 0.3:
        code = code[0] * 2 + code[2:]
    ways = ["one by one", "doubles", "pairs"] + (["hundreds"] if length == 3 else [])
    way = draft.one_of(ways)
    spoken = numbers.as_hundreds(code) if way == "hundreds" else numbers.SAYINGS[way](code)
    draft.values["cvv"] = code
    draft.notes["code_saying"] = way
    term = draft.one_of(CODE_NAMES) if length == 3 else "security code"
    turns = draft.one_of(("asked", "asked", "unasked", "repeated"))
    draft.notes["code_turns"] = turns
    if turns == "unasked":
        draft.say(CUSTOMER, f"And the {term} {'are' if 'digits' in term else 'is'} [cvv:{spoken}].")
        return
    draft.say(AGENT, f"And the {term}?")
    draft.say(CUSTOMER, draft.one_of(("That is", "It's", "")), f"[cvv:{spoken}].")
    if turns == "repeated":
        draft.say(AGENT, f"[cvv:{numbers.one_by_one(code)}], okay.")


def _email(draft: _Draft) -> None:
    """An address, dotted, spelled or with digits; in some calls repeated."""
    first, last = draft.one_of(CUSTOMERS).lower().split()
    domain = draft.one_of(DOMAINS)
    way = draft.one_of(("dotted", "initial", "spelled", "digits"))
    spoken, written = {
        "dotted": ([first, last], f"{first}.{last}"),
        "initial": ([first[0].upper(), last], f"{first[0]}.{last}"),
        "spelled": ([numbers.spelled(last)], last),
        "digits": ([first, "seventy four"], f"{first}.74"),
    }[way]
    draft.values["email"] = f"{written}@{domain}"
    draft.notes["email_saying"] = way
    words = f"[email:{numbers.email_words(spoken, domain)}]"
    draft.say(AGENT, draft.one_of(("What is your email address?", "Where can I send it?")))
    draft.say(CUSTOMER, draft.one_of(("It's", "My email is", "")), f"{words}.")
    if draft.rng.random() < 0.4:
        draft.say(AGENT, f"So {words}.")
        draft.say(CUSTOMER, "Exactly.")


def _phone(draft: _Draft) -> None:
    """A telephone number of the ranges that are kept free for fiction, and a name."""
    name, last = draft.one_of(CUSTOMERS), "".join(map(str, draft.rng.integers(0, 10, 3)))
    british = draft.rng.random() < 0.5
    phone = f"07700900{last}" if british else f"5550{'1' + last[:2]}"
    groups = [phone[:5], phone[5:8], phone[8:]] if british else [phone[:3], phone[3:]]
    saying = draft.one_of((numbers.one_by_one, numbers.with_doubles))
    draft.values |= {"phone": phone, "name": name}
    draft.say(AGENT, "Your name and a number where we can call you back?")
    draft.say(CUSTOMER, f"[name:{name}], and the number is [phone:{', '.join(saying(g, 'oh') for g in groups)}].")


def _date(draft: _Draft) -> None:
    """A date of birth, and an address."""
    name, month, day = draft.one_of(CUSTOMERS), draft.one_of(MONTHS), draft.one_of(ORDINALS)
    year = f"nineteen {numbers.in_pairs(str(draft.rng.integers(50, 99)))}"
    said = draft.one_of((f"the {day} of {month} {year}", f"{month} {day}, {year}"))
    street = f"{numbers.in_pairs(str(draft.rng.integers(12, 90)))} {draft.one_of(STREETS)}, {draft.one_of(TOWNS)}"
    draft.values |= {"date": said, "address": street, "name": name}
    draft.say(AGENT, "For security, your name and your date of birth?")
    draft.say(CUSTOMER, f"[name:{name}], born on [date:{said}].")
    draft.say(AGENT, "And your address?")
    draft.say(CUSTOMER, f"[address:{street}].")


def _question(draft: _Draft) -> None:
    """Questions without anything personal, but with numbers."""
    for count, at in enumerate(draft.rng.permutation(len(QUESTIONS))[:2]):
        question, answer = QUESTIONS[int(at)]
        draft.say(CUSTOMER, question)
        overlapping = count and draft.rng.random() < 0.3
        draft.say(AGENT, answer, gap=-0.4 if overlapping else None)
