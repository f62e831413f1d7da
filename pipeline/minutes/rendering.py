"""Minutes as JSON (``crosstalk-minutes/1``) and as Markdown to read.

JSON: the fields of `types.Minutes` under a key ``schema``, times in seconds with three decimals. Markdown: everything
that could be markup is escaped; an item's time is the start of its first word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipeline.core.serialization import to_plain
from pipeline.core.text import counted
from pipeline.formats.markdown import escaped, table
from pipeline.formats.timestamps import whole_seconds
from pipeline.minutes.types import Action, Item, Minutes, Topic

SCHEMA = "crosstalk-minutes/1"
"""Name and version of the JSON."""
DIGITS = 3
"""Decimals of times in JSON: milliseconds."""
KINDS = ("points", "decisions", "actions", "questions")
"""The arrays of items."""


def to_json(minutes: Minutes, session: str) -> str:
    """The minutes as JSON, one document with a line break at its end; ``session`` is the title."""
    content = _rounded(to_plain(minutes))
    return json.dumps({"schema": SCHEMA, "title": session, **content}, ensure_ascii=False, indent=1) + "\n"


def to_markdown(minutes: Minutes, session: str) -> str:
    """The minutes as a page under the title ``session``."""
    sections = (
        [f"# {escaped(session)}", _summary(minutes)],
        _people(minutes),
        _topics(minutes),
        _list("Decisions", minutes.decisions, _line),
        _list("Actions", minutes.actions, _action),
        _list("Open questions", minutes.questions, _line),
        _annex(minutes),
    )
    return "\n\n".join(block for section in sections for block in section) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def _summary(minutes: Minutes) -> str:
    facts = [whole_seconds(minutes.duration), counted(len(minutes.people), "speaker")]
    return " · ".join([*facts, f"language {escaped(minutes.language)}"] if minutes.language else facts)


def _people(minutes: Minutes) -> list[str]:
    if not minutes.people:
        return []
    rows = (
        (escaped(each.speaker), whole_seconds(each.seconds), f"{100 * each.share:.0f} %", str(each.words))
        for each in minutes.people
    )
    return [table(("speaker", "talk time", "share", "words"), (":--", "--:", "--:", "--:"), rows)]


def _topics(minutes: Minutes) -> list[str]:
    blocks = ["## Topics"] if minutes.topics else []
    for number, topic in enumerate(minutes.topics):
        blocks.append(f"### {number + 1}. {_title(topic)} ({whole_seconds(topic.start)} to {whole_seconds(topic.end)})")
        lines = [_line(item) for item in minutes.points if item.topic == number]
        blocks += ["\n".join(lines)] if lines else []
    return blocks


def _title(topic: Topic) -> str:
    return escaped(topic.title) or "without a title"


def _list(title: str, items: Sequence[Any], line: Callable[[Any], str]) -> list[str]:
    return [f"## {title}", "\n".join(map(line, items))] if items else []


def _line(item: Item) -> str:
    return f"- {whole_seconds(item.start)} **{escaped(item.speaker)}**: “{escaped(item.text)}”"


def _action(action: Action) -> str:
    facts = [f"{name} {escaped(value)}" for name, value in (("who:", action.who), ("until:", action.due)) if value]
    return _line(action) + (f" ({', '.join(facts)})" if facts else "")


def _annex(minutes: Minutes) -> list[str]:
    left = minutes.left_out
    lines: Iterable[str | None] = (
        f"Made by {minutes.made_by}: every entry is words of the transcript; what was meant, only people can say.",
        f"Speech without words: {left.uncovered:.0f} s." if left.uncovered is not None else None,
        f"Utterances removed as probable hallucinations: {left.removed}." if left.removed else None,
        f"Utterances not quoted because their words are doubtful: {left.suspect}." if left.suspect else None,
        *(f"**{escaped(each.code)}**: {escaped(each.message)}" for each in minutes.notices),
    )
    return ["## How these minutes were made", "\n".join(f"- {line}" for line in lines if line)]
