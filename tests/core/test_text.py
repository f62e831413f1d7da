"""One decoding for all text files, one plain form for words."""

from __future__ import annotations

import codecs
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline
from pipeline.analytics.rules.reading import read as read_rules
from pipeline.analytics.rules.reading import read_file
from pipeline.batch.discovery import read_manifest
from pipeline.config.presets import resolve
from pipeline.core.errors import FormatError
from pipeline.core.text import decode, fold, letters, read_settings, read_text

CHARACTERS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"))


@given(CHARACTERS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_unicode_is_read_as_written(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).content == text
    assert decode(text.encode(encoding)).notices == ()


@given(st.text(st.characters(codec="cp1252", exclude_characters="\0")))
def test_what_is_not_unicode_is_read_as_windows_1252_with_a_notice(text: str) -> None:
    data = text.encode("cp1252") + b"\xe9 "  # a lone accented letter is never UTF-8
    read = decode(data)
    assert read.content == text + "é "
    assert [notice.code for notice in read.notices] == ["encoding"]


@given(st.binary())
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    try:
        content = decode(data).content
    except FormatError:
        assert b"\0" in data or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    else:
        assert "\0" not in content


@pytest.mark.parametrize("data", [b"a\0b", "ab".encode("utf-16-le"), b"\xff\xfea", b"\xfe\xff\xd8\x00"])
def test_other_data_than_text_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode(data)


def test_files_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "x.yaml"
    for content in (None, b"\0"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(FormatError) as caught:
            read_text(path)
        assert caught.value.where == str(path)
    path.write_bytes(b"caf\xe9")
    with caplog.at_level(logging.WARNING):
        assert read_settings(path) == "café"
    assert len(caplog.records) == 1


@given(CHARACTERS)
def test_letters_ignore_case_and_punctuation(text: str) -> None:
    assert letters(text) == letters(f"-{text}!")
    assert letters(letters(text)) == letters(text)
    assert fold("Ｘﬁ") == "xfi"


def test_settings_of_all_kinds_are_decoded_alike(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        rules, config, manifest = (tmp_path / f"{encoding}.{name}" for name in ("rules.yaml", "yaml", "csv"))
        rules.write_bytes("rules:\n  - {name: grüße, says: [grüß gott]}\n".encode(encoding))
        assert [rule.name for rule in read_rules(read_file(rules)).rules] == ["grüße"]
        config.write_bytes("# für später\nrecognition:\n  beam_size: 3\n".encode(encoding))
        assert resolve(file=config).recognition.options["beam_size"] == 3
        manifest.write_bytes("path,agent\r\ncall.wav,Zoë\r\n".encode(encoding))
        assert [recording.columns["agent"] for recording in read_manifest(manifest, lambda settings: None)] == ["Zoë"]


@pytest.mark.parametrize("room", ["formats", "evaluation", "analytics", "cli", "batch"])
def test_no_reader_decodes_by_itself(room: str) -> None:
    """User files are read by `pipeline.core.text` alone; files under /proc may be decoded directly."""
    for path in (Path(pipeline.__file__).parent / room).rglob("*.py"):
        calls = [line for line in path.read_text().splitlines() if ".read_text(" in line]
        assert [line for line in calls if "/proc/" not in line and "info.read_text()" not in line] == []
