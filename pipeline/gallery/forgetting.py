"""What is left of a person after their voice prints were removed: searched for, not assumed."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.gallery.people import VoicePrint


@dataclass(frozen=True, slots=True)
class Search:
    """What a search of a folder found: the number of files that were read, and the paths by what they hold."""

    files: int
    with_print: tuple[Path, ...] = ()
    with_name: tuple[Path, ...] = ()
    unreadable: tuple[Path, ...] = ()


def search(root: Path, prints: Sequence[VoicePrint], name: str = "") -> Search:
    """Search all files of a folder for the bytes or the base64 text of the voice prints, and for the name as a word."""
    word = re.compile(rb"(?<!\w)" + re.escape(name.encode("utf-8", "surrogateescape")) + rb"(?!\w)") if name else None
    files, with_print, with_name, unreadable = 0, [], [], []
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        try:
            content = path.read_bytes()
        except OSError:
            unreadable.append(path)
            continue
        files += 1
        with_print += [path] if _holds(content, prints) else []
        with_name += [path] if word and word.search(content) else []
    return Search(files, tuple(with_print), tuple(with_name), tuple(unreadable))


def holds_print(path: Path, prints: Iterable[VoicePrint]) -> bool:
    """Whether the file holds the bytes or the base64 text of a voice print; raises ``OSError``."""
    return _holds(path.read_bytes(), prints)


def _holds(content: bytes, prints: Iterable[VoicePrint]) -> bool:
    return any(each.vector.encode() in content or base64.b64decode(each.vector) in content for each in prints)
