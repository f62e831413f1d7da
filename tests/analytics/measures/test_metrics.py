"""Metrics of constructed calls, equal to numbers computed by hand; and properties of all calls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analytics.measures.metrics import measure
from pipeline.analytics.measures.responses import latencies
from pipeline.core.timeline import shifted
from pipeline.core.types import Span, Transcript, Turn
from tests.analytics.calls import call, spoken

CALL = call(
    40.0,
    spoken("agent", 1.0, 5.0, "hello and thank you for calling today"),  # 4 s, 7 words
    spoken("customer", 5.5, 9.5, "hi I have a question"),  # 4 s, 5 words, answers after 0.5 s
    spoken("agent", 9.8, 11.8, "sure go on"),  # 2 s, 3 words, pause of 0.4: one talk spurt with the next
    spoken("agent", 12.2, 14.2, "what is it"),  # 2 s, 3 words; answered after 0.3 s
    spoken("customer", 13.0, 13.6, "yeah"),  # a backchannel, 0.6 s
    spoken("customer", 20.0, 28.0, "it is about the bill that came in May"),  # 8 s, 9 words, after 5.8 s: dead air
    spoken("agent", 26.0, 30.0, "let me look"),  # 4 s, interrupts 2 s before the end
)


def test_talk_pace_and_silence() -> None:
    metrics = measure(CALL)
    agent, customer = metrics.speakers
    assert (agent.speaker, agent.talk, agent.words, agent.talk_spurts) == ("agent", pytest.approx(12.0), 16, 3)
    assert (customer.talk, customer.words, customer.talk_spurts) == (pytest.approx(12.6), 15, 3)
    assert agent.talk_ratio == pytest.approx(12.0 / 24.6)
    assert agent.words_per_minute == pytest.approx(80.0)
    assert customer.words_per_minute == pytest.approx(15 / 12.6 * 60)
    # speech 1-5, 5.5-9.5, 9.8-11.8, 12.2-14.2, 20-30: 4 + 4 + 2 + 2 + 10
    assert (metrics.speech, metrics.silence) == (pytest.approx(22.0), pytest.approx(18.0))
    assert metrics.silence_ratio == pytest.approx(0.45)
    assert metrics.overlap == pytest.approx(2.6)
    assert metrics.overlap_ratio == pytest.approx(2.6 / 22.0)
    assert metrics.dead_air == (Span(14.2, 20.0),)


def test_response_latencies() -> None:
    agent, customer = measure(CALL).speakers
    assert (agent.responses, agent.response_latency_mean) == (1, pytest.approx(0.3))
    assert customer.responses == 2
    assert customer.response_latency_mean == pytest.approx((0.5 + 5.8) / 2)
    assert customer.response_latency_median == pytest.approx((0.5 + 5.8) / 2)


def test_backchannels_do_not_end_monologues() -> None:
    agent, customer = measure(CALL).speakers
    assert agent.longest_monologue == pytest.approx(14.2 - 9.8)
    assert customer.longest_monologue == pytest.approx(8.0)


def test_interruptions_and_backchannels() -> None:
    agent, customer = measure(CALL).speakers
    assert (agent.interruptions, agent.interrupted, agent.backchannels) == (1, 0, 0)
    assert (customer.interruptions, customer.interrupted, customer.backchannels) == (0, 1, 1)


def test_a_call_without_speech() -> None:
    metrics = measure(Transcript(10.0))
    assert (metrics.silence, metrics.silence_ratio, metrics.speakers, metrics.dead_air) == (10.0, 1.0, (), ())


def test_without_turns_utterances_are_used() -> None:
    assert measure(replace(CALL, turns=())) == measure(CALL)


def test_a_response_needs_silence_before_it() -> None:
    spurts = (Turn(0, 10, "a"), Turn(2, 3, "b"), Turn(10.5, 11, "b"), Turn(12, 13, "b"))
    assert latencies(spurts) == {"b": [0.5]}


@st.composite
def calls(draw: st.DrawFn) -> Transcript:
    turns = []
    for speaker in "abc":
        time = 0.0
        for _ in range(draw(st.integers(0, 5))):
            time += draw(st.integers(1, 40)) / 8
            end = time + draw(st.integers(1, 40)) / 8
            turns.append(Turn(time, end, speaker))
            time = end
    return Transcript(max((t.end for t in turns), default=0.0) + 1.0, turns=tuple(sorted(turns)))


@given(calls())
def test_properties_of_all_calls(transcript: Transcript) -> None:
    metrics = measure(transcript)
    assert metrics.speech + metrics.silence == pytest.approx(transcript.duration)
    ratios = [part.talk_ratio for part in metrics.speakers]
    assert sum(ratios) == pytest.approx(1.0 if ratios else 0.0)
    assert sum(part.talk for part in metrics.speakers) >= metrics.speech + metrics.overlap - 1e-9
    for part in metrics.speakers:
        assert 0 <= part.longest_monologue <= transcript.duration
    assert sum(gap.duration for gap in metrics.dead_air) <= metrics.silence + 1e-9
    for event in metrics.overlap_events:
        assert event.holder != event.incomer
        assert event.start < event.end
        assert (event.yielded is not None) == (event.kind == "interruption")


@given(calls(), st.integers(1, 80))
def test_a_time_offset_does_not_matter(transcript: Transcript, eighths: int) -> None:
    later = replace(
        transcript, duration=transcript.duration + eighths / 8, turns=shifted(transcript.turns, eighths / 8)
    )
    before, after = measure(transcript), measure(later)
    assert after.speakers == before.speakers
    assert after.silence == pytest.approx(before.silence + eighths / 8)
    assert [c.kind for c in after.overlap_events] == [c.kind for c in before.overlap_events]
