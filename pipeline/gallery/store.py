"""The gallery: a folder with one JSON file per person, readable by its owner only.

A file is named by a hash of the person's name, so that a damaged one can be found and removed by name. It can be copied
to another machine as it is. Every change is atomic, and holds a lock of the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.core.atomic_write import TEMPORARY, as_error, replacing
from pipeline.core.errors import CrosstalkError, ResourceError, SettingsError
from pipeline.core.serialization import DataError, from_plain, to_plain
from pipeline.gallery.people import Consent, Person, VoicePrint

VERSION = "crosstalk-person/1"
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


class GalleryError(ResourceError):
    """The gallery cannot be read."""


class Gallery:
    """The people in a folder, which need not exist; by default one in the user's data folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def read(self) -> tuple[tuple[Person, ...], tuple[str, ...]]:
        """All people that can be read, by name, and a line for each file that is no person: it costs that entry only.

        Several entries of one name, as a copy of a file makes them, count as one person. Raises `GalleryError` where
        the folder cannot be read.
        """
        found: dict[str, Person] = {}
        damaged: list[str] = []
        for entry, path in self._entries():
            if isinstance(entry, str):
                damaged.append(f"{path}: {entry}; it was left out")
            else:
                found[entry.name] = _joined(found[entry.name], entry) if entry.name in found else entry
        return tuple(found.values()), tuple(damaged)

    def people(self) -> tuple[Person, ...]:
        """The people of `read`."""
        return self.read()[0]

    def damaged(self) -> tuple[str, ...]:
        """The lines of `read`."""
        return self.read()[1]

    def find(self, name: str) -> Person:
        """The person of a name; raises `SettingsError` for one who is not in the gallery."""
        person = self.get(name)
        if person is None:
            hint = "see: transcribe speakers list"
            raise SettingsError(f"the gallery has no {name!r}", where=str(self.folder), hint=hint)
        return person

    def get(self, name: str) -> Person | None:
        """The person of a name; None for one who is not in the gallery."""
        return next((person for person in self.people() if person.name == name), None)

    def add(self, name: str, prints: Sequence[VoicePrint], consent: Consent | None, expires: str | None) -> Person:
        """Add voice prints to a person, who is new or has given a consent before; returns that person.

        A consent or a date that is given replaces the one before. Raises `SettingsError` without any consent.
        """
        with self._changing():
            agreed, stored = self.require_consent(name, consent), self.get(name)
            before = stored.prints if stored else ()
            last = expires or (stored.expires if stored else None)
            person = Person(name, tuple(dict.fromkeys((*before, *prints))), agreed, last)
            self._replace(person, [name])
        return person

    def require_consent(self, name: str, given: Consent | None) -> Consent:
        """The consent that is given now, else the one that is stored; raises `SettingsError` without any."""
        stored = self.get(name)
        consent = given or (stored.consent if stored else None)
        if consent is None:
            hint = 'say who agreed, how and when: --consent "Ana agreed by e-mail on 3 May 2027"'
            raise SettingsError(f"voice prints of {name} need their consent", where=str(self.folder), hint=hint)
        return consent

    def rename(self, old: str, new: str) -> None:
        """Give a person another name, which no other person has."""
        with self._changing():
            person = self.find(old)
            if self.get(new) is not None:
                hint = f"join them with: transcribe speakers merge {shlex.quote(old)} {shlex.quote(new)}"
                raise SettingsError(f"the gallery has a {new!r} already", where=str(self.folder), hint=hint)
            self._replace(replace(person, name=new), [old])

    def merge(self, name: str, into: str) -> Person:
        """Give the prints of one person to another, whose consent stays, until the earlier of both dates of expiry."""
        if name == into:
            raise SettingsError("a person cannot be merged with themselves")
        with self._changing():
            merged = replace(_joined(self.find(into), self.find(name)), name=into)
            self._replace(merged, [name, into])
        return merged

    def forget(self, name: str) -> tuple[Path, ...]:
        """Remove every file of the person, also a damaged one; returns them. `SettingsError` for a name without one."""
        files: tuple[Path, ...] = ()
        if self.folder.is_dir():
            with self._changing():
                files = self._files_of(name)
                _remove(files)
        if not files:
            raise SettingsError(f"the gallery has no {name!r}", where=str(self.folder))
        return files

    def _replace(self, person: Person, names: Sequence[str]) -> None:
        """Write the person, and remove all other files of these names."""
        old = [path for name in names for path in self._files_of(name)]
        path = self._path(person.name)
        text = json.dumps({"version": VERSION, **to_plain(person)}, ensure_ascii=False, indent=1) + "\n"
        with replacing(path) as temporary:
            temporary.chmod(_PRIVATE_FILE)
            temporary.write_text(text, encoding="utf-8")
        _remove(each for each in old if each != path)

    def _files_of(self, name: str) -> tuple[Path, ...]:
        named = [self._path(name)] if self._path(name).is_file() else []
        others = (path for person, path in self._entries() if isinstance(person, Person) and person.name == name)
        return tuple(dict.fromkeys((*named, *others)))

    def _path(self, name: str) -> Path:
        return self.folder / f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}.json"

    def _entries(self) -> Iterator[tuple[Person | str, Path]]:
        """Each file with its person, or with what is wrong with it; sorted by name."""
        entries = [(_read(path), path) for path in self._paths()]
        yield from sorted(entries, key=lambda entry: (getattr(entry[0], "name", ""), entry[1]))

    def _paths(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.suffix == ".json" and path.is_file())
        except FileNotFoundError:
            return []
        except OSError as error:
            reason = error.strerror or str(error)
            raise GalleryError(f"the gallery cannot be read: {reason}", where=str(self.folder)) from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """The folder, locked, and without unfinished files; one that others can read is refused."""
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(mode=_PRIVATE_FOLDER, parents=True)
            if self.folder.stat().st_mode & 0o077:
                hint = f"choose another folder, or: chmod 700 {shlex.quote(str(self.folder))}"
                raise SettingsError("other users can read this folder", where=str(self.folder), hint=hint)
            lock = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _PRIVATE_FILE)
        except OSError as error:
            raise as_error(error, self.folder) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _remove(self.folder.glob(f"{TEMPORARY}*"))
            yield
        finally:
            os.close(lock)


def default_folder() -> Path:
    """The gallery in the user's data folder."""
    import platformdirs

    return Path(platformdirs.user_data_dir("crosstalk")) / "gallery"


def _joined(one: Person, other: Person) -> Person:
    """The first person with the prints of both, until the earlier of both dates."""
    dates = [each.expires for each in (one, other) if each.expires is not None]
    return replace(one, prints=tuple(dict.fromkeys((*one.prints, *other.prints))), expires=min(dates, default=None))


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise as_error(error, path) from error


def _read(path: Path) -> Person | str:
    """The person of a file, or what is wrong with it."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or data.pop("version", None) != VERSION:
            return f"not a person of the version {VERSION}"
        person = from_plain(Person, data)
        return person if person.consent is not None else "no consent is recorded"
    except (DataError, ValueError, RecursionError) as error:
        return f"damaged: {error}"
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    except CrosstalkError as error:
        return error.line
