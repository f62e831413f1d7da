"""The page of a real overlap by the default models: corrected in the browser, applied, and kept by other models."""

from __future__ import annotations

import html
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline import formats, media
from pipeline.cli.app import main
from pipeline.core.audio import RATE
from pipeline.core.correction import Correction
from pipeline.core.types import Transcript, Word, join_words
from pipeline.corrections import dumps
from pipeline.corrections.corrections_file import of_transcript
from pipeline.formats.discovery import built_in
from tests.page.test_browser import Open, shown, until

pytestmark = [pytest.mark.weights, pytest.mark.slow]
OTHER_MODELS = ("embedding.model=resemblyzer", "separation.backend=nmf", "recognition.options.prompt=")
"""Models and settings that give other turns, other sources and other words."""
NEW = "Quetzalcoatl"
"""A word that no recognizer writes there."""
WORDLESS = {"labels", "rttm"}
"""Formats that hold turns only."""


def call(*arguments: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*arguments])
    assert not caught.value.code


def text_of(path: Path) -> str:
    """The text of a file; of a docx, that of its document."""
    data = path.read_bytes()
    if zipfile.is_zipfile(path):
        return re.sub(r"<[^>]+>", "", zipfile.ZipFile(path).read("word/document.xml").decode())
    return html.unescape(data.decode())


@pytest.fixture
def meeting(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Transcript:
    """The transcript of half a minute of a meeting with separated overlaps; its files are in the working folder."""
    monkeypatch.chdir(tmp_path)
    samples = media.decode(shared_data / "ami" / "pixit_1.wav").audio.samples[: 45 * RATE]
    media.export(samples.copy(), "meeting.wav")
    call("meeting.wav", "--speakers", "3", "-q", "-f", "json,html", "--offline", "--no-cache")
    return pipeline.load("meeting.json")


def sure_word(transcript: Transcript) -> tuple[int, Word]:
    """The surest long word that stands outside overlaps and inside a long line, and its line."""
    words = [
        (number, word)
        for number, line in enumerate(transcript.utterances)
        if len(line.words) > 5
        for word in line.words[2:-2]
        if not any(o.start < word.end and word.start < o.end for o in transcript.overlaps) and len(word.text) > 4
    ]
    return max(words, key=lambda each: each[1].probability or 0.0)


def place(tab: Any, transcript: Transcript, number: int, word: Word) -> Any:
    """The word of a line in the page."""
    line = transcript.utterances[number]
    item = tab.locator("#lines .line", has_text=join_words(line.words))
    return item.locator(".words > span").nth(line.words.index(word))


def correct(tab: Any, transcript: Transcript) -> None:
    """Play and name a speaker; edit a sure word; move words of an overlap; split, undo and redo."""
    lines = tab.locator("#lines .line")
    lines.first.locator(".words > span").first.click()
    until(tab, "document.getElementById('audio').currentTime > 0")
    tab.keyboard.press("Escape")
    place(tab, transcript, *sure_word(transcript)).click()
    tab.keyboard.press("e")
    field = tab.get_by_label("Text of the line")
    field.fill(field.input_value().replace(sure_word(transcript)[1].text, NEW, 1))
    tab.keyboard.press("Enter")
    lines.first.locator(".who").click()
    tab.get_by_label("everywhere").fill("Ana")
    tab.keyboard.press("Enter")
    tab.locator(".together .line").nth(1).locator(".words > span").first.click()
    tab.keyboard.press("Shift+ArrowRight")
    tab.keyboard.press("Shift+ArrowRight")
    before = shown(tab)
    tab.keyboard.press("0")
    assert ("SPEAKER_03", " ".join(before_words(before, shown(tab)))) in shown(tab)
    lines.last.locator(".words > span").nth(1).click()
    count = lines.count()
    tab.keyboard.press("s")
    assert lines.count() == count + 1
    tab.keyboard.press("u")
    assert lines.count() == count
    tab.keyboard.press("Shift+U")
    assert lines.count() == count + 1


def before_words(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> list[str]:
    """The two words that a new line took from an old one."""
    (new,) = [text for speaker, text in after if (speaker, text) not in before and speaker == "SPEAKER_03"]
    words: list[str] = new.split()
    assert len(words) == 2
    assert any(text.startswith(new) for _, text in before)
    return words


def test_corrections_of_a_real_overlap_last(meeting: Transcript, opened: Open, tmp_path: Path) -> None:
    assert any(overlap.decision == "separated" for overlap in meeting.overlaps)
    tab = opened(tmp_path / "meeting.html")
    correct(tab, meeting)
    seen = shown(tab)
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download corrections").click()
    download.value.save_as(tmp_path / "meeting.corrections.json")
    every = ",".join(built_in())
    call("apply", "meeting.json", "meeting.corrections.json", "-f", every, "-o", "all")
    result = pipeline.load("all/meeting.json")
    assert [(each.speaker, each.text) for each in result.utterances] == seen
    assert [(each.operation, each.problem) for each in result.corrections] == [
        ("text", None), ("assign", None), ("split", None), ("name", None),
    ]  # fmt: skip
    for name in built_in():
        text = text_of(Path(f"all/meeting{formats.suffix(name)}"))
        assert "Ana" in text, name
        assert name in WORDLESS or NEW in text, name


def test_another_model_keeps_them(meeting: Transcript) -> None:
    number, word = sure_word(meeting)
    speaker = meeting.utterances[number].speaker
    edit = Correction("text", speaker, word.start, word.end, word.text, NEW)
    name = Correction("name", speaker, after="Ana")
    file = replace(of_transcript(meeting), corrections=(edit, name))
    Path("meeting.corrections.json").write_text(dumps(file))
    settings = [part for setting in OTHER_MODELS for part in ("--set", setting)]
    call("meeting.wav", "--speakers", "3", "-q", "-f", "json", "-o", "again", "--offline", "--no-cache", *settings)
    again = pipeline.load("again/meeting.json")
    assert meeting.provenance
    assert again.provenance
    assert meeting.provenance.models != again.provenance.models
    assert [each.problem for each in again.corrections] == [None, None]
    assert any(each.speaker == "Ana" and NEW in each.text for each in again.utterances)
