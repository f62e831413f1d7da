"""Measures of constructed calls with known answers: loudness, hold, responses, questions, goodbyes, quarters."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from pipeline.analytics.analytics_file import OLD_VERSIONS, VERSION, analyze, with_current_keys
from pipeline.analytics.measures.closing import ended_by
from pipeline.analytics.measures.metrics import CallMetrics, measure
from pipeline.analytics.measures.pauses import pauses_of
from pipeline.analytics.measures.quarters import quarters
from pipeline.core.pause import Pause
from pipeline.core.timeline import covered, gaps
from pipeline.core.types import Provenance, Span, Transcript, Turn
from tests.analytics.calls import call, spoken
from tests.strategies import transcripts

CALL = call(
    80.0,
    spoken("agent", 2.0, 6.0, "Thank you for calling. How can I help?"),  # 8 words
    spoken("customer", 7.5, 11.0, "Where is my order? Is it lost?"),  # 7 words, after 1.5 s
    spoken("agent", 11.8, 14.0, "One moment please."),
    spoken("agent", 44.0, 50.0, "It arrives on Monday."),  # after 30 s
    spoken("customer", 54.0, 56.0, "Thanks, goodbye."),  # after 4 s
    spoken("agent", 56.5, 58.0, "Bye."),
)
PAUSES = (
    Pause(14.0, 19.0, "silence"), Pause(19.0, 39.0, "music", -25.0), Pause(39.0, 44.0, "silence", -60.0),
    Pause(50.0, 54.0, "sound", -50.0), Pause(58.0, 80.0, "silence"),
)  # fmt: skip


def measured(*pauses: Pause) -> CallMetrics:
    return measure(replace(CALL, pauses=pauses))


def test_hold_and_music() -> None:
    metrics = measured(*PAUSES)
    assert (metrics.hold, metrics.music) == (30.0, 20.0)  # the 4 s of sound are no hold, the end is outside the call
    assert metrics.pauses == PAUSES
    assert (metrics.longest_silence, metrics.dead_air) == (Span(14.0, 44.0), (Span(14.0, 44.0), Span(50.0, 54.0)))


def test_short_music_is_hold_and_music_before_the_call_is_not() -> None:
    short = measured(Pause(14.0, 44.0, "silence"), Pause(50.0, 54.0, "music"))
    assert (short.hold, short.music) == (34.0, 4.0)
    before = measured(Pause(0.0, 2.0, "music"), *PAUSES)  # 2 s are no pause; what is not in the turns' gaps is left out
    assert (before.hold, before.music) == (30.0, 20.0)


def test_without_audio_hold_is_unknown() -> None:
    metrics = measured()
    assert (metrics.hold, metrics.music, metrics.pauses) == (None, None, ())
    short = measure(call(4.0, spoken("a", 0.0, 2.0, "one"), spoken("b", 2.5, 4.0, "two")))
    assert (short.hold, short.music) == (0.0, 0.0)


def test_a_turn_added_by_a_correction_takes_time_from_a_pause() -> None:
    turns = tuple(sorted((*CALL.turns, Turn(20.0, 25.0, "agent"))))
    pauses = pauses_of(replace(CALL, turns=turns, pauses=PAUSES))
    assert pauses[:2] == (PAUSES[0], Pause(19.0, 20.0, "music", -25.0))
    assert pauses[2] == Pause(25.0, 39.0, "music", -25.0)


def test_first_response() -> None:
    assert measure(CALL).first_response == pytest.approx(1.5)
    overlapping = call(9.0, spoken("a", 0.0, 5.0, "one two three four"), spoken("b", 4.0, 8.0, "five six seven eight"))
    assert measure(overlapping).first_response == 0.0
    backchannel = call(
        9.0, spoken("a", 0.0, 5.0, "one two three"), spoken("b", 2.0, 2.4, "mhm"), spoken("b", 6.0, 8.0, "four five")
    )
    assert measure(backchannel).first_response == 1.0
    assert measure(call(9.0, spoken("a", 0.0, 5.0, "one"))).first_response is None


def test_questions() -> None:
    metrics = measure(CALL)
    assert (metrics.questions, [each.questions for each in metrics.speakers]) == (3, [1, 2])
    bare = call(9.0, spoken("a", 0.0, 5.0, "how are you"))
    assert (measure(bare).questions, measure(bare).speakers[0].questions) == (None, None)


@pytest.mark.parametrize(
    ("texts", "language", "speaker"),
    [
        (("See it then.", "Bye-bye!", "Good bye."), "en", "b"),
        (("Have a nice day.", "You too, bye.", "Bye."), "en", "a"),
        (("Goodbye, then.", "Wait.", "What?"), "en", "a"),
        (("And then?", "I do not know.", "Okay."), "en", None),
        (("Auf Wiederhören.", "Tschüss.", "Ja."), "de", "a"),
        (("Bye.", "Bye.", "Bye."), "sw", None),
    ],
)
def test_the_first_goodbye_ends_a_call(texts: tuple[str, ...], language: str, speaker: str | None) -> None:
    lines = [spoken("abc"[n], 50.0 + 3 * n, 52.0 + 3 * n, text) for n, text in enumerate(texts)]
    early = spoken("c", 1.0, 3.0, "Goodbye was what I said, tschüss.")
    assert ended_by(call(60.0, early, *lines, language=language)) == speaker


def loud(*values: float | None) -> Transcript:
    """A call of one speaker whose turns of 2 s have these loudnesses."""
    turns = (Turn(3.0 * n, 3.0 * n + 2, "a", None, value) for n, value in enumerate(values))
    return Transcript(3.0 * len(values), turns=tuple(turns))


def test_loudness_and_shouting() -> None:
    (speaker,) = measure(loud(-24, -25, -26, None, -24, -14, -15)).speakers
    assert (speaker.loudness, speaker.shouting) == (-24.0, 4.0)
    (raised,) = measure(loud(-24, -25, -24, -24, -16)).speakers  # 8 LU above
    assert raised.shouting == 0.0
    (few,) = measure(loud(-24, -25, -14, None)).speakers
    assert (few.loudness, few.shouting) == (-24.0, None)
    (unknown,) = measure(loud(None, None, None, None, None, None)).speakers
    assert (unknown.loudness, unknown.shouting) == (None, None)


def test_a_shouted_call_at_another_gain_is_the_same() -> None:
    values = (-24.0, -25.0, -26.0, -24.0, -14.0)
    shouted = [measure(loud(*(value + gain for value in values))).speakers[0].shouting for gain in (-20, 0, 10)]
    assert shouted == [2.0, 2.0, 2.0]


def test_quarters() -> None:
    turns = tuple(replace(turn, loudness=-20.0 - number) for number, turn in enumerate(CALL.turns))
    first, second, third, last = quarters(replace(CALL, turns=turns))
    assert [(quarter.start, quarter.end) for quarter in (first, second, third, last)] == [
        (0.0, 20.0), (20.0, 40.0), (40.0, 60.0), (60.0, 80.0)
    ]  # fmt: skip
    agent, customer = first.speakers
    assert (agent.talk, agent.words, agent.loudness) == (pytest.approx(6.2), 11, -21.0)
    assert agent.words_per_minute == pytest.approx(11 / 6.2 * 60)
    assert (customer.talk, customer.words, customer.loudness) == (3.5, 7, -21.0)
    assert [(each.talk, each.words, each.words_per_minute) for each in second.speakers] == [(0.0, 0, None)] * 2
    assert [each.words for each in third.speakers] == [5, 2]


def test_sentiment_of_quarters_follows_the_words() -> None:
    pytest.importorskip("vaderSentiment", reason="needs the extra [analytics]")
    lines = [spoken("a", 1.0, 9.0, "What a wonderful day!"), spoken("a", 31.0, 39.0, "This is terrible, awful.")]
    scores = [quarter.speakers[0].sentiment for quarter in quarters(call(40.0, *lines))]
    assert scores[1:3] == [None, None]
    assert scores[0] is not None
    assert scores[3] is not None
    assert scores[0] > 0.3 > -0.3 > scores[3]


@given(transcripts())
def test_quarters_add_up(transcript: Transcript) -> None:
    parts, whole = quarters(transcript), measure(transcript)
    assert sum(len(u.words) for u in transcript.utterances) == sum(s.words for q in parts for s in q.speakers)
    for number, speaker in enumerate(whole.speakers):
        assert sum(quarter.speakers[number].talk for quarter in parts) == pytest.approx(speaker.talk)


@given(transcripts())
def test_properties_of_measures(transcript: Transcript) -> None:
    metrics = measure(transcript)
    spans = [turn.span for turn in transcript.turns]
    assert metrics.hold is None or 0 <= metrics.hold <= metrics.silence + 1e-9
    assert metrics.music is None or 0 <= metrics.music <= metrics.silence + 1e-9
    assert metrics.longest_silence is None or metrics.longest_silence in gaps(spans, Span(0, 1e9)) or not spans
    assert metrics.ended_by is None or metrics.ended_by in transcript.speakers
    for speaker in metrics.speakers:
        assert speaker.shouting is None or 0 <= speaker.shouting <= speaker.talk + 1e-9
    assert covered(Span(p.start, p.end) for p in metrics.pauses) <= metrics.silence + 1e-9 or not spans


def test_the_file_has_the_keys_of_its_version() -> None:
    known = replace(CALL, provenance=Provenance("a.wav", "ab" * 32, recorded="2026-11-28T09:30:00Z"), pauses=PAUSES)
    content = analyze(known)
    assert (content["version"], content["recorded"], content["sha256"]) == (VERSION, "2026-11-28T09:30:00Z", "ab" * 32)
    assert (content["hold"], content["music"], content["ended_by"], content["questions"]) == (30.0, 20.0, "customer", 3)
    assert content["longest_silence"] == {"start": 14.0, "end": 44.0}
    assert content["pauses"][1] == {"start": 19.0, "end": 39.0, "kind": "music", "level": -25.0}
    assert len(content["quarters"]) == 4
    assert analyze(CALL)["sha256"] is None


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_old_files_have_the_new_keys_unknown(version: str) -> None:
    new = analyze(call(9.0, spoken("a", 0.0, 5.0, "one two"), spoken("b", 4.0, 8.0, "three four")))
    kept = ("language", "complete", "duration", "silence", "sentiment_by", "columns")
    finding = {"rule": "x", "passed": True, "evidence": [{"start": 1.0, "end": 2.0, "text": "one"}]}
    old = {key: new[key] for key in kept} | {"version": version, "warnings": []}
    old |= {"overlap_events": [{"kind": "start"}], "speakers": [{"speaker": "a"}], "findings": [finding]}
    if version == OLD_VERSIONS[0]:
        renamed = {"crossings": old.pop("overlap_events"), "parts": old.pop("speakers")}
        old |= renamed | {"findings": [{"rule": "x", "kept": True, "evidence": finding["evidence"]}]}
    current = with_current_keys(old)
    assert current is not None
    assert set(new) - {"dead_air", "overlap", "overlap_ratio", "silence_ratio", "speech"} == set(current)
    assert (current["hold"], current["pauses"], current["quarters"], current["roles"]) == (None, [], [], [])
    assert set(current["overlap_events"][0]) >= {"holder_remaining", "incomer_words", "incomer_after", "margin"}
    assert set(current["speakers"][0]) >= {"role", "person", "questions", "loudness", "shouting"}
    assert (current["findings"][0]["passed"], current["findings"][0]["severity"]) == (True, None)
    assert current["findings"][0]["evidence"][0]["confidence"] is None
