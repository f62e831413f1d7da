"""Atomic files: the new content or the old one, never half of it, never litter."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from pipeline.errors import CrosstalkError, OutOfDisk, SettingsError
from pipeline.files import explain, write_atomically


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
        (OSError(errno.EROFS, "Read-only file system"), SettingsError),
        (OSError(errno.EIO, "Input/output error"), SettingsError),
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
    with pytest.raises(SettingsError) as caught:
        write_atomically(tmp_path / name, b"")
    assert name in caught.value.line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_read_only_folder_asks_for_another() -> None:
    for number in (errno.EROFS, errno.EACCES, errno.EPERM):
        error = explain(OSError(number, os.strerror(number)), Path("out/a.txt"))
        assert "--output-dir" in error.line
    assert "too long" in explain(OSError(errno.ENAMETOOLONG, "x"), Path("a")).line
    assert explain(OSError(errno.ENOSPC, "x"), Path("a")).exit_code == 5
