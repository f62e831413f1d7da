"""Atomic files: the new content or the old one, never a part of it, and no temporary files left."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from pipeline.core.atomic_write import as_error, as_error_of_unknown_direction, write_atomically
from pipeline.core.errors import CrosstalkError, OutOfDisk, OutputError


def test_the_file_is_whole_and_as_readable_as_any(tmp_path: Path) -> None:
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    write_atomically(path, b"one")
    write_atomically(path, b"two\x00\xff")
    other.touch()
    assert path.read_bytes() == b"two\x00\xff"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [path, other]


@pytest.mark.promise(17)
@pytest.mark.promise(20)
@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutOfDisk),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), OutOfDisk),
        (OSError(errno.EROFS, "Read-only file system"), OutputError),
        (OSError(errno.EIO, "Input/output error"), OutputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=repr,
)
def test_a_failure_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException, expected: type[BaseException]
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def fail(*arguments: object) -> None:
        raise failure

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(expected) as caught:
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    if isinstance(caught.value, CrosstalkError):
        assert str(path) in caught.value.line


@pytest.mark.promise(20)
@pytest.mark.parametrize("name", ["missing/a.txt", "file/a.txt", "x" * 300])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError) as caught:
        write_atomically(tmp_path / name, b"")
    assert name in caught.value.line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o007])
def test_the_umask_applies_and_is_never_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: int) -> None:
    before = os.umask(mask)

    def refuse(value: int) -> int:
        raise AssertionError("the umask of the whole process was changed")

    try:
        with monkeypatch.context() as patched:
            patched.setattr(os, "umask", refuse)
            write_atomically(tmp_path / "a.txt", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~mask


WRITE_FAULTS = sorted(set(errno.errorcode) - {errno.EINTR})


@pytest.mark.parametrize("number", WRITE_FAULTS, ids=lambda number: errno.errorcode[number])
def test_every_failed_write_can_be_resumed(number: int) -> None:
    error = as_error(OSError(number, os.strerror(number)), Path("out/a.txt"))
    assert isinstance(error, OutputError)
    assert (error.exit_code, error.where) == (5, "out/a.txt")
    assert error.hint
    assert error.affects_all == (number in (errno.ENOSPC, errno.EDQUOT))


def test_an_error_of_unknown_direction_has_no_direction() -> None:
    error = as_error_of_unknown_direction(OSError(errno.EACCES, "Permission denied", "in.json"))
    assert (error.where, error.what) == ("in.json", "Permission denied")
    assert isinstance(as_error_of_unknown_direction(OSError(errno.ENOSPC, "No space left on device")), OutOfDisk)
    assert error.exit_code == 1
    fault = as_error_of_unknown_direction(OSError(errno.EIO, "Input/output error"))
    assert (fault.where, fault.exit_code) == ("", 5)
