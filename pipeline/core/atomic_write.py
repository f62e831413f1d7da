"""Atomic writing of files: a temporary file in the same folder, flushed to disk, then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from pipeline.core.errors import CrosstalkError, OutOfDisk, OutputError, ResourceError, SettingsError
from pipeline.core.failpoints import hit

if TYPE_CHECKING:
    import io

TEMPORARY = ".crosstalk-"
"""Prefix of the names of unfinished files."""
NAME_BYTES = 255
"""Maximum length of a file name, in bytes, on common file systems."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EROFS, errno.EACCES, errno.EPERM)
_WRONG_PATH = (
    errno.ENOENT,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.EACCES,
    errno.EPERM,
)
"""Error numbers of a wrong path on the command line; all others are faults of the machine."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` as the file ``path``; raises `OutputError`, and the old file is unchanged."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        hit("write.begin")
        file.write(data)
    hit("write.done")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file that replaces ``path`` when the block ends without an error, flushed to disk; raises `OutputError`.

    It has the permissions of any new file: the umask applies.
    """
    temporary: Path | None = None
    try:
        temporary = _create(path.parent)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        hit("write.replace")
        os.replace(temporary, path)  # noqa: PTH105 — Path.replace would hide that this is the atomic step
    except BaseException as error:
        if temporary is not None:
            _discard(temporary)
        if isinstance(error, OSError):
            raise as_error(error, path) from error
        raise


def digest(file: BinaryIO) -> str:
    """The SHA-256 of an open file from its current position, in lower-case hexadecimal."""
    return hashlib.file_digest(cast("io.BufferedReader", file), "sha256").hexdigest()


def digest_file(path: Path) -> str:
    """The SHA-256 of a file's content, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return digest(file)


def is_file(path: Path) -> bool:
    """Whether there is a file at the path; also for a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def make_folder(folder: Path) -> None:
    """Create the folder and those above it; raises `OutputError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise as_error(error, folder) from error


def as_error(error: OSError, path: Path) -> OutputError:
    """The error of a failed write; each cause may be temporary, so that running again resumes."""
    if error.errno in _FULL:
        return OutOfDisk("the disk is full", where=str(path), hint="make room and run again: finished stages are kept")
    if error.errno == errno.ENAMETOOLONG:
        return OutputError("the name is too long for this file system", where=str(path), hint="rename the recording")
    reason = error.strerror or str(error)
    hint = "choose another folder for the results" if error.errno in _DENIED else "correct this and run again"
    return OutputError(f"cannot be written: {reason}", where=str(path), hint=hint)


def as_error_of_unknown_direction(error: OSError) -> CrosstalkError:
    """The error of an `OSError` that may come from reading or writing: the system's reason alone."""
    place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    if error.errno in (*_FULL, errno.EROFS):
        return as_error(error, place or Path("the disk"))
    kind = SettingsError if error.errno in _WRONG_PATH else ResourceError
    return kind(error.strerror or str(error), where=str(place or ""))


def sqlite_text(name: str) -> str:
    """A name for databases and tables: bytes that are not UTF-8 are escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _create(folder: Path) -> Path:
    """A new empty file with a unique name; the umask applies."""
    while True:
        path = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        except FileExistsError:
            continue
        return path


def _discard(path: Path) -> None:
    """Remove a temporary file; where that fails, a later run removes it."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
