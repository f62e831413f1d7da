"""The page with minutes: its data names words and speakers of the transcript, and nothing is added to them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hypothesis import given

from pipeline import formats
from pipeline.core.types import Transcript
from pipeline.formats.base import Sound
from pipeline.minutes.documents.html import minutes_data, render
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import KINDS, AgendaItem, FollowUp
from tests.minutes.talks import ENDING, TOPICS, transcript
from tests.strategies import transcripts

TALK = transcript([*TOPICS, *ENDING])


@given(transcripts(hostile=True))
def test_items_are_ranges_of_words(spoken: Transcript) -> None:
    minutes = make_minutes(spoken)
    data = minutes_data(minutes, spoken)
    texts = [word.text for word in spoken.words]
    items = [(kind, item) for kind in KINDS for item in getattr(minutes, kind)]
    assert [item["kind"] for item in data["items"]] == [kind for kind, _ in items]
    for (_, item), written in zip(items, data["items"], strict=True):
        words = [word.text for each in item.evidence for word in each.words(spoken)]
        assert [text for first, after in written["words"] for text in texts[first:after]] == words
    assert page_data(render(minutes, spoken, "x"))["minutes"]


def page_data(page: str) -> dict[str, object]:
    (text,) = re.findall(r'<script type="application/json" id="data">([^<]*)</script>', page)
    data: dict[str, object] = json.loads(text)
    return data


def test_a_doer_who_speaks_is_known_by_the_item() -> None:
    actions = [item for item in minutes_data(make_minutes(TALK), TALK)["items"] if item["kind"] == "actions"]
    assert {(each["who"], each["due"]) for each in actions} >= {(True, "by Friday"), ("Boris", "before next week")}


def test_agenda_and_earlier_actions_are_there() -> None:
    made = make_minutes(TALK)
    earlier = FollowUp("paint it", "Zoe", "Zoe", "by May", made.decisions[0])
    minutes = replace(made, agenda=(AgendaItem("Money", (0, 1)),), previous=(earlier, replace(earlier, mention=None)))
    data = minutes_data(minutes, TALK)
    assert data["agenda"] == [{"text": "Money", "topics": (0, 1), "mention": None}]
    assert [each["mention"] is None for each in data["previous"]] == [False, True]
    assert data["previous"][0]["mention"]["kind"] == "mentions"


def test_the_sound_is_read_again_and_minutes_take_little_room() -> None:
    sound = Sound(b"abc", "audio/mp4")
    written = formats.dumps(TALK, "minutes-html", "talk", sound=sound)
    assert formats.get("minutes-html").sound_in is not None
    assert formats.get("minutes-html").sound_in(written).content == b"abc"  # type: ignore[misc]
    plain = formats.dumps(TALK, "html", "talk", sound=sound)
    assert page_data(plain.decode())["minutes"] is None
    assert 0 < len(written) - len(plain) < 10_000
