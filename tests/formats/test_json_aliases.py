"""JSON of version 0.1.0: nothing is lost, a notice names the old keys, and new files have the new keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from pipeline.core.errors import FormatError
from pipeline.core.types import Transcript
from pipeline.formats.crosstalk_json import checksum_of_old_keys, dumps, loads
from pipeline.formats.json_aliases import OLD_KEYS, with_current_keys, with_old_keys
from pipeline.formats.rounding import rounded
from tests.strategies import transcripts

WRITTEN_BY_0_1_0 = Path(__file__).parent / "data" / "version_0_1_0.json"
"""A synthetic conversation with each old key, written by version 0.1.0."""


def keys(data: Any) -> set[str]:
    """The keys of all objects except those inside the provenance."""
    if isinstance(data, list):
        return set().union(*map(keys, data))
    if not isinstance(data, dict):
        return set()
    return set(data).union(*(keys(value) for key, value in data.items() if key != "provenance"))


def test_a_file_of_version_0_1_0_is_read_with_a_notice() -> None:
    text = WRITTEN_BY_0_1_0.read_text(encoding="utf-8")
    assert set(OLD_KEYS) <= keys(json.loads(text))
    transcript = loads(text)
    assert [notice.code for notice in transcript.notices] == ["gap", "deprecated_key"]
    assert [word.no_space for word in transcript.utterances[0].words] == [False, True]
    (region,) = transcript.overlaps
    assert [(e.speaker, e.similarity, e.nearest_other) for e in region.evidence] == [
        ("SPEAKER_00", 0.9997, 0.0218),
        ("SPEAKER_01", 0.9996, 0.0262),
    ]
    assert transcript.provenance is not None
    assert transcript.provenance.settings["diarization"]["clustering"] == "tracklets"
    assert not set(OLD_KEYS) & keys(json.loads(dumps(transcript)))
    assert loads(dumps(transcript)) == rounded(transcript)


@given(transcripts(hostile=True))
def test_old_keys_are_no_edit(transcript: Transcript) -> None:
    written = rounded(transcript)
    data = with_old_keys(json.loads(dumps(written)))
    data["checksum"] = checksum_of_old_keys(written)
    read = loads(json.dumps(data))
    assert [notice.code for notice in read.notices[len(written.notices) :]] == ["deprecated_key"]
    assert read.utterances == written.utterances
    assert read.overlaps == written.overlaps
    assert with_current_keys(data)[0] | {"checksum": ""} == json.loads(dumps(written)) | {"checksum": ""}


@pytest.mark.parametrize("old", OLD_KEYS)
def test_a_key_in_both_spellings_is_refused(old: str) -> None:
    data = {"version": "crosstalk/1", "duration": 1.0, "removed": [{old: [], OLD_KEYS[old]: []}]}
    with pytest.raises(FormatError, match=rf"removed\[0\]\.{old}: "):
        loads(json.dumps(data))
