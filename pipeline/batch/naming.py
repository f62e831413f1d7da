"""Names of results: distinct for each recording, short enough for the file system, and stable over runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.analytics.tables import TABLES
from pipeline.formats.files import shortened

FAILURES = "failures.csv"
RESERVED = (FAILURES, *(f"tables/{table}.csv" for table in TABLES))
"""Files that the batch and the report write into the output folder."""


def distinct_names(
    wanted: Mapping[Path, str], suffixes: Sequence[str], earlier: Mapping[Path, str] | None = None
) -> dict[Path, str]:
    """A name for each recording (by absolute path), so that no two write to one file, also where case is ignored.

    ``wanted`` holds the plain names (``team/call7``). Names that collide keep their suffix; if that is not enough, they
    get parent folders in front, and finally a hash. A name that a recording had before (``earlier``) does not change.
    """
    plain = {path: _fitting(name) for path, name in wanted.items()}
    names = {path: _stable_name(path, wanted[path], plain[path], (earlier or {}).get(path)) for path in wanted}
    fixed = {path for path in names if path in (earlier or {}) and names[path] == (earlier or {})[path]}
    level = dict.fromkeys(wanted, 0)
    while colliding := _colliding(names, suffixes):
        for path in [path for path in colliding if path not in fixed] or colliding:
            level[path] = 0 if path in fixed else level[path] + 1
            fixed.discard(path)
            names[path] = plain[path] if level[path] == 0 else _options(path, wanted[path])[level[path]]
    return names


def _stable_name(path: Path, name: str, plain: str, before: str | None) -> str:
    """The name that a recording had before if it is still one of its options, otherwise the plain one."""
    return before if before and before != plain and before in _options(path, name) else plain


def _options(path: Path, name: str) -> list[str]:
    """The names that a recording may get: the plain one first, unique ones last."""
    parts = path.parts[1:]
    counts = range(len(Path(name).parts) + 1, len(parts) + 1)
    longer = [name, *(os.path.join(*parts[-count:-1], path.stem) for count in counts)]  # noqa: PTH118 — many names
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()
    names = [option for base in longer for option in (base, f"{base}{path.suffix}")]
    return [_fitting(option) for option in (*names, *(f"{name}~{digest[n : n + 12]}" for n in range(0, 60, 12)))]


def _fitting(name: str) -> str:
    folder, file = os.path.split(name)
    return os.path.join(folder, shortened(file))  # noqa: PTH118 — many names


def _colliding(names: Mapping[Path, str], suffixes: Sequence[str]) -> list[Path]:
    """The recordings whose files have the name of another recording's file or of a reserved one."""
    owners: dict[str, Path | None] = dict.fromkeys(RESERVED)
    colliding: dict[Path, None] = {}
    for path, name in names.items():
        for file in {f"{name}{suffix}".casefold() for suffix in suffixes}:
            owner = owners.setdefault(file, path)
            if owner != path:
                colliding |= {path: None} if owner is None else {path: None, owner: None}
    return list(colliding)


def absolute(path: Path) -> Path:
    """The absolute path without ``..``; symbolic links are not resolved."""
    return Path(os.path.abspath(path))  # noqa: PTH100
