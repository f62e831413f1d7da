"""The plan of recognition: one foreground speaker in separated overlaps, and all speech in one chunk or stream."""

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
"""Two speakers with enough single-speaker speech, and a second of overlap."""
OVERLAP = Span(MIN_ENROLLMENT + 1, MIN_ENROLLMENT + 2)
"""Their overlap."""


def region(start: float, end: float, louder: str = "A", decision: Origin = "separated") -> OverlapDecision:
    evidence = tuple(SpeakerEvidence(s, energy_db=-3.0 if s == louder else -6.0) for s in ("A", "B"))
    return OverlapDecision(start, end, evidence, "nmf", decision, "because")


def test_the_loudest_is_the_foreground_and_the_other_the_background() -> None:
    sufficient, insufficient = split_by_enrollment(LONG, [region(OVERLAP.start, OVERLAP.end, "B")])
    (foreground,) = find_foreground(LONG, sufficient)
    assert (foreground.span, foreground.speaker, insufficient) == (OVERLAP, "B", [])
    assert background_spans("A", insufficient, [foreground]) == (foreground.span,)
    assert background_spans("B", insufficient, [foreground]) == ()


def test_with_little_single_speaker_speech_all_speakers_are_background() -> None:
    turns = (LONG[0], Turn(MIN_ENROLLMENT + 1, 2 * MIN_ENROLLMENT + 1, "B"))
    assert split_by_enrollment(turns, [region(OVERLAP.start, OVERLAP.end)]) == (
        [],
        [region(OVERLAP.start, OVERLAP.end)],
    )
    for speaker in ("A", "B"):
        assert background_spans(speaker, [region(OVERLAP.start, OVERLAP.end)], ()) == (
            Span(MIN_ENROLLMENT + 1, MIN_ENROLLMENT + 2),
        )


def test_a_mixture_has_no_foreground() -> None:
    assert split_by_enrollment(LONG, [region(OVERLAP.start, OVERLAP.end, decision="mixture")]) == ([], [])


def test_only_the_overlap_has_the_foreground_alone_and_the_recording_is_unchanged() -> None:
    audio = Audio(np.full(4 * RATE, 0.5, np.float32))
    source = Clip(np.full(RATE, 0.25, np.float32), 2.0, "separated")
    streams = (Stream("A", (Clip(audio.crop(Span(0, 2)), 0.0), source)), Stream("B", ()))
    chunk = Chunk(Span(1.0, 4.0), (Foreground(Overlap(2.0, 3.0, ("A", "B")), "A"),))
    rendered = render(audio, chunk, streams)
    assert rendered.start == 1.0
    assert np.unique(rendered.samples[:RATE]) == 0.5
    assert np.unique(rendered.samples[RATE : 2 * RATE]) == 0.25
    assert np.unique(rendered.samples[2 * RATE :]) == 0.5
    assert np.unique(audio.samples) == 0.5


@given(rows_of_spans(6), rows_of_spans(6), st.lists(st.sampled_from("AB"), min_size=40, max_size=40))
def test_all_speech_is_audible_in_chunks_or_background(
    one: tuple[Span, ...], other: tuple[Span, ...], speakers: list[str]
) -> None:
    turns = sorted([Turn(s.start, s.end, "A") for s in one] + [Turn(s.start, s.end, "B") for s in other])
    foregrounds = [Foreground(overlap, speaker) for overlap, speaker in zip(overlaps(turns), speakers, strict=False)]
    audible = by_speaker(without_background(turns, foregrounds))
    for speaker, turns_of_speaker in by_speaker(turns).items():
        in_chunks = union(turn.span for turn in audible.get(speaker, ()))
        background = union(foreground.span for foreground in foregrounds if foreground.mutes(speaker))
        assert covered(intersection(in_chunks, background)) < 1e-9
        assert covered(union([*in_chunks, *background])) == pytest.approx(
            covered(union(turn.span for turn in turns_of_speaker))
        )
    assert not overlaps(turn for turns in audible.values() for turn in turns)


def test_a_handover_is_in_two_chunks_and_an_interjection_in_one() -> None:
    turns = (Turn(0, 5, "A"), Turn(4, 12, "B"), Turn(7, 8, "A"), Turn(11, 15, "A"))
    foregrounds = [Foreground(overlap, "B") for overlap in overlaps(turns)]
    handovers = find_handovers(turns, foregrounds)
    assert {(o.start, o.end): second for o, second in handovers.items()} == {(4, 5): "B", (11, 12): "A"}
    chunks = list(plan_chunks(Span(0, 15), foregrounds, handovers))
    assert [chunk.span for chunk in chunks] == [Span(0, 5), Span(4, 12), Span(11, 15)]
    assert [[(f.start, f.speaker) for f in chunk.foregrounds] for chunk in chunks] == [
        [(4, "A")],
        [(4, "B"), (7, "B"), (11, "B")],
        [(11, "A")],
    ]


@given(rows_of_spans(6), rows_of_spans(6))
def test_chunks_and_background_hold_all_speech(one: tuple[Span, ...], other: tuple[Span, ...]) -> None:
    turns = sorted([Turn(s.start, s.end, "A") for s in one] + [Turn(s.start, s.end, "B") for s in other])
    foregrounds = [Foreground(overlap, "A") for overlap in overlaps(turns)]
    handovers = find_handovers(turns, foregrounds)
    lasting = [foreground for foreground in foregrounds if foreground.overlap not in handovers]
    chunks = list(plan_chunks(Span(0, 1000), foregrounds, handovers))
    in_chunks_by_speaker: dict[str, list[Span]] = {}
    for chunk in chunks:
        for turn in without_background(turns, chunk.foregrounds):
            in_chunks_by_speaker.setdefault(turn.speaker, []).extend(intersection([turn.span], [chunk.span]))
    for speaker, turns_of_speaker in by_speaker(turns).items():
        background = union(foreground.span for foreground in lasting if foreground.mutes(speaker))
        in_chunks = in_chunks_by_speaker.get(speaker, [])
        assert covered(union([*in_chunks, *background])) == pytest.approx(
            covered(union(turn.span for turn in turns_of_speaker))
        )
        assert sum(span.duration for span in in_chunks) + covered(background) == pytest.approx(
            covered(t.span for t in turns_of_speaker)
        )
