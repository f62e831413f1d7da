"""The floor: one voice alone in a passage where two were taken apart, every moment of everybody heard somewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.audio import RATE, Audio, Clip, Stream
from pipeline.core.timeline import by_speaker, covered, intersection, overlaps, union
from pipeline.core.types import Origin, Overlap, OverlapDecision, Span, SpeakerEvidence, Turn
from pipeline.stages.recognition.plan import (
    MIN_ENROLLMENT,
    Chunk,
    Foreground,
    background_spans,
    find_foreground,
    find_handovers,
    plan_chunks,
    render,
    split_by_enrollment,
    without_background,
)
from tests.strategies import rows_of_spans

LONG = (Turn(0, MIN_ENROLLMENT + 2, "A"), Turn(MIN_ENROLLMENT + 1, 2 * MIN_ENROLLMENT + 2, "B"))
"""Both talk alone for long enough, and a second at once."""


def region(start: float, end: float, louder: str = "A", decision: Origin = "separated") -> OverlapDecision:
    voices = tuple(SpeakerEvidence(s, energy_db=-3.0 if s == louder else -6.0) for s in ("A", "B"))
    return OverlapDecision(start, end, voices, "nmf", decision, "because")


def test_the_loudest_holds_the_floor_and_the_other_is_heard_aside() -> None:
    sure, unsure = split_by_enrollment(LONG, [region(MIN_ENROLLMENT + 1, MIN_ENROLLMENT + 2, "B")])
    (hold,) = find_foreground(LONG, sure)
    assert (hold.span, hold.speaker, unsure) == (Span(MIN_ENROLLMENT + 1, MIN_ENROLLMENT + 2), "B", [])
    assert background_spans("A", unsure, [hold]) == (hold.span,)
    assert background_spans("B", unsure, [hold]) == ()


def test_little_solo_speech_leaves_everybody_to_his_stream() -> None:
    turns = (LONG[0], Turn(MIN_ENROLLMENT + 1, 2 * MIN_ENROLLMENT + 1, "B"))
    assert split_by_enrollment(turns, [region(MIN_ENROLLMENT + 1, MIN_ENROLLMENT + 2)]) == (
        [],
        [region(MIN_ENROLLMENT + 1, MIN_ENROLLMENT + 2)],
    )
    for speaker in ("A", "B"):
        assert background_spans(speaker, [region(MIN_ENROLLMENT + 1, MIN_ENROLLMENT + 2)], ()) == (
            Span(MIN_ENROLLMENT + 1, MIN_ENROLLMENT + 2),
        )


def test_a_kept_mixture_has_no_holder() -> None:
    assert split_by_enrollment(LONG, [region(MIN_ENROLLMENT + 1, MIN_ENROLLMENT + 2, decision="mixture")]) == ([], [])


def test_only_the_hold_is_given_the_holders_voice_and_the_recording_stays() -> None:
    audio = Audio(np.full(4 * RATE, 0.5, np.float32))
    own = Clip(np.full(RATE, 0.25, np.float32), 2.0, "separated")
    streams = (Stream("A", (Clip(audio.crop(Span(0, 2)), 0.0), own)), Stream("B", ()))
    take = Chunk(Span(1.0, 4.0), (Foreground(Overlap(2.0, 3.0, ("A", "B")), "A"),))
    laid = render(audio, take, streams)
    assert laid.start == 1.0
    assert np.unique(laid.samples[:RATE]) == 0.5
    assert np.unique(laid.samples[RATE : 2 * RATE]) == 0.25
    assert np.unique(laid.samples[2 * RATE :]) == 0.5
    assert np.unique(audio.samples) == 0.5


@given(rows_of_spans(6), rows_of_spans(6), st.lists(st.sampled_from("AB"), min_size=40, max_size=40))
def test_every_moment_of_everybody_is_heard_once(
    one: tuple[Span, ...], other: tuple[Span, ...], who: list[str]
) -> None:
    turns = sorted([Turn(s.start, s.end, "A") for s in one] + [Turn(s.start, s.end, "B") for s in other])
    holds = [Foreground(overlap, holder) for overlap, holder in zip(overlaps(turns), who, strict=False)]
    cleared = by_speaker(without_background(turns, holds))
    for speaker, own in by_speaker(turns).items():
        passed = union(turn.span for turn in cleared.get(speaker, ()))
        aside = union(hold.span for hold in holds if hold.mutes(speaker))
        assert covered(intersection(passed, aside)) < 1e-9
        assert covered(union([*passed, *aside])) == pytest.approx(covered(union(turn.span for turn in own)))
    assert not overlaps(turn for turns in cleared.values() for turn in turns)


def test_a_handover_is_told_twice_and_an_interjection_once() -> None:
    turns = (Turn(0, 5, "A"), Turn(4, 12, "B"), Turn(7, 8, "A"), Turn(11, 15, "A"))
    holds = [Foreground(overlap, "B") for overlap in overlaps(turns)]
    handovers = find_handovers(turns, holds)
    assert {(o.start, o.end): second for o, second in handovers.items()} == {(4, 5): "B", (11, 12): "A"}
    takes = list(plan_chunks(Span(0, 15), holds, handovers))
    assert [take.span for take in takes] == [Span(0, 5), Span(4, 12), Span(11, 15)]
    assert [[(h.start, h.holder) for h in take.foregrounds] for take in takes] == [
        [(4, "A")],
        [(4, "B"), (7, "B"), (11, "B")],
        [(11, "A")],
    ]


@given(rows_of_spans(6), rows_of_spans(6))
def test_takes_tell_every_moment_of_everybody(one: tuple[Span, ...], other: tuple[Span, ...]) -> None:
    turns = sorted([Turn(s.start, s.end, "A") for s in one] + [Turn(s.start, s.end, "B") for s in other])
    holds = [Foreground(overlap, "A") for overlap in overlaps(turns)]
    handovers = find_handovers(turns, holds)
    lasting = [hold for hold in holds if hold.overlap not in handovers]
    takes = list(plan_chunks(Span(0, 1000), holds, handovers))
    heard: dict[str, list[Span]] = {}
    for take in takes:
        for turn in without_background(turns, take.foregrounds):
            heard.setdefault(turn.speaker, []).extend(intersection([turn.span], [take.span]))
    for speaker, own in by_speaker(turns).items():
        aside = union(hold.span for hold in lasting if hold.mutes(speaker))
        told = heard.get(speaker, [])
        assert covered(union([*told, *aside])) == pytest.approx(covered(union(turn.span for turn in own)))
        assert sum(span.duration for span in told) + covered(aside) == pytest.approx(covered(t.span for t in own))
