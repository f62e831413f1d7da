"""Kinds of overlap events, on both sides of their limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.analytics.measures.interactions import overlap_events
from tests.analytics.calls import call, spoken

HOLDER = spoken("a", 0.0, 10.0, "one two three four five six seven eight nine ten")


@pytest.mark.parametrize(
    ("start", "end", "text", "kind", "yielded"),
    [
        (5.0, 5.9, "mhm yes right", "backchannel", None),
        (5.0, 6.9, "Yeah, yeah. Oh, okay.", "backchannel", None),  # longer, and nothing but backchannels
        (5.0, 7.1, "yeah yeah oh okay", "interruption", "b"),  # too long
        (5.0, 5.5, "Really?", "backchannel", None),
        (5.0, 5.5, "wait", "interruption", "b"),  # short, and no backchannel
        (5.0, 5.9, "no wait a moment", "interruption", "b"),
        (5.0, 5.5, "yes but", "interruption", "b"),
        (9.5, 15.0, "so what then", "turn_end", None),
        (9.3, 15.0, "so what then", "interruption", "a"),
        (9.6, 9.9, "yes", "backchannel", None),
        (5.0, 5.5, "um uh", "interruption", "b"),  # fillers alone
        (5.0, 5.5, "okay, um", "backchannel", None),
        (0.25, 5.0, "hello there", "start", None),
        (0.4, 5.0, "hello there", "interruption", "b"),
    ],
)
def test_kinds(start: float, end: float, text: str, kind: str, yielded: str | None) -> None:
    (event,) = overlap_events(call(20.0, HOLDER, spoken("b", start, end, text)))
    assert (event.kind, event.yielded, event.holder, event.incomer) == (kind, yielded, "a", "b")
    assert (event.start, event.end) == (start, min(10.0, end))


@pytest.mark.parametrize(
    ("start", "end", "text", "kind"),
    [
        (5.0, 5.9, "a b c", "backchannel"),
        (5.0, 6.1, "a b c", "interruption"),
        (5.0, 5.9, "a b c d", "interruption"),
    ],
)
def test_in_a_language_without_a_list_length_decides(start: float, end: float, text: str, kind: str) -> None:
    (event,) = overlap_events(call(20.0, HOLDER, spoken("b", start, end, text), language="sw"))
    assert event.kind == kind


@pytest.mark.parametrize(
    ("next_start", "next_speaker", "kind", "yielded"),
    [
        (10.5, "b", "interruption", "a"),  # goes on as soon as the holder stops
        (10.8, "b", "backchannel", None),  # later
        (10.6, "a", "backchannel", None),  # the holder goes on after a pause
    ],
)
def test_an_incomer_who_waits_and_goes_on_took_the_floor(
    next_start: float, next_speaker: str, kind: str, yielded: str | None
) -> None:
    lines = [HOLDER, spoken("b", 9.0, 9.5, "foo bar"), spoken(next_speaker, next_start, 14.0, "baz baz baz")]
    (event,) = overlap_events(call(20.0, *lines, language="sw"))
    assert (event.kind, event.yielded) == (kind, yielded)


def test_who_stops_for_a_short_incomer_yielded() -> None:
    lines = [HOLDER, spoken("b", 9.0, 9.5, "no wait"), spoken("b", 10.5, 14.0, "that is not what I said")]
    (event,) = overlap_events(call(20.0, *lines))
    assert (event.kind, event.yielded) == ("interruption", "a")
    (event,) = overlap_events(call(20.0, *lines[:2]))
    assert (event.kind, event.yielded) == ("interruption", "b")


def test_an_event_has_its_evidence() -> None:
    transcript = call(20.0, HOLDER, spoken("b", 7.0, 12.0, "so what then my friend"))
    turns = tuple(replace(turn, margin={"a": 0.4, "b": 0.1}[turn.speaker]) for turn in transcript.turns)
    (event,) = overlap_events(replace(transcript, turns=turns))
    assert (event.holder_remaining, event.incomer_words, event.incomer_after, event.margin) == (3.0, 5, 2.0, 0.1)
    (event,) = overlap_events(transcript)
    assert event.margin is None


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
