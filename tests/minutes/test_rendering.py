"""The minutes as JSON and Markdown."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.serialization import from_plain
from pipeline.core.types import Transcript
from pipeline.minutes.making import make_minutes
from pipeline.minutes.rendering import KINDS, to_json, to_markdown
from pipeline.minutes.types import Minutes
from tests.minutes.talks import ENDING, TOPICS, transcript
from tests.strategies import transcripts


def test_the_json_has_the_documented_arrays() -> None:
    document = json.loads(to_json(make_minutes(transcript([*TOPICS, *ENDING])), "meeting"))
    assert (document.pop("schema"), document.pop("title")) == ("crosstalk-minutes/1", "meeting")
    assert {"topics", *KINDS} <= set(document)
    for kind in KINDS:
        for item in document[kind]:
            assert {"start", "end", "speaker", "text", "evidence", "topic", "reason", "score"} <= set(item)
    assert all({"title", "start", "end"} <= set(topic) for topic in document["topics"])
    assert all({"who", "due"} <= set(action) for action in document["actions"])
    assert from_plain(Minutes, document).topics[0].title == document["topics"][0]["title"]


def test_the_page_names_its_parts() -> None:
    page = to_markdown(make_minutes(transcript([*TOPICS, *ENDING])), "meeting")
    for part in ("# meeting", "## Topics", "### 1. ", "## Decisions", "## Actions", "## Open questions", "## How "):
        assert f"\n{part}" in f"\n{page}"
    assert "(who: Anna, until: by Friday)" in page


@given(transcripts(hostile=True), st.text(max_size=20))
def test_no_word_becomes_markup(spoken: Transcript, title: str) -> None:
    minutes = make_minutes(spoken)
    page = to_markdown(minutes, title)
    assert not re.search(r"<(?!/?\w*&)", page)
    assert json.loads(to_json(minutes, title))["title"] == title
    headings = 1 + bool(minutes.topics) * (1 + len(minutes.topics)) + 1
    headings += sum(bool(each) for each in (minutes.decisions, minutes.actions, minutes.questions))
    assert sum(line.startswith("#") for line in page.split("\n")) == headings
