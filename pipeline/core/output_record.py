"""The record of the files that this program wrote into a folder: no other file is ever replaced.

``.crosstalk/outputs`` in the folder holds one JSON line per file written: its name, the SHA-256 of its bytes, what it
was made from, and with which options. A file may be replaced while its bytes are among those recorded for the same
source. A file of the user's, a result that was changed since, and the result of another recording with the same name
are refused.
A line is added before the file is put in place, so that an interrupted run recognizes its own results.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from pipeline.core.atomic_write import as_error, make_folder, write_atomically
from pipeline.core.errors import OutputExists

RECORD = Path(".crosstalk", "outputs")
"""Where the record lies in its folder."""
_HINT = "move it away, choose another folder, or replace it with --overwrite"


class OutputRecord:
    """The record of one folder, for writing results that are made from ``source``.

    ``overwrite`` allows to replace any file. ``adopted`` are names relative to the folder that are known to be results
    although the record has no line about them.
    """

    def __init__(
        self, folder: Path, source: str, *, overwrite: bool = False, adopted: Collection[str] = frozenset()
    ) -> None:
        self._folder, self._source, self._overwrite, self._adopted = folder, source, overwrite, adopted
        self._known, self._options = _read(folder / RECORD)

    def check(self, paths: Iterable[Path]) -> None:
        """Raise `OutputExists` for the first path that is taken by a file that must not be replaced."""
        for path in paths:
            if not self._overwrite and os.path.lexists(path):
                self._check_existing(path)

    def write(self, path: Path, data: bytes, options: Mapping[str, bool] | None = None) -> None:
        """Write the file and record it with ``options``; raises `OutputExists`, or `OutputError` where it cannot."""
        digest = hashlib.sha256(data).hexdigest()
        if _digest(path) != digest:
            self.check([path])
        make_folder(path.parent)
        self._add(path, digest, dict(options or {}))
        write_atomically(path, data)

    def has_written(self, path: Path) -> bool:
        """Whether a file of this name was ever written for the source, whatever it holds now."""
        return any(source == self._source for _, source in self._known.get(self._name(path), ()))

    def is_unchanged(self, path: Path) -> bool:
        """Whether the file holds what was written for the source."""
        return (_digest(path), self._source) in self._known.get(self._name(path), ())

    def present(self, stem: Path) -> tuple[Path, ...]:
        """The recorded files that exist under a name with any suffix, whatever they were made from."""
        start = f"{self._name(stem)}."
        paths = (self._folder / name for name in sorted(self._known) if name.startswith(start))
        return tuple(path for path in paths if path.exists())

    def options_of(self, path: Path) -> dict[str, bool]:
        """The options with which the file was written last."""
        return dict(self._options.get(self._name(path), {}))

    def add(self, path: Path, content: Path | None = None) -> None:
        """Record a file that a library has written itself, or is about to be replaced by the file ``content``."""
        digest = _digest(content or path)
        if digest is not None:
            self._add(path, digest)

    def _add(self, path: Path, digest: str, options: dict[str, bool] | None = None) -> None:
        name, entry, options = self._name(path), (digest, self._source), options or {}
        if entry not in self._known.get(name, ()) or options != self._options.get(name, {}):
            further = {"options": options} if options else {}
            self._append({"file": name, "sha256": digest, "source": self._source, **further})
            self._known.setdefault(name, set()).add(entry)
            self._options[name] = options

    def _check_existing(self, path: Path) -> None:
        name, digest = self._name(path), _digest(path)
        if (digest, self._source) not in self._known.get(name, ()):
            self._known, self._options = _read(self._folder / RECORD)  # another run may have written it meanwhile
        known = self._known.get(name, set())
        if (not known and name in self._adopted) or (digest, self._source) in known:
            return
        if digest in {written for written, _ in known}:
            reason = "is the result of another recording"
        elif known:
            reason = "was changed after it was written"
        else:
            reason = "exists already and was not written by this program"
        raise OutputExists(reason, where=str(path), hint=_HINT)

    def _name(self, path: Path) -> str:
        return Path(os.path.relpath(path, self._folder)).as_posix()

    def _append(self, entry: Mapping[str, object]) -> None:
        path = self._folder / RECORD
        line = f"\n{json.dumps(entry)}\n".encode()  # a line that was cut short by a full disk must not spoil this one
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise as_error(error, path) from error


def source_of(path: str | Path) -> str:
    """The identifier of an input file in a record: a hash of its absolute path."""
    place = os.path.abspath(path)  # noqa: PTH100 — resolve() would follow links
    return hashlib.sha256(os.fsencode(place)).hexdigest()[:16]


def source_of_result(path: Path) -> str:
    """The source of a recorded result: files converted from it may replace those that were written with it."""
    known = _read(path.parent / RECORD)[0].get(path.name, set())
    sources = sorted(source for _, source in known)
    return sources[0] if sources else source_of(path)


def _read(path: Path) -> tuple[dict[str, set[tuple[str, str]]], dict[str, dict[str, bool]]]:
    """Hash and source of every file recorded, and its last options, by name; lines that were cut short are left out."""
    known: dict[str, set[tuple[str, str]]] = {}
    options: dict[str, dict[str, bool]] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return known, options
    for line in lines:
        try:
            entry = json.loads(line)
            known.setdefault(entry["file"], set()).add((entry["sha256"], entry["source"]))
            options[entry["file"]] = dict(entry.get("options", {}))
        except (ValueError, KeyError, TypeError):
            continue
    return known, options


def _digest(path: Path) -> str | None:
    """The SHA-256 of a regular file; None for anything else, and for what cannot be read."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
