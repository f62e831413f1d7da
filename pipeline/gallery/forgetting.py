"""What is left of a person after their voice prints were removed: searched for, not assumed."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.gallery.people import VoicePrint


def search(root: Path, prints: Sequence[VoicePrint]) -> tuple[int, int]:
    """The number of files in a folder that were searched, and of those that hold a voice print."""
    files = [path for path in root.rglob("*") if path.is_file()] if root.is_dir() else []
    return len(files), sum(holds_print(path, prints) for path in files)


def find_name(folder: Path, name: str, prints: Sequence[VoicePrint] = ()) -> list[Path]:
    """The JSON files in the folder in which the name or a voice print stands, sorted."""
    import json

    quoted = json.dumps(name, ensure_ascii=False).encode()
    files = sorted(path for path in folder.rglob("*.json") if path.is_file())
    return [path for path in files if quoted in path.read_bytes() or holds_print(path, prints)]


def holds_print(path: Path, prints: Iterable[VoicePrint]) -> bool:
    """Whether the file holds the bytes or the base64 text of a voice print."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(each.vector.encode() in content or base64.b64decode(each.vector) in content for each in prints)
