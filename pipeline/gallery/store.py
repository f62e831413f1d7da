"""The gallery: a folder with one JSON file per person, readable by its owner only.

A file is named by a hash of the person's name, so that a damaged one can be found and removed by name. It can be copied
to another machine as it is. Every change is atomic, and holds a lock of the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.core.atomic_write import as_error, replacing
from pipeline.core.errors import CrosstalkError, ResourceError, SettingsError
from pipeline.core.serialization import DataError, from_plain, to_plain
from pipeline.core.types import Notice
from pipeline.gallery.people import Person, VoicePrint

VERSION = "crosstalk-person/1"
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700


class GalleryError(ResourceError):
    """The gallery cannot be read."""


class Gallery:
    """The people in a folder, which need not exist; by default one in the user's data folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def people(self) -> tuple[Person, ...]:
        """All people that can be read, by name; raises `GalleryError` where the folder cannot."""
        return tuple(person for person, _ in self._entries() if isinstance(person, Person))

    def damaged(self) -> tuple[Notice, ...]:
        """A notice for each file that is no person: it costs that entry only."""
        return tuple(
            Notice("gallery_entry_damaged", f"{path}: {problem}; remove it, and add the person again")
            for problem, path in self._entries()
            if isinstance(problem, str)
        )

    def find(self, name: str) -> Person:
        """The person of a name; raises `SettingsError` for one who is not in the gallery."""
        for person in self.people():
            if person.name == name:
                return person
        raise SettingsError(
            f"the gallery has no {name!r}", where=str(self.folder), hint="see: transcribe speakers list"
        )

    def prints_of(self, name: str) -> tuple[VoicePrint, ...]:
        """The voice prints of a person; empty where there is no readable entry."""
        return next((person.prints for person in self.people() if person.name == name), ())

    def save(self, person: Person) -> None:
        """Add the person, or replace the one of this name; raises `OutputError`."""
        if person.consent is None:
            raise ValueError("a person without consent is never stored")
        with self._changing():
            self._write(person)

    def rename(self, old: str, new: str) -> None:
        """Give a person another name, which nobody has yet."""
        person = self.find(old)
        if any(other.name == new for other in self.people()):
            hint = f"join them with: transcribe speakers merge {old!r} {new!r}"
            raise SettingsError(f"the gallery has a {new!r} already", where=str(self.folder), hint=hint)
        with self._changing():
            self._write(replace(person, name=new))
            self._remove(self._files_of(old))

    def merge(self, name: str, into: str) -> Person:
        """Give the prints of one person to another, whose consent and date of expiry stay; returns that person."""
        source, target = self.find(name), self.find(into)
        if name == into:
            raise SettingsError("a person cannot be merged with themselves")
        merged = replace(target, prints=tuple(dict.fromkeys((*target.prints, *source.prints))))
        with self._changing():
            self._write(merged)
            self._remove(self._files_of(name))
        return merged

    def forget(self, name: str) -> tuple[Path, ...]:
        """Remove every file of the person, also a damaged one; returns them. `SettingsError` where there is none."""
        if not self.folder.is_dir():
            raise SettingsError(f"the gallery has no {name!r}", where=str(self.folder))
        with self._changing():
            files = self._files_of(name)
            self._remove(files)
        if not files:
            raise SettingsError(f"the gallery has no {name!r}", where=str(self.folder))
        return files

    def _files_of(self, name: str) -> tuple[Path, ...]:
        named = [self._path(name)] if self._path(name).is_file() else []
        others = (path for person, path in self._entries() if isinstance(person, Person) and person.name == name)
        return tuple(dict.fromkeys((*named, *others)))

    def _remove(self, paths: tuple[Path, ...]) -> None:
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise as_error(error, path) from error

    def _path(self, name: str) -> Path:
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"

    def _entries(self) -> Iterator[tuple[Person | str, Path]]:
        """Each file with its person, or with what is wrong with it; sorted by name."""
        entries = [(_read(path), path) for path in self._paths()]
        yield from sorted(entries, key=lambda entry: (getattr(entry[0], "name", ""), entry[1]))

    def _paths(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.iterdir() if path.suffix == ".json")
        except FileNotFoundError:
            return []
        except OSError as error:
            reason = error.strerror or str(error)
            raise GalleryError(f"the gallery cannot be read: {reason}", where=str(self.folder)) from error

    def _write(self, person: Person) -> None:
        path = self._path(person.name)
        text = json.dumps({"version": VERSION, **to_plain(person)}, ensure_ascii=False, indent=1) + "\n"
        with replacing(path) as temporary:
            temporary.chmod(_PRIVATE_FILE)
            temporary.write_text(text, encoding="utf-8")

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """The folder, made private and locked."""
        try:
            self.folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            self.folder.chmod(_PRIVATE_FOLDER)
            lock = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _PRIVATE_FILE)
        except OSError as error:
            raise as_error(error, self.folder) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def default_folder() -> Path:
    """The gallery in the user's data folder."""
    import platformdirs

    return Path(platformdirs.user_data_dir("crosstalk")) / "gallery"


def _read(path: Path) -> Person | str:
    """The person of a file, or what is wrong with it."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or data.pop("version", None) != VERSION:
            return f"not a person of the version {VERSION}"
        person = from_plain(Person, data)
        return person if person.consent is not None else "no consent is recorded"
    except (DataError, ValueError) as error:
        return f"damaged: {error}"
    except OSError as error:
        return error.strerror or str(error)
    except CrosstalkError as error:
        return error.line
