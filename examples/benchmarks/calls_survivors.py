"""What of planted items is left: in the words of a redacted transcript, in its files, and in words recognized again."""

from __future__ import annotations

import io
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from examples.benchmarks import calls_numbers as numbers
from pipeline.core.types import Transcript, Word

NUMBERS = {*numbers.DIGITS, *numbers.TEENS, *numbers.TENS[2:], *numbers.REPEATS.values(), "oh", "hundred"}
"""Words of numbers."""
DIGITAL = ("card", "cvv", "phone")
"""Kinds of which only digits and words of numbers identify a person."""
SMALL = {
    "the", "of", "at", "dot", "in", "on", "com", "org", "net", "example", "street", "lane", "avenue", "road", "close",
}  # fmt: skip
"""Words of planted items that identify no person."""
AROUND = 0.15
"""Seconds by which the times of recognized words may differ from those planted. Chosen by hand: half a short word."""
LIKE = 70
"""Similarity of letters (0 to 100) from which a word is a planted one. Chosen by hand: `Miller` is `Millar`."""
SOUND = re.compile(rb"[A-Za-z0-9+/=]{400,}")
"""Sound in a page (base64), which is searched by transcribing it, not by its letters."""


def words_of(transcript: Transcript) -> list[Word]:
    """All words of a transcript."""
    return [word for utterance in transcript.utterances for word in utterance.words]


def leftovers(planted: Mapping[str, Any], words: Iterable[Word]) -> list[str]:
    """The words that lie inside a planted item and are of it: digits of a number, a part of a name."""
    inside = [word for word in words if planted["start"] - AROUND <= _middle(word) <= planted["end"] + AROUND]
    return [word.text for word in inside if _is_of(planted, word.text)]


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _is_of(planted: Mapping[str, Any], text: str) -> bool:
    folded = re.sub(r"[^\w@ ]", " ", text.lower()).split()
    if any(re.search(r"\d", part) or part in NUMBERS for part in folded):
        return bool(planted["kind"] != "name")
    if planted["kind"] in DIGITAL:
        return False
    said = [part for part in re.sub(r"[^\w ]", " ", planted["text"].lower()).split() if part not in SMALL]
    others = [part for part in folded if part not in SMALL]
    return any(float(fuzz.ratio(part, word)) >= LIKE for part in others for word in said)


def needles(planted: Mapping[str, Any], words: Iterable[Word]) -> list[str]:
    """What is searched in files: the recognized words of an item that are long enough to stand for it alone."""
    texts = [text.strip(".,?!;:") for text in leftovers(planted, words)]
    return [text for text in texts if len(re.sub(r"\D", "", text)) >= 3 or (len(text) > 3 and not _is_number(text))]


def _is_number(text: str) -> bool:
    return text.lower() in NUMBERS


def files_with(folder: Path, items: Sequence[str], control: Path | None = None) -> dict[str, list[str]]:
    """The files of a folder, also hidden ones, in which an item stands by itself, and the items.

    What also stands in the file with the same suffix in ``control``, of a call without words, belongs to the format:
    ``4000`` is in the script of every page.
    """
    found = {}
    for path in _files(folder):
        content = _content(path)
        hits = [item for item in items if _stands_in(item, content)]
        same = [] if control is None else [_content(each) for each in _files(control) if each.suffix == path.suffix]
        found[path.name] = [item for item in hits if not any(_stands_in(item, other) for other in same)]
    return {name: hits for name, hits in found.items() if hits}


def _files(folder: Path) -> Iterator[Path]:
    sounds = (".wav", ".flac", ".mp3", ".m4a")
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in sounds)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"\n".join(archive.read(name) for name in archive.namelist())
    if content.startswith(b"SQLite format 3"):
        content += "\n".join(sqlite3.connect(path).iterdump()).encode()
    return SOUND.sub(b"", content)


def _stands_in(item: str, content: bytes) -> bool:
    """Whether an item is there, and not as a part of a longer number, a time or a hash."""
    pattern = rb"(?<![\w.])%s(?!\w)(?!\.\d)" % re.escape(item.encode())
    return re.search(pattern, content, re.IGNORECASE) is not None
