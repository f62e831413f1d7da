"""Recordings as open files: regular ones only, and never by a name that FFmpeg could read a meaning into."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from pipeline import files
from pipeline.errors import InputError, OutOfDisk

_KINDS = (
    (stat.S_ISDIR, "is a folder, not a recording", "give the files in it"),
    (stat.S_ISFIFO, "is a pipe (fifo), not a file", "write it to a file first, or give - and pipe it in"),
    (stat.S_ISCHR, "is a device, not a file", "record it to a file first"),
    (stat.S_ISBLK, "is a device, not a file", "copy the recording to a file first"),
    (stat.S_ISSOCK, "is a socket, not a file", "give a recording"),
)
_REASONS = {
    errno.ENOENT: ("does not exist", "check the name"),
    errno.ENOTDIR: ("does not exist: a part of the path is no folder", "check the name"),
    errno.EACCES: ("may not be read: permission denied", "check the rights of the file and its folder"),
    errno.EPERM: ("may not be read: permission denied", "check the rights of the file and its folder"),
    errno.ENXIO: ("is a socket, not a file", "give a recording"),
    errno.ELOOP: ("is a link that leads back to itself", "check the link"),
    errno.ENAMETOOLONG: ("has too long a name", "rename it"),
}


def open_recording(path: Path | str) -> BinaryIO:
    """Open a regular file without waiting for anybody; raises ``InputError`` with the reason for everything else."""
    name = str(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        what, hint = _REASONS.get(error.errno or 0, (f"cannot be opened: {error.strerror}", ""))
        raise InputError(what, where=name, hint=hint) from None
    except ValueError:
        raise InputError("is no file name: it holds a null byte", where=name) from None
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    what, hint = next(((what, hint) for test, what, hint in _KINDS if test(mode)), ("is not a regular file", ""))
    raise InputError(what, where=name, hint=hint)


def spool(stream: BinaryIO) -> BinaryIO:
    """Copy a stream that cannot be rewound to a temporary file without a name: nobody else sees it, nothing stays."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        shutil.copyfileobj(stream, file, 1 << 20)
    except OSError as error:
        file.close()
        if error.errno == errno.ENOSPC:
            raise OutOfDisk("no space left for the recording", where=tempfile.gettempdir()) from None
        raise unreadable(error, "standard input") from None
    file.seek(0)
    return file


def digest(file: BinaryIO, name: str) -> str:
    """The sha256 of a file's bytes; leaves it at its start. Raises ``InputError`` when the medium fails."""
    try:
        file.seek(0)
        value = files.digest(file)
        file.seek(0)
    except OSError as error:
        raise unreadable(error, name) from None
    return value


def unreadable(error: OSError, name: str) -> InputError:
    """The medium fails, or what it is mounted from."""
    return InputError(f"cannot be read: {error.strerror or error}", where=name, hint="check the disk")
