"""The minutes as JSON, Markdown and Word documents."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.serialization import from_plain
from pipeline.core.types import Transcript
from pipeline.formats.sanitize import xml
from pipeline.minutes.documents import docx_, json_, markdown, outline
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import KINDS, AgendaItem, DoubtfulName, FollowUp, LeftOut, Minutes
from tests.max_examples import at_most
from tests.minutes.talks import ENDING, TOPICS, transcript
from tests.strategies import transcripts


def test_the_json_has_the_documented_arrays() -> None:
    document = json.loads(json_.render(make_minutes(transcript([*TOPICS, *ENDING])), "meeting"))
    assert (document.pop("schema"), document.pop("title")) == ("crosstalk-minutes/1", "meeting")
    assert {"topics", *KINDS} <= set(document)
    for kind in KINDS:
        for item in document[kind]:
            assert {"start", "end", "speaker", "text", "evidence", "topic", "reason", "score"} <= set(item)
    assert all({"title", "start", "end"} <= set(topic) for topic in document["topics"])
    assert all({"who", "due"} <= set(action) for action in document["actions"])
    assert from_plain(Minutes, document).topics[0].title == document["topics"][0]["title"]


def test_the_page_names_its_parts() -> None:
    page = markdown.render(make_minutes(transcript([*TOPICS, *ENDING])), "meeting")
    for part in ("# meeting", "## Topics", "### 1. ", "## Decisions", "## Actions", "## Open questions", "## How "):
        assert f"\n{part}" in f"\n{page}"
    assert "(who: Anna, until: by Friday)" in page


@given(transcripts(hostile=True), st.text(max_size=20))
def test_no_word_becomes_markup(spoken: Transcript, title: str) -> None:
    minutes = make_minutes(spoken)
    page = markdown.render(minutes, title)
    assert not re.search(r"<(?!/?\w*&)", page)
    assert json.loads(json_.render(minutes, title))["title"] == title
    headings = 1 + bool(minutes.topics) * (1 + len(minutes.topics)) + 1
    headings += len(set(minutes.settings["only"]) - {"points"})
    assert sum(line.startswith("#") for line in page.split("\n")) == headings


MADE = make_minutes(transcript([*TOPICS, *ENDING]))
BUDGET = MADE.points[0]
FULL = replace(
    MADE,
    date="2026-11-27T09:30:00+00:00",
    agenda=(AgendaItem("Budget of the festival", (0,), 0.9, BUDGET), AgendaItem("Ticket <prices>")),
    previous=(FollowUp("I'll ask the bank.", "Anna", "Anna", "by June", None),),
    left_out=LeftOut(3.2, 1, 2, (DoubtfulName("SPEAKER_01", ("Boris", "Chen")),)),
)
"""Minutes with everything in them."""


def test_agenda_earlier_actions_date_and_doubtful_names_are_shown() -> None:
    page = markdown.render(FULL, "meeting")
    for line in (
        "2026-11-27 09:30 UTC · ",
        "- Budget of the festival: topic 1 (00:00:00 to ",
        "- Ticket &lt;prices&gt;: *not discussed*",
        "- **Anna**: “I'll ask the bank.” (who: Anna, until: by June) – *not mentioned*",
        "- SPEAKER_01 has no sure name; perhaps Boris or Chen.",
        "- Speech without words: 3 s.",
    ):
        assert f"\n{line}" in page
    document = docx_text(docx_.render(FULL, "meeting"))
    for text in (
        "Budget of the festival: topic 1",
        "Ticket <prices>: not discussed",
        "by June",
        "perhaps Boris or Chen",
    ):
        assert text in document


def test_words_of_a_language_model_are_marked_as_labels() -> None:
    decision = replace(FULL.decisions[0], label="Parking *settled*")
    topics = (replace(FULL.topics[0], label="Money"), *FULL.topics[1:])
    made = replace(FULL, decisions=(decision,), topics=topics, settings={**FULL.settings, "model": "tiny"})
    page = markdown.render(made, "meeting")
    assert f"{decision.text}” – label: *Parking \\*settled\\**\n" in page
    assert "\n\nlabel: *Money*\n" in page
    assert "language model tiny" in page
    assert "label: Parking *settled*" in docx_text(docx_.render(made, "meeting"))


@pytest.mark.parametrize("kind", ["decisions", "actions", "questions"])
def test_an_empty_kind_is_stated_and_one_that_was_not_chosen_is_absent(kind: str) -> None:
    asked = make_minutes(transcript([("Anna", "Good morning to you all.")]), only=[kind])
    others = [title for name, title in outline.TITLES.items() if name != kind]
    page = markdown.render(asked, "meeting")
    assert f"\n## {outline.TITLES[kind]}\n\nNothing was found.\n" in page
    assert not any(title in page for title in others)


@at_most(20)
@given(transcripts(hostile=True), st.text(max_size=20))
def test_the_document_holds_the_words_of_every_item(spoken: Transcript, title: str) -> None:
    minutes = make_minutes(spoken)
    document = docx_text(docx_.render(minutes, title))
    for kind in KINDS:
        for item in getattr(minutes, kind):
            assert f"{xml(item.speaker)}: “{xml(item.text)}”" in document


def docx_text(content: bytes) -> str:
    """All paragraphs of a document, those of tables too, a line each."""
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
