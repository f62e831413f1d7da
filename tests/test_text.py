"""One decoding for all text files, one plain form for words."""

from __future__ import annotations

import codecs
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import FormatError
from pipeline.text import decode, fold, letters, read_settings, read_text

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
def test_what_is_no_text_is_refused(data: bytes) -> None:
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
