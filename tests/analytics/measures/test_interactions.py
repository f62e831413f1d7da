"""Kinds of overlap events, on both sides of their limits."""

from __future__ import annotations

import pytest

from pipeline.analytics.measures.interactions import overlap_events
from tests.analytics.calls import call, spoken


@pytest.mark.parametrize(
    ("start", "end", "text", "kind", "yielded"),
    [
        (5.0, 5.9, "mhm yes right", "backchannel", None),
        (5.0, 6.1, "mhm yes right", "interruption", "b"),  # too long
        (5.0, 5.9, "no wait a moment", "interruption", "b"),  # too many words
        (9.6, 15.0, "so what then", "turn_end", None),
        (9.0, 15.0, "so what then", "interruption", "a"),
        (9.6, 9.9, "yes", "backchannel", None),
        (0.1, 5.0, "hello there", "start", None),
        (0.3, 5.0, "hello there", "interruption", "b"),
    ],
)
def test_kinds(start: float, end: float, text: str, kind: str, yielded: str | None) -> None:
    transcript = call(
        20.0, spoken("a", 0.0, 10.0, "one two three four five six seven eight nine ten"), spoken("b", start, end, text)
    )
    (event,) = overlap_events(transcript)
    assert (event.kind, event.yielded, event.holder, event.incomer) == (kind, yielded, "a", "b")
    assert (event.start, event.end) == (start, min(10.0, end))


def test_an_event_has_both_texts() -> None:
    (event,) = overlap_events(
        call(9.0, spoken("a", 0.0, 4.0, "one two three four"), spoken("b", 2.0, 5.0, "stop it now"))
    )
    assert (event.holder_text, event.incomer_text) == ("three four", "stop it")


def test_short_pauses_do_not_end_a_talk_spurt() -> None:
    transcript = call(
        20.0, spoken("a", 0.0, 4.0, "one two"), spoken("a", 4.5, 8.0, "three"), spoken("b", 3.8, 4.4, "yes")
    )
    assert [event.kind for event in overlap_events(transcript)] == ["backchannel"]


def test_three_speakers_are_three_pairs() -> None:
    transcript = call(9.0, spoken("a", 0.0, 5.0, "one"), spoken("b", 1.0, 5.0, "two"), spoken("c", 2.0, 5.0, "three"))
    assert [(c.holder, c.incomer) for c in overlap_events(transcript)] == [("a", "b"), ("a", "c"), ("b", "c")]
