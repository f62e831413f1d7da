"""Minutes as a sequence of headings, paragraphs, lists and tables, for formats that are read by people.

All texts are as they were said; each format escapes what it interprets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.core.text import counted
from pipeline.formats.timestamps import whole_seconds
from pipeline.minutes.types import KINDS, Action, AgendaItem, FollowUp, Item, Minutes, Topic

Style = Literal["", "Speaker", "Time", "Emphasis"]
"""How a piece of text looks: plain, the name of a speaker, a time, or words that were not said."""
Runs = Sequence[tuple[str, Style]]
"""Pieces of text with their styles."""
TITLES = {"decisions": "Decisions", "actions": "Actions", "questions": "Open questions"}
"""The headings of the kinds of items that are not listed under their topics."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; the title of the document has level 1."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    runs: Runs


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    lines: tuple[Runs, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``widths`` of its columns are in centimetres, and all columns but the first hold numbers."""

    head: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[Runs, ...], ...]


Block = Heading | Paragraph | Bullets | Table


def outline(minutes: Minutes, title: str) -> Iterator[Block]:
    """The minutes under a title."""
    yield Heading(1, title)
    yield Paragraph([(" · ".join(_facts(minutes)), "")])
    yield from _people(minutes)
    yield from _list("Agenda", [_agenda_item(each, minutes.topics) for each in minutes.agenda])
    yield from _list("Actions of the earlier minutes", [_follow_up(each) for each in minutes.previous])
    yield from _topics(minutes)
    for kind in KINDS:
        if kind in TITLES and kind in minutes.settings.get("only", KINDS):
            lines = [_line(item) for item in getattr(minutes, kind)]
            yield Heading(2, TITLES[kind])
            yield Bullets(tuple(lines)) if lines else Paragraph([("Nothing was found.", "")])
    yield from _list("How these minutes were made", [[(line, "")] for line in annex(minutes)])


def spaced(text: str, escape: Callable[[str], str]) -> str:
    """Escaped text with the space before and after it, which cleaning takes away."""
    before = " " if text.startswith(" ") else ""
    after = " " if text.endswith(" ") and text != " " else ""
    return f"{before}{escape(text)}{after}"


def annex(minutes: Minutes) -> Iterator[str]:
    """How the minutes were made, what they cannot contain, and what is doubtful: a sentence each."""
    left, model = minutes.left_out, minutes.settings.get("model")
    yield f"Made by {minutes.made_by}: every entry is words of the transcript; what was meant, only people can say."
    if model:
        yield f"Entries were chosen by the language model {model}; its words are marked as labels, and were not said."
    if left.uncovered is not None:
        yield f"Speech without words: {left.uncovered:.0f} s."
    if left.removed:
        yield f"Utterances removed as probable hallucinations: {left.removed}."
    if left.suspect:
        yield f"Utterances not quoted because their words are doubtful: {left.suspect}."
    for name in left.names:
        yield f"{name.speaker} has no sure name; perhaps {' or '.join(name.candidates)}."
    for notice in minutes.notices:
        yield f"{notice.code}: {notice.message}"


def _facts(minutes: Minutes) -> Iterator[str]:
    if minutes.date:
        yield readable_date(minutes.date)
    yield whole_seconds(minutes.duration)
    yield counted(len(minutes.people), "speaker")
    if minutes.language:
        yield f"language {minutes.language}"


def readable_date(iso: str) -> str:
    """The date, and the time to the minute with its zone where it is known."""
    day, _, time = iso.partition("T")
    return f"{day} {time[:5]} {time[8:] if time[8:] != '+00:00' else 'UTC'}".strip() if time else day


def _people(minutes: Minutes) -> Iterator[Block]:
    rows = [
        ([(each.speaker, "Speaker")], whole_seconds(each.seconds), f"{100 * each.share:.0f} %", str(each.words))
        for each in minutes.people
    ]
    if rows:
        cells = tuple((name, *([(text, "")] for text in others)) for name, *others in rows)
        yield Table(("speaker", "talk time", "share", "words"), (6.0, 3.5, 3.0, 3.0), cells)  # type: ignore[arg-type]


def _topics(minutes: Minutes) -> Iterator[Block]:
    if minutes.topics:
        yield Heading(2, "Topics")
    for number, topic in enumerate(minutes.topics):
        yield Heading(3, f"{number + 1}. {topic.title or 'without a title'} ({_span(topic)})")
        if topic.label:
            yield Paragraph(_label(topic.label))
        points = tuple(_line(item) for item in minutes.points if item.topic == number)
        if points:
            yield Bullets(points)


def _list(title: str, lines: Sequence[Runs]) -> Iterator[Block]:
    if lines:
        yield Heading(2, title)
        yield Bullets(tuple(lines))


def _line(item: Item) -> Runs:
    runs = [*_quoted(item), *_added(item)]
    return [*runs, (" – ", ""), *_label(item.label)] if item.label else runs


def _quoted(item: Item) -> Runs:
    return [(whole_seconds(item.start), "Time"), (" ", ""), (item.speaker, "Speaker"), (f": “{item.text}”", "")]


def _added(item: Item) -> Runs:
    facts = _who_and_when(item.who, item.due) if isinstance(item, Action) else ""
    return [(facts, "")] if facts else []


def _who_and_when(who: str | None, due: str | None) -> str:
    facts = [f"{name} {value}" for name, value in (("who:", who), ("until:", due)) if value]
    return f" ({', '.join(facts)})" if facts else ""


def _label(label: str) -> Runs:
    return [("label: ", ""), (label, "Emphasis")]


def _span(topic: Topic) -> str:
    return f"{whole_seconds(topic.start)} to {whole_seconds(topic.end)}"


def _agenda_item(line: AgendaItem, topics: Sequence[Topic]) -> Runs:
    if line.mention is None:
        return [(f"{line.text}: ", ""), ("not discussed", "Emphasis")]
    spans = ", ".join(f"topic {number + 1} ({_span(topics[number])})" for number in line.topics)
    return [(f"{line.text}: {spans} – ", ""), *_quoted(line.mention)]


def _follow_up(earlier: FollowUp) -> Runs:
    facts = _who_and_when(earlier.who, earlier.due)
    action: list[tuple[str, Style]] = [(earlier.speaker, "Speaker"), (f": “{earlier.text}”{facts}", "")]
    if earlier.mention is None:
        return [*action, (" – ", ""), ("not mentioned", "Emphasis")]
    return [*action, (" – perhaps here: ", ""), *_quoted(earlier.mention)]
