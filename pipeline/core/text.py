"""Decoding of text files, and normalization of words for comparison."""

from __future__ import annotations

import codecs
import functools
import logging
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.core.errors import FormatError, printable
from pipeline.core.types import Notice

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks and the encodings they announce, longer marks first."""
_SAVE_AS = "save it as UTF-8"


@dataclass(frozen=True, slots=True)
class Text:
    """The decoded content of a text file, with a notice when its encoding was guessed."""

    content: str
    notices: tuple[Notice, ...] = ()


def read_text(path: Path) -> Text:
    """A text file, decoded by `decode`, its line ends ``\\n``; raises `FormatError` naming the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", where=str(path)) from error
    try:
        text = decode(data)
    except FormatError as error:
        raise FormatError(error.what, where=str(path), hint=error.hint) from error
    return replace(text, content=text.content.replace("\r\n", "\n").replace("\r", "\n"))


def read_settings(path: Path) -> str:
    """A file of settings (YAML, a manifest); a guessed encoding is logged, because no result can hold the notice."""
    text = read_text(path)
    for notice in text.notices:
        _warn_once(f"transcribe: {path}: warning: {notice.message}")
    return text.content


@functools.cache
def _warn_once(message: str) -> None:
    """Log a warning once per process: a batch that watches folders reads its manifest repeatedly."""
    logging.getLogger("pipeline").warning("%s", printable(message))


def decode(data: bytes) -> Text:
    """Bytes as text: by their byte order mark, else UTF-8, else Windows-1252 or Latin-1 with a notice.

    Raises `FormatError` for bytes that contradict their mark, and for NUL characters.
    """
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    body = data[len(mark) :]
    try:
        text = Text(body.decode(encoding))
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise FormatError(f"is not valid {encoding.upper()} text", hint=_SAVE_AS) from error
        text = _guessed(body)
    if "\0" in text.content:
        raise FormatError("is not a text file: it contains NUL bytes", hint=_SAVE_AS)
    return text


def _guessed(data: bytes) -> Text:
    for encoding, name in (("cp1252", "Windows-1252"), ("latin-1", "Latin-1")):
        try:
            content = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return Text(content, (Notice("encoding", f"is not UTF-8 and was read as {name}; {_SAVE_AS} to be sure"),))
    raise AssertionError("Latin-1 decodes any bytes")


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "speaker"), counted(1200, "line")
    ('1 speaker', '1,200 lines')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def fold(text: str) -> str:
    """``text`` without differences of case and of compatible characters (full-width letters, ligatures)."""
    return unicodedata.normalize("NFKC", text).casefold()


def letters(text: str) -> str:
    """The letters and digits of ``text``, folded: the form in which words are compared."""
    return "".join(c for c in fold(text) if c.isalnum())
