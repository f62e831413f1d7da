"""Readers: files as other tools write them, and agreement with MeetEval's readers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.errors import FormatError
from pipeline.core.timeline import spread
from pipeline.core.types import Span, Transcript, Turn, Unscored
from pipeline.formats.reading import read_file, read_transcript
from pipeline.formats.sanitize import clean, distinct, token
from tests.rendered import rendered
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


def test_stm_as_other_tools_write_it() -> None:
    sessions = formats.loads_sessions(STM, "stm")
    assert list(sessions) == ["meeting", "other"]
    meeting = sessions["meeting"]
    assert [(u.speaker, u.start, u.end, u.text) for u in meeting.utterances] == [
        ("Anna", 0.5, 2.5, "and then <unk> said")
    ]
    assert meeting.turns == (Turn(0.5, 2.5, "Anna"), Turn(2.0, 3.25, "Bert"))
    assert meeting.duration == 3.25
    assert [notice.code for notice in meeting.notices] == ["unscored"]
    assert "line 5" in meeting.notices[0].message
    assert formats.unscored(STM, "stm") == {"meeting": (Unscored(2.5, 3.0, "1"),)}
    assert sessions["other"].utterances[0].text == "yes"


def test_rttm_as_other_tools_write_it() -> None:
    sessions = formats.loads_sessions(RTTM, "rttm")
    assert sessions["meeting"].turns == (Turn(0.1, 0.3, "Anna"), Turn(0.3, 1.8, "Anna"))
    assert sessions["other"] == Transcript(7.0, turns=(Turn(3.0, 7.0, "Bert"),))


def test_ctm_as_other_tools_write_it() -> None:
    read = formats.loads("\ufeff" + CTM.replace("\n", "\r\n"), "ctm")
    assert [(u.speaker, u.start, u.end, u.text) for u in read.utterances] == [
        ("A", 0.5, 1.5, "oh hello"),
        ("Bert", 1.25, 1.75, "yes"),
        ("A", 3.5, 4.0, "bye"),
    ]
    assert [word.probability for word in read.words] == [None, 0.98, None, None]


def test_seglst_as_other_tools_write_it() -> None:
    segment = {"session_id": "S1", "speaker": 3, "start_time": "1.10", "end_time": 2, "words": "oh yes", "ref": [{}]}
    read = formats.loads(json.dumps([segment]), "seglst")
    assert [(u.speaker, u.start, u.end, u.text) for u in read.utterances] == [("3", 1.1, 2.0, "oh yes")]


@pytest.mark.parametrize(
    ("name", "text", "place", "detail"),
    [
        ("stm", "\nm 1 A 0.5 hello there", "line 2: ", "'hello'"),
        ("stm", "m 1 A 0.5", "line 1: ", "STM"),
        ("stm", "m 1 A -1 1 hello", "line 1: ", "1 s before"),
        ("stm", "m 1 A nan 1 hello", "line 1: ", "'nan'"),
        ("stm", "m 1 A 0 1e999 hello", "line 1: ", "'1e999'"),
        ("stm", "m 1 A 0 1_0 hello", "line 1: ", "'1_0'"),
        ("rttm", "\r\n\rSPEAKER m 1 -30 1 <NA> <NA> A <NA> <NA>", "line 3: ", "30 s before"),
        ("rttm", "SPEAKER m 1 1e300 1 <NA> <NA> A <NA>\nSPEAKER m 1 nan 1 <NA> <NA> A <NA>", "line 2: ", "'nan'"),
        ("rttm", "SPEAKER m 1 0 1 <NA> <NA> A B <NA> <NA>", "line 1: ", "11"),
        ("rttm", "SPEAKER m 1 x 1 <NA> <NA> A <NA>", "line 1: ", "'x'"),
        ("ctm", "m A 0 1", "line 1: ", "4"),
        ("ctm", "m A * * <ALT_BEGIN>", "line 1: ", "'*'"),
        ("ctm", "m A 0 1 word sure", "line 1: ", "'sure'"),
        ("ctm", "m A -1 0.5 word", "line 1: ", "1 s before"),
        ("stm", "m 1 A 1 x IGNORE_TIME_SEGMENT_IN_SCORING", "line 1: ", "'x'"),
        ("seglst", "{}", "", "array"),
        ("seglst", "[", "", "JSON"),
        ("seglst", "[3]", "segment 1: ", "object"),
        ("seglst", '[{"session_id": "m", "speaker": "A", "words": ""}]', "segment 1: ", "start_time"),
        ("seglst", '[{"session_id": "m", "speaker": "A", "words": ["a"]}]', "segment 1: ", "words"),
        ("stm", "", "", "no recording"),
        ("stm", "a 1 A 0 1 x\nb 1 A 0 1 x", "", "2 recordings (a, b, ...)"),
    ],
)
def test_errors_name_the_place(name: str, text: str, place: str, detail: str) -> None:
    with pytest.raises(FormatError, match=f"^{place}.*{re.escape(detail)}"):
        formats.loads(text, name)


@given(transcripts(ledger=False))
def test_utterance_formats_keep_speakers_words_and_milliseconds(transcript: Transcript) -> None:
    assume(transcript.utterances)
    for name in ("stm", "seglst"):
        read = formats.loads(rendered(transcript, name), name)
        expected = [
            (u.speaker, u.text.split(), round(u.start * 1000), round(u.end * 1000)) for u in transcript.utterances
        ]
        rows = [(u.speaker, u.text.split(), round(u.start * 1000), round(u.end * 1000)) for u in read.utterances]
        assert sorted(rows) == sorted(expected)
        assert read.duration == max(u.end for u in read.utterances)


@given(transcripts(ledger=False))
def test_ctm_has_the_words_of_stm(transcript: Transcript) -> None:
    assume(transcript.utterances)
    texts = {name: rendered(transcript, name) for name in ("ctm", "stm")}
    by_word, by_line = (formats.loads(text, name) for name, text in texts.items())
    for speaker in by_line.speakers:
        one, other = (
            [w.text for u in read.utterances if u.speaker == speaker for w in u.words] for read in (by_word, by_line)
        )
        assert sorted(one) == sorted(other)


@given(transcripts(hostile=True))
def test_rttm_keeps_the_turns(transcript: Transcript) -> None:
    assume(transcript.turns)
    names = distinct(transcript.speakers)
    read = formats.loads(rendered(transcript, "rttm"), "rttm")
    expected = [(names[t.speaker], round(t.start * 1000), round(t.end * 1000)) for t in transcript.turns]
    assert sorted((t.speaker, round(t.start * 1000), round(t.end * 1000)) for t in read.turns) == sorted(expected)


@given(transcripts(hostile=True), st.sampled_from(["a b", ";;x", "", "\n", "=1"]))
def test_meeteval_reads_the_same_rows(transcript: Transcript, session: str) -> None:
    io = pytest.importorskip("meeteval.io")
    names = distinct(transcript.speakers)
    stm = io.STM.parse(rendered(transcript, "stm", session))
    assert [line.speaker_id for line in stm] == [names[u.speaker] for u in transcript.utterances]
    assert {line.filename for line in stm} <= {token(session)}
    spoken = [clean(utterance.text).split() for utterance in transcript.utterances]
    assert [line.transcript.replace("‹", "<").split() for line in stm] == [
        [word.replace("‹", "<") for word in words] for words in spoken
    ]
    segments = io.SegLST(json.loads(rendered(transcript, "seglst", session)))
    assert [segment["words"].split() for segment in segments] == spoken
    rttm = io.RTTM.parse(rendered(transcript, "rttm", session))
    assert [line.speaker_id for line in rttm] == [names[t.speaker] for t in transcript.turns]
    ctm = io.CTM.parse(rendered(transcript, "ctm", session))
    assert all(line.filename == token(session) and line.duration > 0 for line in ctm)
    assert len(ctm) == len(rendered(transcript, "ctm", session).splitlines())


@given(transcripts(hostile=True))
def test_the_stm_reader_agrees_with_meeteval(transcript: Transcript) -> None:
    io = pytest.importorskip("meeteval.io")
    assume(transcript.utterances)
    text = rendered(transcript, "stm", "talk")
    expected = [
        (float(x.begin_time), float(x.end_time), x.speaker_id, x.transcript.split()) for x in io.STM.parse(text)
    ]
    read = formats.loads(text, "stm")
    turns = {(turn.start, turn.end, turn.speaker) for turn in read.turns}
    assert turns == {line[:3] for line in expected}
    assert sorted((u.start, u.end, u.speaker, [w.text for w in u.words]) for u in read.utterances) == sorted(
        line for line in expected if line[3]
    )


@given(st.lists(st.text("abcß", min_size=1), min_size=1, max_size=9), st.floats(0, 1e4), st.floats(0.01, 100))
def test_interpolated_words_fill_the_turn_as_meeteval_does(words: list[str], start: float, length: float) -> None:
    timing = pytest.importorskip("meeteval.wer.wer.time_constrained")
    spoken = spread(words, start, start + length)
    assert (spoken[0].start, spoken[-1].end) == (start, start + length)
    expected = timing.character_based((start, start + length), words)
    assert [time for w in spoken for time in (w.start, w.end)] == pytest.approx(
        [time for pair in expected for time in pair]
    )


def test_too_many_words_for_a_moment_are_refused() -> None:
    with pytest.raises(FormatError, match=r"line 1: .*2 words"):
        formats.loads("m 1 A 1e14 100000000000001 oh yes" + "s" * 999, "stm")


def test_real_references_are_read(shared_data: Path) -> None:
    for path in sorted((shared_data / "ami").glob("*.stm")):
        stm = formats.loads(path.read_text("utf-8"), formats.guess(path))
        rttm = formats.loads(path.with_suffix(".rttm").read_text("utf-8"), "rttm")
        assert set(stm.speakers) == set(rttm.speakers)
        assert len(stm.words) == sum(len(line.split()) - 5 for line in path.read_text("utf-8").splitlines())


def test_the_sample_of_pyannote_is_read(sample: Path) -> None:
    stm = formats.loads(sample.with_suffix(".stm").read_text("utf-8"), "stm")
    rttm = formats.loads(sample.with_suffix(".rttm").read_text("utf-8"), "rttm")
    assert stm.utterances[0].text == "Hello?"
    assert len(stm.speakers) == len(rttm.speakers) == 2


SLIGHTLY_WRONG = {
    "stm": ("m 1 A -0.01 1 one\nm 1 A 2 2 two three\nm 1 A 5 4 four\nm 1 A 6 6\nm 1 B 1 2 five\n"),
    "ctm": ("m A -0.01 1.01 one\nm A 2 0.00 two\nm A 2 0 three\nm A 5 -1 four\nm B 1 1 five\n"),
    "seglst": json.dumps(
        [
            {"session_id": "m", "speaker": speaker, "start_time": start, "end_time": end, "words": words}
            for speaker, start, end, words in [
                ("A", -0.01, 1, "one"), ("A", "2", "2.0", "two three"), ("A", 5, 4, "four"), ("A", 6, 6, ""),
                ("B", 1, 2, "five"),
            ]
        ]
    ),
    "rttm": "".join(
        f"SPEAKER m 1 {start} {length} <NA> <NA> {speaker} <NA> <NA>\n"
        for speaker, start, length in [("A", -0.01, 1.01), ("A", 2, "0.000"), ("A", 5, -1), ("B", 1, 1)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SLIGHTLY_WRONG)
def test_rows_with_slightly_wrong_times_are_repaired(kind: str) -> None:
    read = formats.loads(SLIGHTLY_WRONG[kind], kind)
    notices = {notice.code: notice.message for notice in read.notices}
    assert (read.turns[0].start, read.turns[0].end, read.turns[0].speaker) == (0.0, 1.0, "A")
    assert "first: line 1" in notices["early_start"] or "first: segment 1" in notices["early_start"]
    if kind == "rttm":
        assert notices["empty_row"].startswith("2 ")
        assert [turn.speaker for turn in read.turns] == ["A", "B"]
    else:
        words = {word.text: word for word in read.words}
        assert set(words) == {"one", "two", "three", "four", "five"}
        assert 2 <= words["two"].start < words["three"].end <= 2.03
        assert words["four"].start == 5
        assert notices["no_length"].startswith("3 " if kind == "ctm" else "2 ")


@given(st.sampled_from(sorted(SLIGHTLY_WRONG)), st.floats(0, 1e4), st.floats(-1e3, 0))
def test_a_row_without_length_changes_no_other_row(kind: str, start: float, length: float) -> None:
    good = formats.loads(SLIGHTLY_WRONG[kind], kind)
    if kind == "seglst":
        segment = {"session_id": "m", "speaker": "C", "start_time": start, "end_time": start + length, "words": "x"}
        text = json.dumps([*json.loads(SLIGHTLY_WRONG[kind]), segment])
    else:
        row = {
            "stm": f"m 1 C {start!r} {start + length!r} x",
            "ctm": f"m C {start!r} {length!r} x",
            "rttm": f"SPEAKER m 1 {start!r} {length!r} <NA> <NA> C <NA> <NA>",
        }[kind]
        text = SLIGHTLY_WRONG[kind] + row + "\n"
    read = formats.loads(text, kind)
    assert tuple(turn for turn in read.turns if turn.speaker != "C") == good.turns
    assert tuple(u for u in read.utterances if u.speaker != "C") == good.utterances
    assert len(read.words) == len(good.words) + (kind != "rttm")


def test_other_lines_of_rttm_name_a_recording_without_speech() -> None:
    sessions = formats.loads_sessions(RTTM.replace("SPKR-INFO meeting", "SPKR-INFO silent"), "rttm")
    assert sessions["silent"] == Transcript(0.0)
    assert list(sessions) == ["silent", "meeting", "other"]


def test_rttm_excludes_times_from_scoring() -> None:
    text = RTTM + "NOSCORE meeting 1 4 1.5 <NA> <NA> <NA> <NA>\n"
    assert formats.unscored(text, "rttm") == {"meeting": (Unscored(4.0, 5.5, "1"),)}
    assert [notice.code for notice in formats.loads_sessions(text, "rttm")["meeting"].notices] == ["unscored"]


@pytest.mark.parametrize(
    "row",
    [
        "m 1 B 3 9 <o,f0,male> IGNORE_TIME_SEGMENT_IN_SCORING",
        "m A spk 3 9 ignore_time_segment_in_scoring",
        "m 1 excluded_region 3 9 <o,,unknown>",
        "m 1 Excluded_Region 3 9 whatever was said",
        "m 1 inter_segment_gap 3 9 <O> Ignore_Time_Segment_In_Scoring",
    ],
)
def test_stm_excludes_times_from_scoring(row: str) -> None:
    text = f"m 1 A 1 3 hello\n{row}\n"
    read = formats.loads(text, "stm")
    assert read.turns == (Turn(1.0, 3.0, "A"),)
    assert [time.span for time in formats.unscored(text, "stm")["m"]] == [Span(3.0, 9.0)]
    assert [notice.code for notice in read.notices] == ["unscored"]


def test_a_gap_is_silence_that_is_scored() -> None:
    text = "m 1 A 1 3 they said IGNORE_TIME_SEGMENT_IN_SCORING\nm 1 inter_segment_gap 3 9 <o,,unknown>\n"
    assert formats.unscored(text, "stm") == {}
    read = formats.loads(text, "stm")
    assert len(read.turns) == 1
    assert read.notices == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"])
def test_every_reader_decodes_alike(tmp_path: Path, encoding: str) -> None:
    rows = {
        "stm": "m 1 Zoë 0 1 café",
        "ctm": "m Zoë 0 1 café",
        "seglst": '[{"session_id": "m", "speaker": "Zoë", "start_time": 0, "end_time": 1, "words": "café"}]',
    }
    for kind, text in rows.items():
        path = tmp_path / f"x{formats.suffix(kind)}"
        path.write_bytes(text.encode(encoding))
        read = read_transcript(path)
        assert (read.speakers, read.utterances[0].text) == (("Zoë",), "café")
        assert [notice.code for notice in read.notices] == (["encoding"] if encoding in ("cp1252", "latin-1") else [])


def test_files_are_named_in_errors(tmp_path: Path) -> None:
    bad = tmp_path / "bad.stm"
    for content in (b"m 1 A 0\n", b"a 1 A 0 1 x\nb 1 A 0 1 x\n", b"\xff\xfem"):
        bad.write_bytes(content)
        with pytest.raises(FormatError) as caught:
            read_transcript(bad)
        assert caught.value.where.startswith(str(bad))
    with pytest.raises(FormatError):
        read_file(tmp_path / "absent.stm")


@pytest.mark.parametrize(
    ("file", "stem"),
    [("UP.STM", "UP"), ("a.SegLST.json", "a"), ("x.y.Json", "x.y"), (".stm", ".stm"), ("plain.stm", "plain")],
)
def test_stems_whatever_the_case_of_the_suffix(file: str, stem: str) -> None:
    assert formats.stem(file, formats.guess(file)) == stem
