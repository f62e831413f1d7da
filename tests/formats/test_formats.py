"""Formats by name and suffix, and properties of particular formats; `test_contract` has those of all formats."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline
from pipeline import formats
from pipeline.core.errors import FormatError
from pipeline.core.types import Provenance, Transcript, Turn, Utterance, Word
from pipeline.formats.base import Format
from pipeline.formats.words import overlapping
from tests.rendered import rendered
from tests.strategies import LABELS, transcripts

ALL = st.sampled_from(formats.names())
TEXTS = st.sampled_from([name for name in formats.names() if not formats.get(name).binary])


def renamed(transcript: Transcript, names: dict[str, str]) -> Transcript:
    """The transcript with other speakers' names."""

    def with_names(utterances: tuple[Utterance, ...]) -> tuple[Utterance, ...]:
        return tuple(replace(utterance, speaker=names[utterance.speaker]) for utterance in utterances)

    return replace(
        transcript,
        utterances=with_names(transcript.utterances),
        turns=tuple(replace(turn, speaker=names[turn.speaker]) for turn in transcript.turns),
        overlaps=tuple(
            replace(
                region,
                evidence=tuple(replace(entry, speaker=names[entry.speaker]) for entry in region.evidence),
                leaked=with_names(region.leaked),
            )
            for region in transcript.overlaps
        ),
        identities=tuple(replace(each, speaker=names[each.speaker]) for each in transcript.identities),
        corrections=tuple(
            replace(each, speaker=names[each.speaker], after=names[each.after]) for each in transcript.corrections
        ),
        roles=tuple(replace(each, speaker=names[each.speaker]) for each in transcript.roles),
    )


def test_names_and_modules_are_listed_without_importing_a_format() -> None:
    script = (
        "import sys; from pipeline import formats; listed = formats.built_in(); assert 'srt' in listed;"
        "print(sorted(set(listed.values()) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", formats.built_in())
def test_a_format_of_the_package_is_declared_by_its_module(name: str) -> None:
    module = importlib.import_module(formats.module_of(name))
    assert formats.get(name) is module.FORMAT
    assert module.FORMAT.name == name


@given(ALL, st.sampled_from(["meeting", "a.b", ".json", "x.stm"]))
def test_a_suffix_is_guessed_back(name: str, stem: str) -> None:
    assert formats.guess(Path("some.stm") / f"{stem}{formats.suffix(name)}") == name
    assert formats.guess(f"{stem}{formats.suffix(name)}".upper()) == name


def test_seglst_is_not_confused_with_json() -> None:
    assert formats.suffix("seglst") == ".seglst.json"
    assert formats.guess("a.seglst.json") == "seglst"
    assert formats.guess("a.json") == "json"


@pytest.mark.parametrize("path", ["meeting.wav", "meeting", "json", "a.stm.gz"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(path: str) -> None:
    with pytest.raises(FormatError, match=r"\.seglst\.json.*\.txt"):
        formats.guess(path)


def test_unknown_and_unreadable_formats_are_refused() -> None:
    with pytest.raises(FormatError, match="'odt'"):
        formats.dumps(Transcript(1.0), "odt")
    with pytest.raises(FormatError, match="'srt'") as caught:
        formats.loads("", "srt")
    assert "json" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("", ".x"), ("a b", ".x"), ("a,b", ".x"), ("x", "x"), ("x", "."), ("x", "./x"), ("x", "." * 17)],
)
def test_a_name_and_suffix_that_cannot_be_used_are_refused(name: str, suffix: str) -> None:
    with pytest.raises(ValueError, match="format"):
        Format(name, suffix, lambda transcript, session: b"")


def test_a_file_is_written_and_read_in_the_format_of_its_suffix(tmp_path: Path) -> None:
    talk = Transcript(1.0, (Utterance("A", (Word(0, 1, "hello"),)),), (Turn(0, 1, "A"),))
    path = tmp_path / "deep" / "TALK.Stm"
    pipeline.dump(talk, path)
    assert path.read_bytes() == formats.dumps(talk, "stm", "TALK")
    assert pipeline.load(path).utterances == talk.utterances
    pipeline.dump(talk, tmp_path / "talk.data", "json")
    assert pipeline.load(str(tmp_path / "talk.data"), "json") == talk
    with pytest.raises(FormatError, match=r"talk\.data"):
        pipeline.load(tmp_path / "talk.data")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_bytes_are_decoded_and_a_guess_is_reported(encoding: str) -> None:
    text = "m 1 Zoë 0 1 one\r\nm 1 A 1 2 two"
    read = formats.loads(text.encode(encoding), "stm")
    assert replace(read, notices=()) == formats.loads(text, "stm")
    assert [notice.code for notice in read.notices] == ["encoding"] * (encoding == "cp1252")


def test_a_session_is_named_after_its_recording() -> None:
    turns = (Turn(0.0, 1.0, "A"),)
    assert " meeting " in rendered(Transcript(1.0, turns=turns, provenance=Provenance("x/meeting.wav", "")), "rttm")
    assert " recording " in rendered(Transcript(1.0, turns=turns), "rttm")
    assert " other " in rendered(Transcript(1.0, turns=turns), "rttm", "other")


def test_json_has_one_session() -> None:
    transcript = Transcript(1.0, provenance=Provenance("meeting.wav", ""))
    assert formats.loads_sessions(rendered(transcript, "json"), "json") == {"meeting": transcript}


@given(transcripts(), TEXTS)
def test_renaming_speakers_commutes_with_writing(transcript: Transcript, name: str) -> None:
    others = {label: label.replace("SPEAKER_", "TALKING_") for label in LABELS}
    fixed = r'"checksum": "\w+"|"key":"\w+"|(?s:<script type="module">.*?</script>)'
    before, after = (re.sub(fixed, "", rendered(talk, name)) for talk in (transcript, renamed(transcript, others)))
    assert after == before.replace("SPEAKER_", "TALKING_")


@given(st.lists(transcripts(hostile=True), min_size=2, max_size=3), st.sampled_from(["rttm", "ctm", "stm"]))
def test_several_sessions_in_one_text(several: list[Transcript], name: str) -> None:
    texts = {f"talk{i}": rendered(transcript, name, f"talk{i}") for i, transcript in enumerate(several)}
    sessions = formats.loads_sessions("".join(texts.values()), name)
    assert sessions == {session: formats.loads(text, name) for session, text in texts.items() if text}


@given(transcripts())
def test_an_overlap_is_when_two_speakers_share_time(transcript: Transcript) -> None:
    utterances = transcript.utterances
    expected = {
        i
        for i, one in enumerate(utterances)
        for two in utterances
        if one.speaker != two.speaker and one.start < two.end and two.start < one.end
    }
    assert overlapping(utterances) == expected


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
        "qda": "[00:00:12] SPEAKER_00: Hello there.\n[00:00:14] Dr. No: No, no-one.\n",
        "podcast": '{"version": "1.0.0", "segments": [\n'
        '{"speaker": "SPEAKER_00", "startTime": 12.34, "endTime": 15.0, "body": "Hello there."},\n'
        '{"speaker": "Dr. No", "startTime": 14.1, "endTime": 16.5, "body": "No, no-one."}\n]}\n',
        "srt": "1\n00:00:12,340 --> 00:00:15,000\nSPEAKER_00: Hello there.\n\n"
        "2\n00:00:14,100 --> 00:00:16,500\nDr. No: No, no-one.\n",
        "vtt": "WEBVTT\n\n1\n00:00:12.340 --> 00:00:15.000\n<v SPEAKER_00>Hello there.\n\n"
        "2\n00:00:14.100 --> 00:00:16.500\n<v Dr. No>No, no-one.\n",
    }
    assert {name: rendered(talk, name, "talk") for name in golden} == golden
