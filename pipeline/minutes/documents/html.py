"""``minutes-html``: the page of corrections with the minutes on top, in which every item plays and can be corrected.

The data of the minutes for the page: times in milliseconds, speakers by their number among the transcript's speakers,
words as ranges (first, and one after the last) of their numbers in the transcript. `reading.js` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from pipeline.core.types import Transcript
from pipeline.formats.base import Format, Sound, encoded
from pipeline.formats.html import NO_SOUND, sound_in
from pipeline.formats.timestamps import milliseconds
from pipeline.minutes.documents.outline import annex, readable_date
from pipeline.minutes.making import make_minutes
from pipeline.minutes.types import KINDS, Action, FollowUp, Item, Minutes, Topic


def dumps(transcript: Transcript, session: str, sound: Sound | None = None, save: str = "") -> str:
    """The page of a transcript with its minutes, made with the default settings, under the title ``session``."""
    return render(make_minutes(transcript), transcript, session, sound, save)


def render(minutes: Minutes, transcript: Transcript, session: str, sound: Sound | None = None, save: str = "") -> str:
    """The page of a transcript with its minutes under the title ``session``; ``save`` as in `formats.base.Options`."""
    from pipeline.formats.page.build import page

    return page(transcript, session, sound or NO_SOUND, minutes_data(minutes, transcript), save)


def minutes_data(minutes: Minutes, transcript: Transcript) -> dict[str, Any]:
    """What the page knows of the minutes, as plain data."""
    firsts = [0, *accumulate(len(utterance.words) for utterance in transcript.utterances)]
    numbers = {label: number for number, label in enumerate(transcript.speakers)}
    items = [_item(each, kind, firsts) for kind in KINDS for each in getattr(minutes, kind)]
    return {
        "date": readable_date(minutes.date) if minutes.date else "",
        "model": str(minutes.settings.get("model") or ""),
        "kinds": [*minutes.settings.get("only", KINDS)],
        "people": [[numbers[each.speaker], each.share] for each in minutes.people if each.speaker in numbers],
        "topics": [_topic(each) for each in minutes.topics],
        "items": items,
        "agenda": [
            {"text": each.text, "topics": each.topics, "mention": _mention(each.mention, firsts)}
            for each in minutes.agenda
        ],
        "previous": [_follow_up(each, firsts) for each in minutes.previous],
        "annex": [*annex(minutes)],
    }


def _topic(topic: Topic) -> dict[str, Any]:
    start, end = milliseconds(topic.start), milliseconds(topic.end)
    return {"title": topic.title, "label": topic.label or "", "start": start, "end": end}


def _item(item: Item, kind: str, firsts: Sequence[int]) -> dict[str, Any]:
    who, due = (item.who, item.due) if isinstance(item, Action) else (None, None)
    return {
        "kind": kind,
        "words": [[firsts[e.utterance] + e.first_word, firsts[e.utterance] + e.last_word + 1] for e in item.evidence],
        "topic": item.topic,
        "reason": item.reason,
        "label": item.label or "",
        "who": True if who == item.speaker else who or "",
        "due": due or "",
    }


def _follow_up(earlier: FollowUp, firsts: Sequence[int]) -> Mapping[str, Any]:
    return {
        "text": earlier.text,
        "speaker": earlier.speaker,
        "who": earlier.who or "",
        "due": earlier.due or "",
        "mention": _mention(earlier.mention, firsts),
    }


def _mention(passage: Item | None, firsts: Sequence[int]) -> Mapping[str, Any] | None:
    return _item(passage, "mentions", firsts) if passage else None


FORMAT = Format(
    "minutes-html",
    ".minutes.html",
    encoded(dumps),
    options=("sound", "save"),
    version=2,
    sound_in=sound_in,
    help="The page with the minutes on top, to read, play and correct.",
)
