"""Hostile words and names, written in a format and read by a parser of that format (promise 26)."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.types import Transcript, Utterance, Word
from pipeline.formats.checklist import entries
from pipeline.formats.sanitize import clean, distinct, token
from pipeline.formats.srt import LOOKALIKES
from pipeline.formats.subtitles import label_of
from tests.rendered import rendered
from tests.strategies import VENOM, transcripts

HOSTILE = st.one_of(st.sampled_from(VENOM), st.text())
TIMES = r"(\d{2,}):([0-5]\d):([0-5]\d)%s(\d{3})"


def glyphs(text: str) -> str:
    """The visible characters of a text, without spaces."""
    return clean(text).replace(" ", "")


def spoken(words: tuple[Word, ...]) -> str:
    return "".join(glyphs(word.text) for word in words)


def parsed_cues(text: str, point: str) -> list[tuple[int, int, str]]:
    """A strict parser: numbered blocks between blank lines, a line of times, at least one line of text."""
    cues = []
    for number, block in enumerate(text.removesuffix("\n").split("\n\n") if text else [], start=1):
        first, times, *lines = block.split("\n")
        assert first == str(number)
        match = re.fullmatch(f"{TIMES % point} --> {TIMES % point}", times)
        assert match
        h, m, s, ms, h2, m2, s2, ms2 = map(int, match.groups())
        assert lines
        assert all(lines)
        cues.append((((h * 60 + m) * 60 + s) * 1000 + ms, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2, "\n".join(lines)))
    return cues


@given(HOSTILE)
def test_clean_text_is_one_visible_line(text: str) -> None:
    assert clean(clean(text)) == clean(text) == clean(text).strip()
    assert len(clean(text).split()) == len(text.split())
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in clean(text))
    assert len(token(text).split()) == 1
    assert token(token(text)) == token(text)
    assert not token(text).startswith(";")


@given(st.lists(HOSTILE, unique=True))
def test_different_names_stay_different(names: list[str]) -> None:
    assert len(set(distinct(names).values())) == len(names)


@pytest.mark.promise(26)
@given(transcripts(hostile=True))
def test_txt_has_a_line_for_each_utterance_with_its_words(transcript: Transcript) -> None:
    lines = rendered(transcript, "txt").split("\n")[:-1]
    for line, utterance in zip(lines, transcript.utterances, strict=True):
        assert re.match(r"\[\d\d:\d\d:\d\d\.\d – \d\d:\d\d:\d\d\.\d\] [‖ ] ", line)
        assert glyphs(line[28:]) == glyphs(utterance.speaker) + ":" + spoken(utterance.words)


@pytest.mark.promise(26)
@given(transcripts(hostile=True))
def test_srt_cues_are_read_back_with_every_word(transcript: Transcript) -> None:
    cues = parsed_cues(rendered(transcript, "srt"), ",")
    assert not any(set("<>{}") & set(text) for _, _, text in cues)
    for start, end, _ in cues:
        assert start < end
    if len(transcript.speakers) == 1 and transcript.utterances:
        label = glyphs(label_of(transcript.speakers[0])).translate(LOOKALIKES)
        texts = [glyphs(text) for _, _, text in cues]
        assert all(text.startswith(label) for text in texts[:1])
        everything = "".join(text.removeprefix(label) for text in texts)
        assert everything == spoken(transcript.words).translate(LOOKALIKES)


@pytest.mark.promise(26)
@given(transcripts(hostile=True))
def test_vtt_cues_are_read_back_with_every_word(transcript: Transcript) -> None:
    text = rendered(transcript, "vtt")
    head, _, body = text.partition("\n\n")
    assert head.rstrip("\n") == "WEBVTT"
    assert text.count("-->") == len(parsed_cues(body, r"\."))
    texts: dict[str, str] = {}
    last: dict[str, int] = {}
    for start, end, payload in parsed_cues(body, r"\."):
        match = re.fullmatch(r"<v ([^<>\n]*)>([^<>]*)", payload)
        assert match
        name, words = html.unescape(match[1]), html.unescape(match[2])
        assert last.get(name, 0) <= start < end
        last[name] = end
        texts[name] = texts.get(name, "") + glyphs(words)
    if len({clean(name) for name in transcript.speakers}) == len(transcript.speakers):
        for speaker in transcript.speakers:
            expected = "".join(spoken(u.words) for u in transcript.utterances if u.speaker == speaker)
            assert texts.get(clean(speaker), "") == expected


@pytest.mark.promise(26)
@given(transcripts(hostile=True))
def test_csv_rows_are_read_back_and_no_cell_is_a_formula(transcript: Transcript) -> None:
    head, *rows = list(csv.reader(io.StringIO(rendered(transcript, "csv"), newline=""), strict=True))
    assert head == ["start", "end", "speaker", "text"]
    assert all(cell[:1] not in {"=", "+", "-", "@", "\t", "\r"} for row in rows for cell in row if cell)
    for (start, end, speaker, text), utterance in zip(rows, transcript.utterances, strict=True):
        assert float(start) < float(end)
        assert speaker.removeprefix("'") == clean(utterance.speaker).removeprefix("'")
        assert glyphs(text).removeprefix("'") == spoken(utterance.words).removeprefix("'")


@given(transcripts(hostile=True))
def test_tsv_rows_are_the_same_to_every_reader(transcript: Transcript) -> None:
    text = rendered(transcript, "tsv")
    rows = [line.split("\t") for line in text.split("\n")[:-1]]
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter="\t")) == rows
    for row, utterance in zip(rows[1:], transcript.utterances, strict=True):
        assert len(row) == 4
        assert glyphs(row[3]).replace("“", '"') == spoken(utterance.words).replace("“", '"')


@given(transcripts(hostile=True))
def test_labels_have_a_line_for_each_turn(transcript: Transcript) -> None:
    lines = rendered(transcript, "labels").split("\n")[:-1]
    for line, turn in zip(lines, transcript.turns, strict=True):
        start, end, name = line.split("\t")
        assert float(start) < float(end)
        assert name == clean(turn.speaker)


@pytest.mark.promise(26)
@given(transcripts(hostile=True), HOSTILE)
def test_markdown_renders_as_text_only(transcript: Transcript, session: str) -> None:
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable(["table", "strikethrough"])
    blocks = markdown.parse(rendered(transcript, "md", session))
    assert not {block.type for block in blocks} & {"html_block", "fence", "code_block", "blockquote_open", "hr"}
    inner = [child for block in blocks for child in block.children or ()]
    assert {child.type for child in inner} <= {"text", "text_special", "strong_open", "strong_close"}
    rows = sum(block.type == "tr_open" for block in blocks)
    speakers, regions = len(transcript.speakers), len(transcript.overlaps)
    assert rows == speakers + regions + bool(speakers) + bool(regions)
    items = len(transcript.notices) + len(list(entries(transcript)))
    assert sum(block.type == "list_item_open" for block in blocks) == items
    texts = ["".join(c.content for c in block.children or ()) for block in blocks if block.type == "inline"]
    for utterance in transcript.utterances:
        assert any(glyphs(text).endswith("—" + spoken(utterance.words)) for text in texts)


@pytest.mark.promise(26)
@given(transcripts(hostile=True))
def test_qda_has_one_paragraph_and_one_time_for_each_utterance(transcript: Transcript) -> None:
    lines = rendered(transcript, "qda").split("\n")[:-1]
    assert sorted(lines, key=lambda line: line[:10]) == lines, "times are in order"
    for line, utterance in zip(lines, transcript.utterances, strict=True):
        match = re.fullmatch(r"\[(\d\d:\d\d:\d\d)\] ([^:]{1,63}): ?(.*)", line)
        assert match
        assert not re.search(r"\d:\d+:\d|[\[({<#]\d+:\d", match[2] + " " + match[3])
        assert glyphs(match[3]).replace("∶", ":") == spoken(utterance.words)


@pytest.mark.parametrize("text", ["[00:00:01]", "#00:00:01-2#", "00:00:01.5", "[1:6]", "{00:00:01}", "( 00:01 )"])
def test_qda_has_no_time_in_its_text(text: str) -> None:
    talk = Transcript(2.0, (Utterance(f"A {text}: [x]", (Word(0, 1, text), Word(1, 2, "at 10:30"))),))
    line = rendered(talk, "qda")
    assert line.startswith("[00:00:00] A ")
    assert line.count(":") == 4, "two colons in the time, one behind the name, one in a text that no program reads"
    assert line.endswith(" at 10:30\n")
    assert line.count("[") == 1 + text.count("[")


@pytest.mark.promise(26)
@given(transcripts(hostile=True))
def test_podcast_segments_are_the_utterances_without_markup(transcript: Transcript) -> None:
    text = rendered(transcript, "podcast")
    assert not set("<>&") & set(text)
    read = json.loads(text)
    assert read["version"] == "1.0.0"
    names = distinct(transcript.speakers, clean)
    for segment, utterance in zip(read["segments"], transcript.utterances, strict=True):
        assert list(segment) == ["speaker", "startTime", "endTime", "body"]
        assert segment["startTime"] < segment["endTime"]
        assert segment["speaker"] == names[utterance.speaker]
        assert segment["body"] == clean(utterance.text)
