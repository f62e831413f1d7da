"""The JSON of Crosstalk: nothing lost, the same bytes, strict reading that names the place."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given

from pipeline.core.errors import FormatError
from pipeline.core.types import Notice, OverlapDecision, Provenance, SpeakerEvidence, Transcript, Turn, Utterance, Word
from pipeline.formats.crosstalk_json import dumps, loads
from pipeline.formats.rounding import rounded
from tests.strategies import transcripts

HELLO = Utterance("SPEAKER_00", (Word(0.5, 0.8, "Hello", 0.93), Word(0.8, 1.1, "there.", 0.5, origin="separated")))
YES = Utterance("SPEAKER_01", (Word(1.0, 1.2, "Yes."),))
TALK = Transcript(
    duration=3.5,
    utterances=(HELLO, YES),
    turns=(Turn(0.4, 1.2, "SPEAKER_00", 0.25), Turn(1.0, 1.25, "SPEAKER_01")),
    overlaps=(
        OverlapDecision(
            1.0,
            1.2,
            (SpeakerEvidence("SPEAKER_00"), SpeakerEvidence("SPEAKER_01", "Yes.")),
            "nmf",
            "mixture",
            "no gain",
        ),
    ),
    language="en",
    notices=(Notice("gap", "0.2 s are missing"),),
    provenance=Provenance("talk.wav", "00", {"b": {"x": [1, None]}, "a": 1}),
)
GOLDEN = """\
{
  "version": "crosstalk/1",
  "duration": 3.5,
  "status": "ok",
  "speakers": ["SPEAKER_00", "SPEAKER_01"],
  "utterances": [
    {
      "speaker": "SPEAKER_00",
      "start": 0.5,
      "end": 1.1,
      "text": "Hello there.",
      "words": [
        {"start": 0.5, "end": 0.8, "text": "Hello", "probability": 0.93},
        {"start": 0.8, "end": 1.1, "text": "there.", "probability": 0.5, "origin": "separated"}
      ]
    },
    {
      "speaker": "SPEAKER_01",
      "start": 1.0,
      "end": 1.2,
      "text": "Yes.",
      "words": [
        {"start": 1.0, "end": 1.2, "text": "Yes."}
      ]
    }
  ],
  "turns": [
    {"start": 0.4, "end": 1.2, "speaker": "SPEAKER_00", "margin": 0.25},
    {"start": 1.0, "end": 1.25, "speaker": "SPEAKER_01"}
  ],
"""


@given(transcripts(hostile=True))
def test_nothing_is_lost_but_parts_of_milliseconds(transcript: Transcript) -> None:
    text = dumps(transcript)
    read = loads(text)
    assert read == rounded(transcript)
    assert loads(dumps(read)) == read
    assert [(u.speaker, u.text) for u in read.utterances] == [(u.speaker, u.text) for u in transcript.utterances]
    assert {(t.speaker, t.margin) for t in read.turns} == {(t.speaker, t.margin) for t in transcript.turns}
    assert not re.search(r'"(start|end|duration)": [0-9]+\.[0-9]{4}', text)
    assert dumps(read) == text


@given(transcripts(hostile=True))
def test_is_json_of_visible_characters(transcript: Transcript) -> None:
    text = dumps(transcript)
    assert text.replace("\n", "").isprintable()
    assert loads(text.encode("utf-8").decode("utf-8")) == loads(text)
    data = json.loads(text)
    assert data["status"] == transcript.status
    assert [u["text"] for u in data["utterances"]] == [u.text for u in transcript.utterances]


def test_golden() -> None:
    assert dumps(TALK).startswith(GOLDEN)
    assert '"settings": {\n      "a": 1,\n      "b": {\n        "x": [1, null]' in dumps(TALK)


def changed(path: str, value: Any) -> str:
    """TALK's JSON with one thing changed; ``...`` deletes it."""
    data = json.loads(dumps(TALK))
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    inner = data
    for key in way:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("version", "crosstalk/2", "version: 'crosstalk/2' is not 'crosstalk/1'"),
        ("version", ..., "version: None is not"),
        ("duration", ..., "duration: is missing"),
        ("duration", "3", "duration: must be"),
        ("duration", True, "duration: must be"),
        ("duration", 10**400, "duration: must be"),
        ("complete", 1, "complete: must be"),
        ("language", 7, "language: must be"),
        ("colour", 1, "colour: is not known"),
        ("utterances", {}, "utterances: must be"),
        ("utterances.0.words.1.end", 0.1, "utterances[0].words[1]: a span needs"),
        ("utterances.0.words.1.end", None, "utterances[0].words[1].end: must be"),
        ("utterances.0.words.0.pitch", 4, "utterances[0].words[0].pitch: is not known"),
        ("utterances.0.words.0.origin", "radio", "utterances[0].words[0].origin: must be"),
        ("utterances.0.text", 7, "utterances[0].text: must be"),
        ("utterances.0.start", 0.2, "utterances[0].start: is 0.2, but the first word starts at 0.5"),
        ("utterances.0.end", 5.0, "utterances[0].end: is 5, but the last word ends at 1.1"),
        ("speakers", "Anna", "speakers: must be"),
        ("overlaps.0.evidence.1", 3, "overlaps[0].evidence[1]: must be"),
        ("provenance.models", {"segmentation": 3}, "provenance.models.segmentation: must be"),
    ],
)
def test_errors_name_the_place(path: str, value: Any, message: str) -> None:
    with pytest.raises(FormatError, match=f"^{re.escape(message)}"):
        loads(changed(path, value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "SegLST"),
        ("7", "version"),
        ("[" * 100_000, "not JSON"),
        ('{"version": "crosstalk/1", "duration": NaN}', "NaN"),
        ('{"version": "crosstalk/1", "duration": 1, "duration": 2}', "'duration'"),
    ],
)
def test_other_data_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        loads(text)


def test_derived_keys_may_be_left_out() -> None:
    assert loads(changed("utterances.0.text", ...)) == TALK
    data = json.loads(dumps(TALK))
    for place in (data, *data["utterances"]):
        for key in ("status", "speakers", "checksum", "start", "end", "text"):
            place.pop(key, None)
    assert loads(json.dumps(data)) == TALK


@given(transcripts(hostile=True))
def test_rounding_twice_changes_nothing(transcript: Transcript) -> None:
    once = rounded(transcript)
    assert rounded(once) == once
    assert list(once.turns) == sorted(once.turns)
    assert [u.start for u in once.utterances] == sorted(u.start for u in once.utterances)
    assert all(item.end <= once.duration for item in (*once.turns, *once.utterances, *once.overlaps))
    for speaker in once.speakers:
        for items in (
            [t for t in once.turns if t.speaker == speaker],
            [w for u in once.utterances if u.speaker == speaker for w in u.words],
        ):
            assert all(one.end <= two.start for one, two in pairwise(items))


def test_a_value_json_cannot_hold_is_never_written() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        dumps(Transcript(1.0, turns=(Turn(0, 1, "A", float("nan")),)))
