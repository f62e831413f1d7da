"""Each kind of overlap, at both sides of its limits."""

from __future__ import annotations

import pytest

from pipeline.analytics.interactions import overlap_events
from tests.analytics.calls import call, say


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
    spoken = call(
        20.0, say("a", 0.0, 10.0, "one two three four five six seven eight nine ten"), say("b", start, end, text)
    )
    (crossing,) = overlap_events(spoken)
    assert (crossing.kind, crossing.yielded, crossing.holder, crossing.incomer) == (kind, yielded, "a", "b")
    assert (crossing.start, crossing.end) == (start, min(10.0, end))


def test_both_texts_are_told() -> None:
    (crossing,) = overlap_events(call(9.0, say("a", 0.0, 4.0, "one two three four"), say("b", 2.0, 5.0, "stop it now")))
    assert (crossing.holder_text, crossing.incomer_text) == ("three four", "stop it")


def test_pauses_of_a_speaker_are_no_ends() -> None:
    spoken = call(20.0, say("a", 0.0, 4.0, "one two"), say("a", 4.5, 8.0, "three"), say("b", 3.8, 4.4, "yes"))
    assert [crossing.kind for crossing in overlap_events(spoken)] == ["backchannel"]


def test_three_people_are_three_pairs() -> None:
    spoken = call(9.0, say("a", 0.0, 5.0, "one"), say("b", 1.0, 5.0, "two"), say("c", 2.0, 5.0, "three"))
    assert [(c.holder, c.incomer) for c in overlap_events(spoken)] == [("a", "b"), ("a", "c"), ("b", "c")]
