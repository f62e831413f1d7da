"""Documents, read back by python-docx: everything is there as text, in styles, the same bytes each time."""

from __future__ import annotations

import io
import re
from typing import Any
from zipfile import ZipFile

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.core.types import Notice, Transcript, Turn, Utterance, Word
from pipeline.formats.checklist import TITLE, entries
from pipeline.formats.sanitize import xml
from pipeline.formats.words import partners
from tests.max_examples import at_most
from tests.strategies import VENOM, transcripts

FIELDS = (
    "=cmd|' /C calc'!A0",
    "{ DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe }",
    "{ INCLUDEPICTURE http://x }",
    "w:fldSimple",
)
TALK = Transcript(
    20.0,
    (
        Utterance("Ana", (Word(1, 2, "Well,"), Word(2, 4.26, "listen.", 0.1))),
        Utterance("Bob", (Word(3, 5, "No."),)),
        Utterance("Ana", (Word(6, 8, "Yes."),)),
    ),
    (Turn(1, 4, "Ana"), Turn(3, 5, "Bob"), Turn(6, 8, "Ana")),
    language="de",
    notices=(Notice("gap", "Something is missing."),),
)


def read(data: bytes) -> Any:
    return docx.Document(io.BytesIO(data))


def styled(paragraph: Any) -> list[tuple[str, str]]:
    """The pieces of a paragraph with the names of their character styles."""
    return [(run.text, "" if run.style.name == "Default Paragraph Font" else run.style.name) for run in paragraph.runs]


def test_a_document_has_title_facts_speakers_and_conversation() -> None:
    document = read(formats.dumps(TALK, "docx", "Meeting"))
    assert [(p.style.name, p.text) for p in document.paragraphs] == [
        ("Title", "Meeting"),
        ("Normal", "Duration 00:00:20 · 2 speakers · language de"),
        ("Heading 1", "Speakers"),
        ("Heading 1", "Conversation"),
        ("Utterance", "Ana 00:00:01 (at the same time as Bob): Well, listen."),
        ("Utterance", "Bob 00:00:03 (at the same time as Ana): No."),
        ("Utterance", "Ana 00:00:06: Yes."),
        ("Heading 1", TITLE),
        ("List Bullet", "00:00:02 – Ana: “listen.” – the recogniser was unsure"),
        ("Heading 1", "Warnings"),
        ("List Bullet", "Something is missing."),
    ]
    assert styled(document.paragraphs[5]) == [
        ("Bob", "Speaker"),
        (" ", ""),
        ("00:00:03", "Time"),
        (" ", ""),
        ("(at the same time as Ana)", "Overlap"),
        (": No.", ""),
    ]
    (speakers,) = document.tables
    rows = [[cell.text for cell in row.cells] for row in speakers.rows]
    assert rows == [["Speaker", "Talk time", "Words"], ["Ana", "00:00:05", "3"], ["Bob", "00:00:02", "1"]]


def test_the_conversation_can_be_a_table() -> None:
    document = read(formats.dumps(TALK, "docx", "Meeting", table=True))
    assert "Utterance" not in {p.style.name for p in document.paragraphs}
    assert [[cell.text for cell in row.cells] for row in document.tables[1].rows] == [
        ["Timespan", "Speaker", "Content"],
        ["00:00:01.0 - 00:00:04.2", "Ana", "(at the same time as Bob) Well, listen."],
        ["00:00:03.0 - 00:00:05.0", "Bob", "(at the same time as Ana) No."],
        ["00:00:06.0 - 00:00:08.0", "Ana", "Yes."],
    ]
    for table in document.tables:
        marked = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
        assert marked == [True] + [False] * (len(table.rows) - 1), "screen readers know the header row, pages repeat it"


def test_language_and_properties_are_those_of_the_transcript() -> None:
    document = read(formats.dumps(TALK, "docx", "Meeting"))
    (language,) = document.styles.element.find(qn("w:docDefaults")).iter(qn("w:lang"))
    assert language.get(qn("w:val")) == "de"
    properties = document.core_properties
    assert (properties.title, properties.subject, properties.language) == ("Meeting", "Transcript", "de")
    assert properties.created is None, "the date of the template says nothing"
    unknown = read(formats.dumps(Transcript(1.0), "docx", "Meeting"))
    assert list(unknown.styles.element.find(qn("w:docDefaults")).iter(qn("w:lang"))) == []


@pytest.mark.parametrize("table", [False, True])
def test_the_file_has_no_date_of_now(table: bool) -> None:
    data = formats.dumps(TALK, "docx", table=table)
    with ZipFile(io.BytesIO(data)) as file:
        assert {part.date_time for part in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in file.namelist() if "thumbnail" in name]
        assert file.testzip() is None


@pytest.mark.parametrize("table", [False, True])
def test_a_transcript_without_speech_is_a_document(table: bool) -> None:
    document = read(formats.dumps(Transcript(5.0, complete=False), "docx", "Silence", table=table))
    assert [p.text for p in document.paragraphs] == [
        "Silence",
        "Duration 00:00:05 · 0 speakers",
        "Incomplete: only a part of the recording could be read.",
        "Conversation",
        "No speech was found.",
    ]


@pytest.mark.promise(26)
@at_most(30)
@given(transcripts(hostile=True), st.sampled_from([*VENOM, *FIELDS]), st.booleans())
def test_hostile_text_is_text(transcript: Transcript, session: str, table: bool) -> None:
    data = formats.dumps(transcript, "docx", session, table=table)
    document = read(data)
    assert document.paragraphs[0].text == xml(session)
    assert document.core_properties.title == xml(session)[:255]
    elements = {element.tag.rpartition("}")[2] for element in document.element.iter()}
    assert not elements & {"fldSimple", "fldChar", "instrText", "hyperlink", "object", "pict", "drawing", "altChunk"}
    with ZipFile(io.BytesIO(data)) as file:
        assert b'TargetMode="External"' not in b"".join(file.read(n) for n in file.namelist() if n.endswith(".rels"))
    if table and transcript.utterances:
        texts = [row.cells[2].text for row in document.tables[1].rows[1:]]
    else:
        texts = [p.text for p in document.paragraphs if p.style.name == "Utterance"]
    overlaps = partners(transcript.utterances)
    for i, (text, utterance) in enumerate(zip(texts, transcript.utterances, strict=True)):
        assert text.endswith(xml(utterance.text))
        assert ("(at the same time as " in text) >= (i in overlaps)
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert (TITLE in headings) == bool(list(entries(transcript)))
    assert len(document.tables) == bool(transcript.speakers) + (table and bool(transcript.utterances))


@pytest.mark.parametrize("words", FIELDS)
def test_a_field_code_is_not_a_field(words: str) -> None:
    talk = Transcript(2.0, (Utterance(words, (Word(0, 1, words),)),), (Turn(0, 1, words),))
    for table in (False, True):
        document = read(formats.dumps(talk, "docx", words, table=table))
        texts = [node.text for node in document.element.iter(qn("w:t"))]
        assert any(words in text for text in texts)
        assert not re.search(r"<w:(fld|instr)", document.element.xml)
