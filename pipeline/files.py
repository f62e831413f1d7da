"""Writing files so that they are absent or whole: temporary in the same folder, flushed to disk, then put in place."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from pipeline.errors import OutOfDisk, SettingsError
from pipeline.failpoints import reach

if TYPE_CHECKING:
    import io

TEMPORARY = ".crosstalk-"
"""How the names of unfinished files begin."""


def write_atomically(path: Path, data: bytes) -> None:
    """``data`` as the file ``path``, or the old file untouched; OutOfDisk or SettingsError says why not."""
    try:
        handle, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
    except OSError as error:
        raise explain(error, path) from error
    try:
        with os.fdopen(handle, "wb") as file:
            reach("write.begin")
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        reach("write.replace")
        os.replace(temporary, path)  # noqa: PTH105 — Path.replace would hide that this is the atomic step
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise explain(error, path) from error
        raise
    reach("write.done")


def digest(file: BinaryIO) -> str:
    """The SHA-256 of an open file from where it stands, in lower-case hexadecimal."""
    return hashlib.file_digest(cast("io.BufferedReader", file), "sha256").hexdigest()


def digest_file(path: Path) -> str:
    """The SHA-256 of a file's content, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return digest(file)


def make_folder(folder: Path) -> None:
    """The folder and those above it; OutOfDisk or SettingsError says why not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error


def explain(error: OSError, path: Path) -> OutOfDisk | SettingsError:
    """A failed write as the error the user reads."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutOfDisk("the disk is full", where=str(path), hint="make room and run again: finished stages are kept")
    if error.errno == errno.ENAMETOOLONG:
        return SettingsError("the name is too long for this file system", where=str(path))
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return SettingsError("cannot be written", where=str(path), hint="choose another folder with --output-dir")
    return SettingsError(f"cannot be written: {error.strerror}", where=str(path))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
