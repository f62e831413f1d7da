from __future__ import annotations
from pathlib import Path
def read_file(path: Path | None) -> str:
    return path.read_text() if path else ""
