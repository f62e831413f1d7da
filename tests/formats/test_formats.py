"""The table of formats, and the laws that hold for all of them."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.errors import FormatError
from pipeline.core.types import Provenance, Transcript, Turn, Utterance, Word
from pipeline.formats.words import overlapping
from tests.strategies import LABELS, transcripts

ALL = st.sampled_from(formats.names())
READABLE = st.sampled_from(formats.readable())


def renamed(transcript: Transcript, names: dict[str, str]) -> Transcript:
    """The same talk by people of other names."""

    def said(utterances: tuple[Utterance, ...]) -> tuple[Utterance, ...]:
        return tuple(replace(utterance, speaker=names[utterance.speaker]) for utterance in utterances)

    return replace(
        transcript,
        utterances=said(transcript.utterances),
        turns=tuple(replace(turn, speaker=names[turn.speaker]) for turn in transcript.turns),
        overlaps=tuple(
            replace(
                region,
                evidence=tuple(replace(voice, speaker=names[voice.speaker]) for voice in region.evidence),
                leaked=said(region.leaked),
            )
            for region in transcript.overlaps
        ),
    )


def test_the_table_names_what_the_modules_can() -> None:
    for name, path in formats._MODULES.items():
        module = importlib.import_module(path)
        assert hasattr(module, "loads") == (name in formats.readable())
        assert callable(module.dumps)


@given(ALL, st.sampled_from(["meeting", "a.b", ".json", "x.stm"]))
def test_a_suffix_is_guessed_back(name: str, stem: str) -> None:
    assert formats.guess(Path("some.stm") / f"{stem}{formats.suffix(name)}") == name
    assert formats.guess(f"{stem}{formats.suffix(name)}".upper()) == name


def test_seglst_is_not_taken_for_json() -> None:
    assert formats.suffix("seglst") == ".seglst.json"
    assert formats.guess("a.seglst.json") == "seglst"
    assert formats.guess("a.json") == "json"


@pytest.mark.parametrize("path", ["meeting.wav", "meeting", "json", "a.stm.gz"])
def test_an_unknown_suffix_is_refused_with_what_is_known(path: str) -> None:
    with pytest.raises(FormatError, match=r"\.txt.*\.seglst\.json"):
        formats.guess(path)


def test_unknown_and_unreadable_formats_are_refused() -> None:
    with pytest.raises(FormatError, match="'docx' cannot be known; one of txt"):
        formats.dumps(Transcript(1.0), "docx")
    with pytest.raises(FormatError, match="'srt' cannot be read; one of json"):
        formats.loads("", "srt")


def test_a_session_is_named_after_its_recording() -> None:
    turns = (Turn(0.0, 1.0, "A"),)
    assert " meeting " in formats.dumps(
        Transcript(1.0, turns=turns, provenance=Provenance("x/meeting.wav", "")), "rttm"
    )
    assert " recording " in formats.dumps(Transcript(1.0, turns=turns), "rttm")
    assert " other " in formats.dumps(Transcript(1.0, turns=turns), "rttm", "other")


def test_own_json_has_one_session() -> None:
    transcript = Transcript(1.0, provenance=Provenance("meeting.wav", ""))
    assert formats.loads_sessions(formats.dumps(transcript, "json"), "json") == {"meeting": transcript}


@given(transcripts(hostile=True), ALL)
def test_the_same_transcript_gives_the_same_utf8_text(transcript: Transcript, name: str) -> None:
    text = formats.dumps(transcript, name)
    assert formats.dumps(transcript, name) == text
    assert text.encode("utf-8").decode("utf-8") == text
    assert "\r" not in text
    unseen = {c for c in text if not c.isprintable() and c not in "\n\t\u200c\u200d"}
    assert not unseen & {*map(chr, range(0xA0)), *"\u2028\u2029\u202e\u2066\ufeff"}


@given(transcripts(), ALL)
def test_renaming_speakers_commutes_with_writing(transcript: Transcript, name: str) -> None:
    others = {label: label.replace("SPEAKER_", "TALKING_") for label in LABELS}
    before, after = (
        re.sub(r'"checksum": "\w+"', "", formats.dumps(talk, name))
        for talk in (transcript, renamed(transcript, others))
    )
    assert after == before.replace("SPEAKER_", "TALKING_")


@given(transcripts(ledger=False), READABLE)
def test_reading_and_writing_settle_at_once(transcript: Transcript, name: str) -> None:
    text = formats.dumps(transcript, name, "talk")
    sessions = formats.loads_sessions(text, name)
    assert len(sessions) <= 1
    for session, read in sessions.items():
        again = formats.dumps(read, name, session)
        one, two = (sorted(line.rstrip(",") for line in lines.splitlines()) for lines in (again, text))
        assert one == two, "rows that begin together may change places"
        assert formats.loads(again, name) == read


@given(st.lists(transcripts(hostile=True), min_size=2, max_size=3), st.sampled_from(["rttm", "ctm", "stm"]))
def test_several_sessions_in_one_text(several: list[Transcript], name: str) -> None:
    texts = {f"talk{i}": formats.dumps(transcript, name, f"talk{i}") for i, transcript in enumerate(several)}
    sessions = formats.loads_sessions("".join(texts.values()), name)
    assert sessions == {session: formats.loads(text, name) for session, text in texts.items() if text}


@given(transcripts())
def test_an_overlap_is_when_two_speakers_share_time(transcript: Transcript) -> None:
    said = transcript.utterances
    expected = {
        i
        for i, one in enumerate(said)
        for two in said
        if one.speaker != two.speaker and one.start < two.end and two.start < one.end
    }
    assert overlapping(said) == expected


def test_golden_lines() -> None:
    hello = Utterance("SPEAKER_00", (Word(12.34, 13, "Hello", 0.9), Word(13, 15, "there.")))
    no = Utterance(
        "Dr. No", (Word(14.1, 16.26, "No,"), Word(16.3, 16.4, "no", 0.5), Word(16.4, 16.5, "-one.", 0.25, True))
    )
    turns = (Turn(12.3, 15, "SPEAKER_00"), Turn(14, 16.5, "Dr. No"))
    talk = Transcript(20.0, (hello, no), turns)
    golden = {
        "txt": "[00:00:12.3 – 00:00:15.0] ‖ SPEAKER_00: Hello there.\n"
        "[00:00:14.1 – 00:00:16.5] ‖ Dr. No: No, no-one.\n",
        "stm": "talk 1 SPEAKER_00 12.340 15.000 Hello there.\ntalk 1 Dr._No 14.100 16.500 No, no-one.\n",
        "rttm": "SPEAKER talk 1 12.300 2.700 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
        "SPEAKER talk 1 14.000 2.500 <NA> <NA> Dr._No <NA> <NA>\n",
        "ctm": "talk SPEAKER_00 12.340 0.660 Hello 0.900\ntalk SPEAKER_00 13.000 2.000 there.\n"
        "talk Dr._No 14.100 2.160 No,\ntalk Dr._No 16.300 0.200 no-one. 0.250\n",
        "tsv": "start\tend\tspeaker\ttext\n"
        "12.340\t15.000\tSPEAKER_00\tHello there.\n14.100\t16.500\tDr. No\tNo, no-one.\n",
        "csv": 'start,end,speaker,text\n12.340,15.000,SPEAKER_00,Hello there.\n14.100,16.500,Dr. No,"No, no-one."\n',
        "labels": "12.300\t15.000\tSPEAKER_00\n14.000\t16.500\tDr. No\n",
        "seglst": '[\n{"session_id": "talk", "speaker": "SPEAKER_00", "start_time": 12.34, "end_time": 15.0,'
        ' "words": "Hello there."},\n{"session_id": "talk", "speaker": "Dr. No", "start_time": 14.1, "end_time": 16.5,'
        ' "words": "No, no-one."}\n]\n',
        "srt": "1\n00:00:12,340 --> 00:00:15,000\nSPEAKER_00: Hello there.\n\n"
        "2\n00:00:14,100 --> 00:00:16,500\nDr. No: No, no-one.\n",
        "vtt": "WEBVTT\n\n1\n00:00:12.340 --> 00:00:15.000\n<v SPEAKER_00>Hello there.\n\n"
        "2\n00:00:14.100 --> 00:00:16.500\n<v Dr. No>No, no-one.\n",
    }
    assert {name: formats.dumps(talk, name, "talk") for name in golden} == golden
