"""Reading what the world writes, and agreement with MeetEval's own readers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.errors import FormatError
from pipeline.formats.inert import clean, distinct, token
from pipeline.formats.sessions import interpolated
from pipeline.values import Transcript, Turn
from tests.strategies import transcripts

STM = """\
;; a comment
;; CATEGORY "0" "" ""
meeting 1 Anna 0.5 2.5 <o,f0,male> and then <unk> said
other A Bert 1 2 yes\r
meeting 1 inter_segment_gap 2.5 3.0 <o,,unknown> ignore_time_segment_in_scoring

meeting 1 Bert 2.0 3.25
"""
RTTM = """\
;; comment
SPKR-INFO meeting 1 <NA> <NA> <NA> unknown Anna <NA>
SPEAKER meeting 1 0.1 0.2 <NA> <NA> Anna <NA> <NA>
SPEAKER meeting 1 0.30 1.5 <NA> <NA> Anna 0.9
LEXEME meeting 1 0.3 0.2 word lex Anna 0.5
SPEAKER other 1 3 4 <NA> <NA> Bert <NA>
"""
CTM = """\
;; comment
meeting A 1.0 0.5 hello 0.98
meeting A 0.5 0.25 oh
meeting B 1.25 0.5 yes NA lex Bert
meeting A 3.5 0.5 bye <NA>
"""


def test_stm_of_the_world() -> None:
    sessions = formats.loads_sessions(STM, "stm")
    assert list(sessions) == ["meeting", "other"]
    meeting = sessions["meeting"]
    assert [(u.speaker, u.start, u.end, u.text) for u in meeting.utterances] == [
        ("Anna", 0.5, 2.5, "and then <unk> said")
    ]
    assert meeting.turns == (Turn(0.5, 2.5, "Anna"), Turn(2.0, 3.25, "Bert"))
    assert meeting.duration == 3.25
    assert [notice.message for notice in meeting.warnings] == ["line 5 is marked as not to be scored and was left out"]
    assert sessions["other"].utterances[0].text == "yes"


def test_rttm_of_the_world() -> None:
    sessions = formats.loads_sessions(RTTM, "rttm")
    assert sessions["meeting"].turns == (Turn(0.1, 0.3, "Anna"), Turn(0.3, 1.8, "Anna"))
    assert sessions["other"] == Transcript(7.0, turns=(Turn(3.0, 7.0, "Bert"),))


def test_ctm_of_the_world() -> None:
    read = formats.loads("\ufeff" + CTM.replace("\n", "\r\n"), "ctm")
    assert [(u.speaker, u.start, u.end, u.text) for u in read.utterances] == [
        ("A", 0.5, 1.5, "oh hello"),
        ("Bert", 1.25, 1.75, "yes"),
        ("A", 3.5, 4.0, "bye"),
    ]
    assert [word.probability for word in read.words] == [None, 0.98, None, None]


def test_seglst_of_the_world() -> None:
    segment = {"session_id": "S1", "speaker": 3, "start_time": "1.10", "end_time": 2, "words": "oh yes", "ref": [{}]}
    read = formats.loads(json.dumps([segment]), "seglst")
    assert [(u.speaker, u.start, u.end, u.text) for u in read.utterances] == [("3", 1.1, 2.0, "oh yes")]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("stm", "\nm 1 A 0.5 hello there", "line 2: the end, 'hello', is not a number"),
        ("stm", "m 1 A 0.5", "line 1: an STM line has at least 5 fields"),
        ("stm", "m 1 A 2 1 hello", "line 1: from 2.0 to 1.0 s is no piece"),
        ("stm", "m 1 A 1 1 hello", "line 1: from 1.0 to 1.0 s is no piece"),
        ("stm", "m 1 A -1 1 hello", "line 1: from -1.0 to 1.0 s is no piece"),
        ("stm", "m 1 A nan 1 hello", "line 1: the start, 'nan', is not a number"),
        ("stm", "m 1 A 0 1e999 hello", "line 1: the end, '1e999', is not a number"),
        ("stm", "m 1 A 0 1_0 hello", "line 1: the end, '1_0', is not a number"),
        ("rttm", "\r\n\rSPEAKER m 1 0 0 <NA> <NA> A <NA> <NA>", "line 3: from 0.0 to 0.0 s"),
        ("rttm", "SPEAKER m 1 0 1 <NA> <NA> A B <NA> <NA>", "line 1: a SPEAKER line has 8 to 10 fields, this one 11"),
        ("rttm", "SPEAKER m 1 x 1 <NA> <NA> A <NA>", "line 1: the start, 'x', is not a number"),
        ("ctm", "m A 0 1", "line 1: a CTM line has 5 to 8 fields, this one 4"),
        ("ctm", "m A * * <ALT_BEGIN>", "line 1: the start, '*', is not a number"),
        ("ctm", "m A 0 1 word sure", "line 1: the confidence, 'sure', is not a number"),
        ("ctm", "m A 1 -0.5 word", "line 1: from 1.0 to 0.5 s"),
        ("seglst", "{}", "a SegLST file is a JSON array"),
        ("seglst", "[", "not JSON"),
        ("seglst", "[3]", "segment 1: not an object"),
        ("seglst", '[{"session_id": "m", "speaker": "A", "words": ""}]', "segment 1: start_time is missing"),
        ("seglst", '[{"session_id": "m", "speaker": "A", "words": ["a"]}]', "segment 1: words is neither"),
        ("stm", "", "one recording was expected, but the text holds no recording"),
        ("stm", "a 1 A 0 1 x\nb 1 A 0 1 x", "one recording was expected, but the text holds 2 recordings (a, b, ...)"),
    ],
)
def test_errors_name_the_place(name: str, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=f"^{re.escape(message)}"):
        formats.loads(text, name)


@given(transcripts(ledger=False))
def test_utterance_formats_keep_speakers_words_and_milliseconds(transcript: Transcript) -> None:
    assume(transcript.utterances)
    for name in ("stm", "seglst"):
        read = formats.loads(formats.dumps(transcript, name), name)
        expected = [
            (u.speaker, u.text.split(), round(u.start * 1000), round(u.end * 1000)) for u in transcript.utterances
        ]
        found = [(u.speaker, u.text.split(), round(u.start * 1000), round(u.end * 1000)) for u in read.utterances]
        assert sorted(found) == sorted(expected)
        assert read.duration == max(u.end for u in read.utterances)


@given(transcripts(ledger=False))
def test_ctm_has_the_words_of_stm(transcript: Transcript) -> None:
    assume(transcript.utterances)
    texts = {name: formats.dumps(transcript, name) for name in ("ctm", "stm")}
    by_word, by_line = (formats.loads(text, name) for name, text in texts.items())
    for speaker in by_line.speakers:
        said = [
            [w.text for u in read.utterances if u.speaker == speaker for w in u.words] for read in (by_word, by_line)
        ]
        assert sorted(said[0]) == sorted(said[1])


@given(transcripts(hostile=True))
def test_rttm_keeps_the_turns(transcript: Transcript) -> None:
    assume(transcript.turns)
    names = distinct(transcript.speakers)
    read = formats.loads(formats.dumps(transcript, "rttm"), "rttm")
    expected = [(names[t.speaker], round(t.start * 1000), round(t.end * 1000)) for t in transcript.turns]
    assert sorted((t.speaker, round(t.start * 1000), round(t.end * 1000)) for t in read.turns) == sorted(expected)


@given(transcripts(hostile=True), st.sampled_from(["a b", ";;x", "", "\n", "=1"]))
def test_meeteval_reads_the_same_rows(transcript: Transcript, session: str) -> None:
    io = pytest.importorskip("meeteval.io")
    names = distinct(transcript.speakers)
    stm = io.STM.parse(formats.dumps(transcript, "stm", session))
    assert [line.speaker_id for line in stm] == [names[u.speaker] for u in transcript.utterances]
    assert {line.filename for line in stm} <= {token(session)}
    spoken = [clean(utterance.text).split() for utterance in transcript.utterances]
    assert [line.transcript.replace("‹", "<").split() for line in stm] == [
        [word.replace("‹", "<") for word in words] for words in spoken
    ]
    segments = io.SegLST(json.loads(formats.dumps(transcript, "seglst", session)))
    assert [segment["words"].split() for segment in segments] == spoken
    rttm = io.RTTM.parse(formats.dumps(transcript, "rttm", session))
    assert [line.speaker_id for line in rttm] == [names[t.speaker] for t in transcript.turns]
    ctm = io.CTM.parse(formats.dumps(transcript, "ctm", session))
    assert all(line.filename == token(session) and line.duration > 0 for line in ctm)
    assert len(ctm) == len(formats.dumps(transcript, "ctm", session).splitlines())


@given(transcripts(hostile=True))
def test_own_readers_agree_with_meeteval(transcript: Transcript) -> None:
    io = pytest.importorskip("meeteval.io")
    assume(transcript.utterances)
    text = formats.dumps(transcript, "stm", "talk")
    theirs = [(float(x.begin_time), float(x.end_time), x.speaker_id, x.transcript.split()) for x in io.STM.parse(text)]
    ours = formats.loads(text, "stm")
    turns = {(turn.start, turn.end, turn.speaker) for turn in ours.turns}
    assert turns == {line[:3] for line in theirs}
    assert sorted((u.start, u.end, u.speaker, [w.text for w in u.words]) for u in ours.utterances) == sorted(
        line for line in theirs if line[3]
    )


@given(st.lists(st.text("abcß", min_size=1), min_size=1, max_size=9), st.floats(0, 1e4), st.floats(0.01, 100))
def test_interpolated_words_fill_the_turn_as_meeteval_does(words: list[str], start: float, length: float) -> None:
    timing = pytest.importorskip("meeteval.wer.wer.time_constrained")
    found = interpolated(Turn(start, start + length, "A"), " ".join(words), "line 1")
    assert (found[0].start, found[-1].end) == (start, start + length)
    expected = timing.character_based((start, start + length), words)
    assert [time for w in found for time in (w.start, w.end)] == pytest.approx(
        [time for pair in expected for time in pair]
    )


def test_too_many_words_for_a_moment_are_refused() -> None:
    with pytest.raises(FormatError, match=r"line 7: .* too short for 2 words"):
        interpolated(Turn(1.0, 1.0 + 2**-52, "A"), "oh yes", "line 7")


def test_real_references_are_read(shared_data: Path) -> None:
    for path in sorted((shared_data / "ami").glob("*.stm")):
        stm = formats.loads(path.read_text("utf-8"), formats.guess(path))
        rttm = formats.loads(path.with_suffix(".rttm").read_text("utf-8"), "rttm")
        assert set(stm.speakers) == set(rttm.speakers)
        assert len(stm.words) == sum(len(line.split()) - 5 for line in path.read_text("utf-8").splitlines())


def test_the_vendors_sample_is_read(sample: Path) -> None:
    stm = formats.loads(sample.with_suffix(".stm").read_text("utf-8"), "stm")
    rttm = formats.loads(sample.with_suffix(".rttm").read_text("utf-8"), "rttm")
    assert stm.utterances[0].text == "Hello?"
    assert len(stm.speakers) == len(rttm.speakers) == 2
