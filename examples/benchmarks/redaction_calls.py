"""Calls for the redaction bench: templates filled with personal data, as transcripts with the planted words marked.

With ``errors``, words are changed as recognizers change them: digits become other words ("four" → "for"), words get
lost while their sound stays in the speaker's turn, numerals are glued or cut, and changed words are unsure.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from examples.benchmarks.redaction_items import Says
from examples.benchmarks.redaction_texts import DEVELOPMENT, REPORT
from pipeline.core.types import Span, Transcript, Turn, Utterance, Word

CHANGED = 0.06
"""Share of the planted words that are changed. Higher than a good recognizer's error rate on digits, about 2 to 5 %."""
LOST = 0.02
"""Share of the planted words that are lost."""
PAYMENT = {
    "sort": "card",
    "account": "card",
    "expiry": "card",
    "postcode": "address",
    "name2": "name",
    "phone2": "phone",
}
"""Slots and the kinds that they belong to, where the names differ."""
MISTAKES = {
    "four": ("for", "fore"), "two": ("to", "too"), "eight": ("ate", "hate"), "one": ("won", "wan"),
    "three": ("free", "tree"),
    "six": ("sicks", "sex"), "five": ("fife", "hive"), "nine": ("wine", "nein"), "oh": ("o", "owe"),
    "at": ("that", "hat"),
    "dot": ("dots",), "seven": ("heaven", "eleven"), "zero": ("hero",),
}  # fmt: skip
"""What recognizers write for words of numbers and addresses."""
_SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


@dataclass(frozen=True)
class Item:
    """One planted item: the places of its words, and the times of those that the recognizer lost."""

    kind: str
    places: frozenset[tuple[int, int]]
    lost: tuple[Span, ...]
    articles: frozenset[tuple[int, int]] = frozenset()
    """Articles within it ("May the fourth"): they may be covered and need not be."""


@dataclass(frozen=True)
class Call:
    """A transcript with its planted items."""

    kind: str
    transcript: Transcript
    items: tuple[Item, ...]


def calls(report: bool, errors: bool, each: int, seed: int) -> Iterator[Call]:
    """``each`` calls of every template; half of them with distractors before and after."""
    templates = REPORT if report else DEVELOPMENT
    for kind, texts in templates.items():
        for number, text in enumerate(texts):
            for copy in range(each):
                rng = random.Random(f"{seed} {report} {kind} {number} {copy}")
                if kind and copy % 2:
                    text_of = [rng.choice(templates[""]), text, rng.choice(templates[""])]
                    yield _call(kind, " / ".join(text_of), rng, report, errors)
                else:
                    yield _call(kind, text, rng, report, errors)


def _call(kind: str, template: str, rng: random.Random, report: bool, errors: bool) -> Call:
    values = _values(template, Says(rng, report))
    time = 0.5
    lines: list[Utterance] = []
    turns: list[Turn] = []
    places: dict[str, set[tuple[int, int]]] = {}
    lost: dict[str, list[Span]] = {}
    for line in template.split(" / "):
        speaker, _, text = line.partition(": ")
        words: list[Word] = []
        start = time
        for word, slot in _words(text, values):
            spoken = _spoken(word, rng) if errors and slot and slot.split(".")[0] not in DISTRACTORS else (word, 0.95)
            length = 0.12 + 0.05 * len(word) + 0.2 * sum(c.isdigit() for c in word)
            if spoken is None:
                lost.setdefault(slot, []).append(Span(time, time + length))
            else:
                if slot:
                    articles = "#" if word == "the" else ""
                    places.setdefault(slot + articles, set()).add((len(lines), len(words)))
                words.append(Word(time, time + length, spoken[0], spoken[1]))
            time += length + 0.05
        turns.append(Turn(start, time, {"A": "agent", "C": "customer"}[speaker]))
        if words:
            lines.append(Utterance(turns[-1].speaker, tuple(words)))
        time += 0.6
    return Call(kind, Transcript(time, tuple(lines), tuple(turns), language="en"), _items(places, lost))


def _items(places: dict[str, set[tuple[int, int]]], lost: dict[str, list[Span]]) -> tuple[Item, ...]:
    slots = sorted({*places, *lost} - {*DISTRACTORS})
    return tuple(
        Item(
            PAYMENT.get(slot, slot),
            frozenset(places.get(slot, ())),
            tuple(lost.get(slot, ())),
            frozenset(places.get(f"{slot}#", ())),
        )
        for slot in slots
        if not slot.endswith("#")
    )


DISTRACTORS = ("order", "price", "time", "year", "count")
"""Slots that are no personal data."""


def _values(template: str, says: Says) -> dict[str, list[str]]:
    """The values of each slot, once for a call; parts are in a list or by name."""
    born = any(word in template.lower() for word in ("birth", "born", "d.o.b"))
    grouped = "{card." in template
    makers: dict[str, Callable[[], list[str]]] = {
        "card": lambda: says.card(grouped), "cvv": lambda: [says.digits(says.number(3))], "iban": says.iban,
        "phone": says.phone, "phone2": says.phone, "email": lambda: [says.email()], "address": lambda: [says.address()],
        "postcode": lambda: [says.postcode()], "date": lambda: [says.date(born)], "expiry": lambda: [says.expiry()],
        "sort": lambda: [says.sort()], "account": lambda: [says.digits(says.number(8))],
    }  # fmt: skip
    values: dict[str, list[str]] = {}
    for name, part in _SLOT.findall(template):
        if name in ("name", "name2"):
            known = values.setdefault(f"{name}:", [f"{k}={v}" for k, v in says.name().items()])
            values[f"{name}.{part}"] = [dict(item.split("=", 1) for item in known)[part]]
        elif name not in DISTRACTORS and name not in values:
            values[name] = makers[name]()
    return values | {f"{name}#": [says.distractor(name) for _ in range(20)] for name in DISTRACTORS}


def _words(text: str, values: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """The words of a line, each with its slot or an empty text; marks after a slot belong to its last word."""
    position = 0
    pieces: list[tuple[str, str]] = []
    for match in _SLOT.finditer(text):
        pieces.append((text[position : match.start()], ""))
        name, part = match.groups()
        if name in DISTRACTORS:
            value = values[f"{name}#"][0]
            if name != "order":  # the same order throughout a call
                values[f"{name}#"] = [*values[f"{name}#"][1:], value]
        elif name in ("name", "name2"):
            value = values[f"{name}.{part or ''}"][0]
        else:
            value = values[name][int(part)] if part else " ".join(values[name])
        pieces.append((value, name))
        position = match.end()
    pieces.append((text[position:], ""))
    yield from _split(pieces)


def _split(pieces: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    word, slot = "", ""
    for text, name in pieces:
        for character in text:
            if character == " ":
                if word:
                    yield word, slot
                word, slot = "", ""
            else:
                word += character
                slot = slot or name
    if word:
        yield word, slot


def _spoken(word: str, rng: random.Random) -> tuple[str, float] | None:
    """A word as a recognizer with errors writes it, with its probability; None if it is lost."""
    draw = rng.random()
    if draw < LOST:
        return None
    if draw > LOST + CHANGED:
        return word, rng.uniform(0.7, 0.99)
    plain = word.strip(".,?!").lower()
    if plain in MISTAKES:
        return rng.choice(MISTAKES[plain]), rng.uniform(0.2, 0.8)
    if plain.isdigit() and len(plain) >= 3:
        return f"{plain[0]},{plain[1:]}", rng.uniform(0.4, 0.9)
    if "-" in word:
        return word.replace("-", ""), rng.uniform(0.3, 0.9)
    return word + rng.choice((",", ".", "?")), rng.uniform(0.3, 0.9)
