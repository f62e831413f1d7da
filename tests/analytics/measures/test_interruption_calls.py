"""The benchmark's calls with overlaps of known kinds, and how its events are matched with them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from examples.benchmarks.interruptions_bench import as_table, match, measure_kinds
from examples.benchmarks.interruptions_calls import KIND, Clip, Truth, make_call
from pipeline.analytics.measures.interactions import overlap_events
from pipeline.core.types import Word
from tests.max_examples import at_most

RATE = 16_000


def clip(speaker: str, seconds: float, text: str) -> Clip:
    texts = text.split()
    step = seconds / len(texts)
    words = tuple(Word(n * step, (n + 1) * step, word) for n, word in enumerate(texts))
    return Clip(speaker, np.zeros(round(seconds * RATE), np.float32), words)


CLIPS = {
    name: {
        "long": [clip(name, seconds, "one two three four five six seven eight nine ten") for seconds in (3.0, 5.0)],
        "short": [clip(name, 0.6, "wait that's"), clip(name, 0.9, "but I think")],
        "backchannel": [clip(name, 0.4, "mm-hmm"), clip(name, 0.7, "yeah okay")],
    }
    for name in ("a", "b")
}


@at_most(20)
@given(st.integers(0, 10_000))
def test_a_call_has_the_overlaps_that_it_names(seed: int) -> None:
    call = make_call(CLIPS, seed, 60.0)
    reference = call.reference()  # raises where a speaker overlaps themselves
    events = overlap_events(reference)
    assert len(events) >= len(call.truths) > 0
    pairs = match(call.truths, [(e.start, e.end, e.kind, e.incomer) for e in events])
    assert all(event is not None for _, event in pairs)
    placements, passages = call.placements()
    assert all(p.end - p.start == passages[p.speaker][p.passage].ticks for p in placements)


def test_the_kinds_are_found_on_reference_turns() -> None:
    calls = [make_call(CLIPS, seed, 120.0) for seed in range(5)]
    results = measure_kinds([(call, call.reference()) for call in calls])
    known = Counter(KIND[truth.way] for call in calls for truth in call.truths)
    for kind, count in results["now"]["kinds"].items():
        assert count["known"] == known[kind]
        assert count["right"] >= 0.7 * count["known"], kind
    assert results["format 2"]["kinds"]["interruption"]["right"] < 0.6 * known["interruption"]
    assert "| reference | `interruption` |" in as_table({"reference": results})


def test_an_event_matches_once_and_by_its_incomer() -> None:
    truths = [Truth(1.0, 2.0, "backchannel", "a"), Truth(1.1, 2.0, "gives up", "a"), Truth(5.0, 6.0, "start", "a")]
    events = [(1.0, 2.0, "backchannel", "a"), (1.0, 2.0, "interruption", "b"), (5.2, 6.0, "start", "b")]
    assert match(truths, events) == [(truths[0], events[0]), (truths[1], None), (truths[2], events[2])]
