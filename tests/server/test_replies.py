"""Bodies and streams of the audio API: the types of OpenAI's SDK accept them, and a stream says what the body says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder
from openai.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionTextSegmentEvent,
    TranscriptionVerbose,
)
from pydantic import BaseModel

from pipeline.core.identity import is_label
from pipeline.core.types import Transcript, Utterance, Word
from pipeline.formats import srt, vtt
from pipeline.server.replies import MEDIA_TYPE, render
from pipeline.server.replies.passages import labelled
from pipeline.server.work import Reply, ReplyFormat
from tests import world
from tests.max_examples import at_most
from tests.strategies import LABELS, transcripts

FORMATS: tuple[ReplyFormat, ...] = get_args(ReplyFormat)
TYPES: Mapping[str, type[BaseModel]] = {
    "json": Transcription,
    "verbose_json": TranscriptionVerbose,
    "diarized_json": TranscriptionDiarized,
}
EVENTS: Mapping[str, type[BaseModel]] = {
    "transcript.text.delta": TranscriptionTextDeltaEvent,
    "transcript.text.segment": TranscriptionTextSegmentEvent,
    "transcript.text.done": TranscriptionTextDoneEvent,
}
REPLIES = st.builds(Reply, st.sampled_from(FORMATS), st.just(False), st.booleans(), st.booleans(), st.booleans())
CALL = Transcript(
    10.0,
    (
        Utterance("SPEAKER_01", (Word(0.5, 1.0, "Good", 0.9), Word(1.0, 1.5, "evening.", 0.8))),
        Utterance(
            "Ana", (Word(1.2, 1.9, "Hi,", 0.5), Word(1.9, 2.4, "twenty"), Word(2.4, 2.8, "-five", no_space=True))
        ),
        Utterance("SPEAKER_00", (Word(3.0, 3.5, "Yes", 1.0),)),
    ),
    language="de",
)


def body(transcript: Transcript, reply: Reply, known: Sequence[str] = ()) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(transcript, reply, known))
    return found


def events(transcript: Transcript, reply: Reply, known: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The events of a stream as the SDK reads them, without the end."""
    stream = render(transcript, Reply(reply.format, True, reply.words, reply.segments, reply.logprobs), known)
    decoded = [event.data for event in SSEDecoder().iter_bytes(iter([stream]))]
    assert decoded[-1] == "[DONE]"
    return [json.loads(data) for data in decoded[:-1]]


def checked(kind: type[BaseModel], data: Any) -> None:
    """The data is of the SDK's type without any conversion, whole numbers for floats aside."""
    kind.model_validate_json(json.dumps(data), strict=True)


@given(transcript=transcripts(hostile=True), reply=REPLIES)
def test_bodies_are_of_the_sdks_types(transcript: Transcript, reply: Reply) -> None:
    content = render(transcript, reply)
    if MEDIA_TYPE[reply.format] == "application/json":
        checked(TYPES[reply.format], json.loads(content))
    else:
        assert content.decode().endswith("\n") or not transcript.utterances


@given(transcript=transcripts(hostile=True), reply=REPLIES)
def test_streams_are_of_the_sdks_types_and_agree_with_the_body(transcript: Transcript, reply: Reply) -> None:
    *before, last = events(transcript, reply)
    for event in (*before, last):
        checked(EVENTS[event["type"]], event)
    assert last["type"] == "transcript.text.done"
    assert "".join(event["delta"] for event in before if "delta" in event) == last["text"]
    content = render(transcript, reply).decode()
    if reply.format == "diarized_json":
        assert [event for event in before if "delta" not in event] == json.loads(content)["segments"]
    if reply.format.endswith("json"):
        whole = json.loads(content)
        assert last["text"] == whole["text"]
        further = last.keys() - {"type", "text"}
        assert {name: last[name] for name in further} == {name: whole[name] for name in further}
    else:
        assert last["text"] == content.removesuffix("\n" if reply.format == "text" else "")


@given(transcript=transcripts(hostile=True))
def test_texts_are_inert_and_complete(transcript: Transcript) -> None:
    whole = body(transcript, Reply("diarized_json"))
    text = whole["text"]
    assert text == " ".join(segment["text"] for segment in whole["segments"])
    assert text == " ".join(text.split())
    assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    words = [word["word"] for segment in whole["segments"] for word in segment["words"]]
    assert "".join(words).replace(" ", "") == text.replace(" ", "")
    assert render(transcript, Reply("text")).decode() == f"{text}\n"
    assert body(transcript, Reply("json"))["text"] == body(transcript, Reply("verbose_json"))["text"] == text


@given(transcript=transcripts(hostile=True))
def test_tokens_make_up_the_text(transcript: Transcript) -> None:
    whole = body(transcript, Reply("json", logprobs=True))
    assert "".join(item["token"] for item in whole["logprobs"]) == whole["text"]
    assert b"".join(bytes(item["bytes"]) for item in whole["logprobs"]) == whole["text"].encode()
    *deltas, last = events(transcript, Reply("json", logprobs=True))
    assert [item for event in deltas for item in event["logprobs"]] == last["logprobs"] == whole["logprobs"]
    for event in deltas:
        assert "".join(item["token"] for item in event["logprobs"]) == event["delta"]


@given(transcript=transcripts(hostile=True))
def test_segments_are_in_order_of_time_and_say_who_talks_meanwhile(transcript: Transcript) -> None:
    segments = body(transcript, Reply("diarized_json"))["segments"]
    assert [segment["id"] for segment in segments] == [f"seg_{n:04d}" for n in range(1, len(segments) + 1)]
    assert all(one["start"] <= two["start"] for one, two in pairwise(segments))
    for one in segments:
        assert 0 <= one["start"] < one["end"]
        met = any(two["speaker"] != one["speaker"] and two["start"] < one["end"] and one["start"] < two["end"]
                  for two in segments)  # fmt: skip
        assert one["overlap"] or not met
        for word in one["words"]:
            assert one["start"] <= word["start"] < word["end"] <= one["end"]
            assert one["overlap"] or "overlap" not in word


@given(
    speakers=st.lists(
        st.sampled_from([*LABELS, "Ana", "A", "B", "agent", "a\nb", "a b", "CHANNEL_1", ""]), unique=True
    ),
    known=st.lists(st.sampled_from(["Ana", "A", "B", "C", "a  b"]), unique=True),
)
@example(speakers=[f"SPEAKER_{n:02d}" for n in range(60)], known=["AB"])
def test_labels_are_distinct_and_names_stay(speakers: list[str], known: list[str]) -> None:
    labels = labelled(speakers, known)
    assert list(labels) == speakers
    assert len(set(labels.values())) == len(speakers)
    for speaker, label in labels.items():
        assert speaker not in known or label == speaker
        assert speaker in known or label not in known
        assert not is_label(speaker) or re.fullmatch("[A-Z]+", label)
    letters = [label for speaker, label in labels.items() if is_label(speaker)]
    assert letters == sorted(letters, key=lambda label: (len(label), label))


def test_known_speakers_keep_their_names_and_no_other_gets_one() -> None:
    segments = body(CALL, Reply("diarized_json"), known=["A", "Ana"])["segments"]
    assert [segment["speaker"] for segment in segments] == ["B", "Ana", "C"]


def test_a_diarized_body() -> None:
    whole = body(CALL, Reply("diarized_json"))
    assert (whole["task"], whole["duration"], whole["usage"]) == (
        "transcribe",
        10.0,
        {"type": "duration", "seconds": 10},
    )
    assert whole["text"] == "Good evening. Hi, twenty-five Yes"
    assert whole["segments"][1] == {
        "type": "transcript.text.segment",
        "id": "seg_0002",
        "start": 1.2,
        "end": 2.8,
        "speaker": "Ana",
        "text": "Hi, twenty-five",
        "overlap": True,
        "words": [
            {"word": "Hi,", "start": 1.2, "end": 1.9, "probability": 0.5, "overlap": True},
            {"word": "twenty", "start": 1.9, "end": 2.4, "probability": None},
            {"word": "-five", "start": 2.4, "end": 2.8, "probability": None},
        ],
    }
    assert "overlap" not in whole["segments"][0]["words"][0]
    assert not whole["segments"][2]["overlap"]


def test_a_verbose_body() -> None:
    whole = body(CALL, Reply("verbose_json", words=True))
    assert (whole["language"], whole["duration"]) == ("german", 10.0)
    first, _, last = whole["segments"]
    assert (first["id"], first["start"], first["end"], first["text"]) == (0, 0.5, 1.5, "Good evening.")
    assert first["avg_logprob"] == pytest.approx(-0.1643, abs=1e-4)
    assert (first["speaker"], last["speaker"], last["avg_logprob"]) == ("A", "B", 0.0)
    assert [word["start"] for word in whole["words"]] == [0.5, 1.0, 1.2, 1.9, 2.4, 3.0]
    assert whole["words"][2] == {"word": "Hi,", "start": 1.2, "end": 1.9, "probability": 0.5, "speaker": "Ana"}
    assert "words" not in body(CALL, Reply("verbose_json"))
    assert "segments" not in body(CALL, Reply("verbose_json", words=True, segments=False))


def test_json_has_the_language_and_log_probabilities_on_request() -> None:
    assert body(CALL, Reply("json")) == {
        "text": "Good evening. Hi, twenty-five Yes",
        "languages": [{"code": "de"}],
        "usage": {"type": "duration", "seconds": 10.0},
    }
    items = body(CALL, Reply("json", logprobs=True))["logprobs"]
    assert [item["token"] for item in items] == ["Good", " evening.", " Hi,", " twenty", "-five", " Yes"]
    assert [item["logprob"] for item in items[3:]] == [None, None, 0.0]


@pytest.mark.parametrize("name", FORMATS)
def test_silence(name: ReplyFormat) -> None:
    silence = Transcript(5.0)
    content = render(silence, Reply(name))
    if name.endswith("json"):
        checked(TYPES[name], json.loads(content))
        assert json.loads(content)["text"] == ""
    assert [event["type"] for event in events(silence, Reply(name)) if event.get("delta")] == [
        "transcript.text.delta"
    ] * (name == "vtt")


@at_most(20)
@given(transcript=transcripts(hostile=True))
def test_subtitles_are_the_packages_and_streamed_by_cue(transcript: Transcript) -> None:
    assert render(transcript, Reply("srt")).decode() == srt.dumps(transcript, "")
    assert render(transcript, Reply("vtt")).decode() == vtt.dumps(transcript, "")
    *deltas, _ = events(transcript, Reply("srt"))
    assert len(deltas) == srt.dumps(transcript, "").count(" --> ")


def test_the_synthetic_dialogue() -> None:
    transcript = world.transcribed(world.OVERLAPPING)
    segments = body(transcript, Reply("diarized_json"))["segments"]
    assert [(s["speaker"], s["text"], s["overlap"]) for s in segments] == [
        ("A", "a1 a2", True),
        ("B", "b3 b4", True),
        ("A", "a5", False),
    ]
