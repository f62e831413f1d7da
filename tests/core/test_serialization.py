"""Plain data: every value comes back, through JSON too."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.serialization import from_plain, to_plain
from pipeline.core.types import Notice, Transcript, Turn
from pipeline.models.protocols import Diarization
from pipeline.stages.recognition.stage import Recognition
from tests import strategies


@given(strategies.transcripts())
def test_transcripts_come_back(transcript: Transcript) -> None:
    assert from_plain(Transcript, json.loads(json.dumps(to_plain(transcript)))) == transcript


@given(strategies.turns(), strategies.utterances())
def test_what_stages_keep_comes_back(turns: tuple[Turn, ...], said: tuple[object, ...]) -> None:
    kept = Diarization(turns, (Notice("code", "words"),))
    back = from_plain(Diarization, json.loads(json.dumps(to_plain(kept))))
    assert back == kept
    assert [turn.margin for turn in back.turns] == [turn.margin for turn in turns]
    heard = Recognition("en", said)  # type: ignore[arg-type]
    assert from_plain(Recognition, json.loads(json.dumps(to_plain(heard)))) == heard


@given(
    st.sampled_from(
        [None, 5, [], {}, "turns", {"turns": 5}, {"turns": [{}], "notices": []}, {"turns": [None], "notices": []},
         {"turns": [{"start": 2, "end": 1, "speaker": "A", "margin": None}], "notices": []},
         {"turns": [{"start": "1", "end": 2, "speaker": "A", "margin": None}], "notices": []}]
    )
)  # fmt: skip
def test_what_does_not_fit_is_refused(data: object) -> None:
    with pytest.raises((TypeError, KeyError, ValueError)):
        from_plain(Diarization, data)
