"""Opening of recordings: only regular files, and never by a name that FFmpeg could interpret."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from pipeline.core.atomic_write import digest as sha256_of
from pipeline.core.errors import CrosstalkError, InputError, OutOfDisk, ReadError, ResourceError

_KINDS = (
    (stat.S_ISDIR, "is a folder, not a recording", "give the files in it"),
    (stat.S_ISFIFO, "is a pipe (fifo), not a file", "write it to a file first, or give - and pipe it in"),
    (stat.S_ISCHR, "is a device, not a file", "record it to a file first"),
    (stat.S_ISBLK, "is a device, not a file", "copy the recording to a file first"),
    (stat.S_ISSOCK, "is a socket, not a file", "give a recording"),
)
_PERMANENT = (errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.ELOOP, errno.ENAMETOOLONG)
"""Permanent reasons why a recording cannot be opened; others (rights, disk, network) may be temporary."""
_REASONS = {
    errno.ENOENT: ("does not exist", "check the name"),
    errno.ENOTDIR: ("does not exist: a part of the path is not a folder", "check the name"),
    errno.EACCES: ("may not be read: permission denied", "check the rights of the file and its folder"),
    errno.EPERM: ("may not be read: permission denied", "check the rights of the file and its folder"),
    errno.ENXIO: ("is a socket, not a file", "give a recording"),
    errno.ELOOP: ("is a link that leads back to itself", "check the link"),
    errno.ENAMETOOLONG: ("has too long a name", "rename it"),
}

_TEMPORARY = frozenset({errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN, errno.ENOMEM,
                      errno.EMFILE, errno.ENFILE})  # fmt: skip
"""Errors of the machine, its disks or network: the recording may be intact, and another run may succeed."""


def open_recording(path: Path | str) -> BinaryIO:
    """Open a regular file without blocking; raises ``InputError`` with the reason for anything else."""
    name = str(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _TEMPORARY:
            raise unreadable(error, name) from None
        what, hint = _REASONS.get(error.errno or 0, (f"cannot be opened: {error.strerror}", ""))
        kind = InputError if error.errno in _PERMANENT else ReadError
        raise kind(what, where=name, hint=hint) from None
    except ValueError:
        raise InputError("is not a file name: it contains a null byte", where=name) from None
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    what, hint = next(((what, hint) for test, what, hint in _KINDS if test(mode)), ("is not a regular file", ""))
    raise InputError(what, where=name, hint=hint)


def spool(stream: BinaryIO, name: str) -> BinaryIO:
    """Copy a stream that is not seekable to an unnamed temporary file, which is private and removed when closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        while block := _read(stream, name):
            file.write(block)
        file.seek(0)
    except BaseException as error:
        with contextlib.suppress(OSError):  # closing writes buffered data, and fails again
            file.close()
        if isinstance(error, OSError):
            raise unwritable(error, name) from None
        raise
    return file


def _read(stream: BinaryIO, name: str) -> bytes:
    try:
        return stream.read(1 << 20)
    except OSError as error:
        raise unreadable(error, name) from None


def digest(file: BinaryIO, name: str) -> str:
    """The SHA-256 of a file; leaves its position at the start. Raises ``InputError`` if it cannot be read."""
    try:
        file.seek(0)
        value = sha256_of(file)
        file.seek(0)
    except OSError as error:
        raise unreadable(error, name) from None
    return value


def unreadable(error: OSError, name: str) -> CrosstalkError:
    """The error for a recording that cannot be read."""
    if error.errno in _TEMPORARY:
        return ResourceError(f"cannot be read: {error.strerror}", where=name, hint="check the disk, then run it again")
    return ReadError(f"cannot be read: {error.strerror or error}", where=name, hint="check the disk")


def unwritable(error: OSError, what: str) -> ResourceError:
    """The error for a temporary file that cannot be written."""
    if error.errno == errno.EFBIG:
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        what = f"{what}: a temporary file would be larger than the limit of {limit} bytes (ulimit -f)"
        return ResourceError(what, hint="raise the limit: ulimit -f unlimited")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutOfDisk(f"no space left for {what}", hint="make room in the temporary folder, or set TMPDIR")
    return OutOfDisk(f"{what} cannot be written: {error.strerror}", hint="check the temporary folder, or set TMPDIR")
