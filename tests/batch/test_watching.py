"""A watched folder: what is complete is given once, what grows is left alone, what changed is given again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipeline.batch import watching
from pipeline.batch.discovery import Recording
from pipeline.batch.night import Ended, Orders, run
from pipeline.batch.watching import Watch
from pipeline.batch.worker import Setup
from pipeline.errors import SettingsError
from tests import world


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that tests move: seconds since the test began."""
    now = [0.0]
    began = time.time()
    monkeypatch.setattr(watching.time, "monotonic", lambda: 100.0 + now[0])
    monkeypatch.setattr(watching.time, "time", lambda: began + now[0])
    return now


def put(path: Path, data: bytes, age: float = 0.0) -> None:
    path.write_bytes(data)
    os.utime(path, (time.time() - age, time.time() - age))


def test_only_what_is_complete_is_given_and_once(tmp_path: Path, clock: list[float]) -> None:
    watch = Watch([str(tmp_path)], tmp_path / "out")
    put(tmp_path / "old.wav", b"x", age=60)
    put(tmp_path / "new.wav", b"x")
    assert [recording.name for recording in watch()] == ["old"]
    clock[0] = 5
    put(tmp_path / "new.wav", b"xx")
    assert watch() == []
    clock[0] = 12
    assert watch() == []  # seven seconds are not ten
    clock[0] = 16
    assert [recording.name for recording in watch()] == ["new"]
    clock[0] = 60
    assert watch() == []
    put(tmp_path / "old.wav", b"other")
    clock[0] = 63
    assert watch() == []
    clock[0] = 75
    assert [recording.name for recording in watch()] == ["old"]


def test_of_two_with_one_name_the_first_is_given_and_the_other_told(tmp_path: Path, clock: list[float]) -> None:
    for name in ("a.mp3", "a.wav"):
        put(tmp_path / name, b"x", age=60)
    told: list[str] = []
    watch = Watch([str(tmp_path)], tmp_path / "out", tell=told.append)
    assert [recording.path.name for recording in watch()] == ["a.mp3"]
    clock[0] = 60
    assert watch() == []
    (line,) = told
    assert "a.wav is left out" in line


def test_a_night_goes_on_with_what_arrives(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    ended: list[str] = []

    def witness(end: Ended) -> None:
        ended.append(end.recording.name)
        if len(ended) == 2:
            raise KeyboardInterrupt
        world.write_wav(calls / "second.wav")

    world.write_wav(calls / "first.wav")
    setup = Setup(world.settings(), tmp_path / "out", ("txt",), None)
    with pytest.raises(KeyboardInterrupt):
        run((), setup, Orders(), witness, Watch([str(calls)], tmp_path / "out", settled=0.2))
    assert ended == ["first", "second"]
    assert sorted(path.name for path in (tmp_path / "out").glob("*.txt")) == ["first.txt", "second.txt"]


def test_a_file_that_changes_while_it_is_worked_on_is_done_again_afterwards(tmp_path: Path) -> None:
    call = world.write_wav(tmp_path / "call.wav")
    recording = Recording(call, "call")
    setup = Setup(world.settings(), tmp_path / "out", ("txt",), None)
    given = iter([[recording], [recording]])
    ended: list[Ended] = []

    def witness(end: Ended) -> None:
        ended.append(end)
        if len(ended) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run((), setup, Orders(jobs=2), witness, lambda: next(given, []))
    assert [(end.verdict, end.failed) for end in ended] == [("do", False), ("done", False)]


def test_a_manifest_may_be_half_written_for_a_while(tmp_path: Path, clock: list[float]) -> None:
    put(tmp_path / "a.wav", b"x", age=60)
    put(tmp_path / "b.wav", b"x", age=60)
    place = tmp_path / "list.csv"
    place.write_text("path,speakers\na.wav,2\n")
    watch = Watch([str(place)], tmp_path / "out")
    assert [recording.name for recording in watch()] == ["a"]
    place.write_text("path,speakers\na.wav,2\nb.w")
    clock[0] = 5
    assert watch() == []
    place.write_text("path,speakers\na.wav,2\nb.wav,2\n")
    clock[0] = 8
    assert [recording.name for recording in watch()] == ["b"]
    place.write_text("spoiled")
    clock[0] = 80
    with pytest.raises(SettingsError, match="column 'path'"):
        watch()
