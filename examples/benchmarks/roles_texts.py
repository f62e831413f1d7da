"""Texts of constructed calls with known roles, and errors of recognition: invented, drawn from templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from pipeline.core.types import Transcript, Turn, Utterance, Word

T = TypeVar("T")
AGENT, CUSTOMER, OTHER = "agent", "customer", "other"
"""Who says a line: the parties, and an announcement or a third person."""
SECONDS_PER_WORD, PAUSE = 0.35, 0.4
"""Length of a word and of the pause between lines in seconds. Chosen by hand: the pace of a calm speaker."""
COMPANIES = ("Bluewater Energy", "Northside Books", "Harbour Travel", "Maple Insurance", "Oak Bank")
NAMES = ("Laura", "Daniel", "Grace", "Martin", "Priya", "Oliver")
GREETINGS = (
    "Thank you for calling {company} this is {name} how can I help you today",
    "Good morning and thanks for calling {company} my name is {name}",
    "Hello you are through to {name} at {company} how may I help",
    "{company} {name} speaking what can I do for you today",
    "Welcome to {company} this is {name} how can I assist you",
    "Hi there thank you for holding this is {name} what can I help you with",
    "Good afternoon {company} customer service how may I direct your call",
    "Thanks for contacting {company} you are speaking with {name}",
    "Hello this is {name} from {company} before we start this call may be recorded",
)
"""Greetings with a phrase that agents say."""
BARE_GREETINGS = (
    "Good morning {company} {name} here",
    "{company} hello",
    "Hello {name} speaking",
    "Service desk good afternoon what is it about",
    "Yes hello {company} reservations",
)
"""Greetings without one."""
REASONS = (
    "Hello I would like to ask about my last invoice it seems too high",
    "Hi my washing machine has stopped and I need somebody to look at it",
    "Good morning I want to change the date of my trip",
    "Yes hi I am calling because my parcel has not arrived",
    "I hope that you can tell me when my contract ends",
    "Hi I thought that you would call me about the offer",
)
ANSWERS = (
    "Certainly can you give me your customer number please",
    "I am sorry about that let me have a look",
    "Of course one moment please I will open your account",
)
DETAILS = ("It is four four seven one nine", "Yes it is in my name", "I can find it just a moment", "My name is Smith")
TRAPS = (
    "You ask how can I help you well you can give me my money back",
    "The lady said thank you for calling and then the line was dead",
    "The letter says this call may be recorded is that right",
    "How can I help that is what you should have thought of last week",
)
"""Customers who quote agents."""
BACK = ("Hello thanks for calling me back", "Oh hi thank you for calling back about my order")
OUTBOUND = (
    "Good morning this is {name} from {company} am I speaking with Mister Brown",
    "Hello my name is {name} I am calling on a recorded line from {company}",
    "Hi {name} from {company} here I am calling about your contract",
)
MACHINES = ("Thank you for calling {company} all calls are recorded please hold", "Welcome to {company} please hold")
WIVES = ("I am his wife I have the letter here", "Sorry I am on the line as well")


def inbound(draw: Draw) -> Iterator[tuple[str, str]]:
    yield AGENT, draw(GREETINGS)
    yield from _middle(draw)


def bare(draw: Draw) -> Iterator[tuple[str, str]]:
    yield AGENT, draw(BARE_GREETINGS)
    yield from _middle(draw)


def customer_first(draw: Draw) -> Iterator[tuple[str, str]]:
    yield CUSTOMER, draw(("Hello", "Hi good morning is this the service desk", "Yes hello"))
    yield from inbound(draw)


def quoted(draw: Draw) -> Iterator[tuple[str, str]]:
    yield AGENT, draw(GREETINGS)
    yield CUSTOMER, draw(TRAPS)
    yield from _middle(draw)


def quoted_alone(draw: Draw) -> Iterator[tuple[str, str]]:
    yield AGENT, draw(BARE_GREETINGS)
    yield CUSTOMER, draw(TRAPS)
    yield from _middle(draw)


def called_back(draw: Draw) -> Iterator[tuple[str, str]]:
    yield CUSTOMER, draw(BACK)
    yield AGENT, draw(("You are welcome I have your account open", "No problem so let us look at it"))
    yield from _middle(draw)


def outbound(draw: Draw) -> Iterator[tuple[str, str]]:
    yield CUSTOMER, draw(("Hello", "Brown", "Yes"))
    yield AGENT, draw(OUTBOUND)
    yield from _middle(draw)


def announced(draw: Draw) -> Iterator[tuple[str, str]]:
    yield OTHER, draw(MACHINES)
    yield from inbound(draw)


def three(draw: Draw) -> Iterator[tuple[str, str]]:
    yield from inbound(draw)
    yield OTHER, draw(WIVES)


def voicemail(draw: Draw) -> Iterator[tuple[str, str]]:
    yield AGENT, f"{draw(OUTBOUND)} {draw(ANSWERS)}"


def _middle(draw: Draw) -> Iterator[tuple[str, str]]:
    yield CUSTOMER, draw(REASONS)
    yield AGENT, draw(ANSWERS)
    yield CUSTOMER, draw(DETAILS)


Script = Callable[["Draw"], Iterator[tuple[str, str]]]
KINDS: Mapping[str, Script] = {
    "greeting with a phrase": inbound,
    "the customer speaks first": customer_first,
    "greeting without a phrase": bare,
    "outbound call": outbound,
    "the customer was called back": called_back,
    "the customer quotes the agent": quoted,
    "the same after a greeting without a phrase": quoted_alone,
    "announcement before the call": announced,
    "three people": three,
    "one speaker (voicemail)": voicemail,
}
"""Kinds of calls by name."""
ACCENTS: Mapping[str, Mapping[str, str]] = {
    "stopped th": {"thank": "tank", "thanks": "tanks", "this": "dis", "that": "dat", "with": "wit", "through": "true"},
    "dropped h": {"how": "ow", "help": "elp", "hello": "ello", "have": "ave", "holding": "olding", "here": "ear"},
    "v and w": {"what": "vat", "welcome": "velcome", "we": "vee", "with": "vith", "want": "vant", "work": "verk"},
    "vowels": {
        "calling": "colin", "calls": "cause", "call": "coal", "can": "kin", "help": "hope", "may": "my", "speaking":
        "speakin", "assist": "a cyst", "contacting": "contracting", "you": "yeah", "thank": "think",
        "recorded": "accorded",
    },
}  # fmt: skip
"""What a recognizer writes for words of speakers with an accent. Written by hand."""
FILLERS = ("uh", "um", "well", "so", "okay")


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws templates, filled with one agent and one company."""

    rng: np.random.Generator
    names: Mapping[str, str]

    def __call__(self, choices: Sequence[str]) -> str:
        return choices[int(self.rng.integers(len(choices)))].format(**self.names)


@dataclass(frozen=True, slots=True)
class Constructed:
    """A call with the party of each label."""

    transcript: Transcript
    parties: Mapping[str, str]


def constructed(kind: str, number: int, errors: float, accent: str | None = None) -> Constructed:
    """Call ``number`` of a kind; ``errors``: part of the words that are recognized wrongly."""
    rng = np.random.default_rng([23, [*KINDS].index(kind), number])
    names = {"company": COMPANIES[int(rng.integers(len(COMPANIES)))], "name": NAMES[int(rng.integers(len(NAMES)))]}
    labels: dict[str, str] = {}
    lines: list[Utterance] = []
    time = 0.5
    for party, text in KINDS[kind](Draw(rng, names)):
        label = labels.setdefault(party, f"SPEAKER_{len(labels):02d}")
        words = []
        for word in recognized(text.split(), errors, accent, rng):
            words.append(replace(word, start=time, end=time + SECONDS_PER_WORD))
            time += SECONDS_PER_WORD
        lines += [Utterance(label, tuple(words))] if words else []
        time += PAUSE
    turns = tuple(Turn(line.start, line.end, line.speaker) for line in lines)
    transcript = Transcript(time, tuple(lines), turns, language="en")
    return Constructed(transcript, {label: party for party, label in labels.items()})


def recognized(words: Sequence[str], errors: float, accent: str | None, rng: np.random.Generator) -> Iterator[Word]:
    """The words with errors: those of an accent first, then others put in, left out or cut."""
    table = ACCENTS.get(accent or "", {})
    for text in words:
        if rng.random() >= errors:
            yield Word(0.0, 1.0, text, round(float(rng.uniform(0.6, 1.0)), 2))
            continue
        probability = round(float(rng.uniform(0.2, 0.8)), 2)
        if accent is not None:
            text = table.get(text.lower(), text)
        else:
            way = rng.integers(4)
            if way == 0:
                continue
            if way == 1:
                yield Word(0.0, 1.0, FILLERS[int(rng.integers(len(FILLERS)))], probability)
            text = (text, text, text[: max(1, len(text) - 2)], text[1:] or text)[way]
        for part in text.split():
            yield Word(0.0, 1.0, part, probability)
