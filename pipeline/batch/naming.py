"""Names of results: one for each recording, none of them too long for the file system, the same ones in every run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.analytics.tables import TABLES
from pipeline.formats.files import shortened

FAILURES = "failures.csv"
RESERVED = (FAILURES, *(f"tables/{table}.csv" for table in TABLES))
"""Files that the batch and the report write into the output folder themselves."""


def distinct_names(
    wanted: Mapping[Path, str], suffixes: Sequence[str], known: Mapping[Path, str] | None = None
) -> dict[Path, str]:
    """A name for each recording (by absolute path), so that no two write to one file, also where case is ignored.

    ``wanted`` holds the plain names (``team/call7``). Where names collide all of them keep their suffix, or else get as
    many of their folders in front as it takes, or at last a hash. A name that a recording had before (``known``) stays.
    """
    plain = {path: _fitting(name) for path, name in wanted.items()}
    names = {path: _kept(path, wanted[path], plain[path], (known or {}).get(path)) for path in wanted}
    fixed = {path for path in names if path in (known or {}) and names[path] == (known or {})[path]}
    level = dict.fromkeys(wanted, 0)
    while colliding := _colliding(names, suffixes):
        for path in [path for path in colliding if path not in fixed] or colliding:
            level[path] = 0 if path in fixed else level[path] + 1
            fixed.discard(path)
            names[path] = plain[path] if level[path] == 0 else _options(path, wanted[path])[level[path]]
    return names


def _kept(path: Path, name: str, plain: str, before: str | None) -> str:
    """The name that a recording had before, when it could get it now, else its plain one."""
    return before if before and before != plain and before in _options(path, name) else plain


def _options(path: Path, name: str) -> list[str]:
    """The names that a recording may get, the plain one first; the last ones are unique."""
    parts = path.parts[1:]
    counts = range(len(Path(name).parts) + 1, len(parts) + 1)
    longer = [name, *(os.path.join(*parts[-count:-1], path.stem) for count in counts)]  # noqa: PTH118 — many names
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()
    found = [option for base in longer for option in (base, f"{base}{path.suffix}")]
    return [_fitting(option) for option in (*found, *(f"{name}~{digest[n : n + 12]}" for n in range(0, 60, 12)))]


def _fitting(name: str) -> str:
    folder, file = os.path.split(name)
    return os.path.join(folder, shortened(file))  # noqa: PTH118 — many names


def _colliding(names: Mapping[Path, str], suffixes: Sequence[str]) -> list[Path]:
    """The recordings that share a file with another one, or with what the batch writes."""
    owners: dict[str, Path | None] = dict.fromkeys(RESERVED)
    found: dict[Path, None] = {}
    for path, name in names.items():
        for file in {f"{name}{suffix}".casefold() for suffix in suffixes}:
            owner = owners.setdefault(file, path)
            if owner != path:
                found |= {path: None} if owner is None else {path: None, owner: None}
    return list(found)


def absolute(path: Path) -> Path:
    """The path from the root, without ``..``; links stay."""
    return Path(os.path.abspath(path))  # noqa: PTH100
