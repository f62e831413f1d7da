"""A watched folder: complete files are returned once, growing files later, changed files again."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.batch import folder_watch
from pipeline.batch.discovery import SUFFIXES, Recording, Search
from pipeline.batch.folder_watch import Watch
from pipeline.batch.name_pattern import parse
from pipeline.batch.scheduler import BatchOptions, RecordingResult, run
from pipeline.batch.worker import Setup
from pipeline.config.schema import Config, assign, check
from tests import world

pytestmark = pytest.mark.slow  # every test starts processes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that the test sets: seconds since the start of the test."""
    now = [0.0]
    began = time.time()
    monkeypatch.setattr(folder_watch.time, "monotonic", lambda: 100.0 + now[0])
    monkeypatch.setattr(folder_watch.time, "time", lambda: began + now[0])
    return now


def put(path: Path, data: bytes, age: float = 0.0) -> None:
    path.write_bytes(data)
    os.utime(path, (time.time() - age, time.time() - age))


def test_a_complete_file_is_returned_once(tmp_path: Path, clock: list[float]) -> None:
    watch = Watch(Search((str(tmp_path),), tmp_path / "out"))
    put(tmp_path / "old.wav", b"x", age=60)
    put(tmp_path / "new.wav", b"x")
    assert [recording.name for recording in watch()] == ["old"]
    clock[0] = 5
    put(tmp_path / "new.wav", b"xx")
    assert watch() == []
    clock[0] = 12
    assert watch() == []  # seven of ten seconds have passed
    clock[0] = 16
    assert [recording.name for recording in watch()] == ["new"]
    clock[0] = 60
    assert watch() == []
    put(tmp_path / "old.wav", b"other")
    clock[0] = 63
    assert watch() == []
    clock[0] = 75
    assert [recording.name for recording in watch()] == ["old"]


def test_recordings_of_equal_names_get_distinct_names_that_last(tmp_path: Path, clock: list[float]) -> None:
    put(tmp_path / "a.wav", b"x", age=60)
    lines: list[str] = []
    watch = Watch(Search((str(tmp_path),), tmp_path / "out"), report=lines.append)
    assert [recording.name for recording in watch()] == ["a"]
    put(tmp_path / "a.mp3", b"x", age=60)
    clock[0] = 60
    assert [recording.name for recording in watch()] == ["a.mp3"]
    (line,) = lines
    assert "a.mp3" in line
    put(tmp_path / "a.wav", b"other", age=60)
    clock[0] = 120
    assert [recording.name for recording in watch()] == ["a"]


def test_a_file_from_the_future_is_taken_like_any_other(tmp_path: Path, clock: list[float]) -> None:
    watch = Watch(Search((str(tmp_path),), tmp_path / "out"))
    put(tmp_path / "a.wav", b"x", age=-1e6)
    put(tmp_path / "b.wav", b"x", age=60 * 365 * 86400)
    assert [recording.name for recording in watch()] == ["b"]
    clock[0] = 12
    assert [recording.name for recording in watch()] == ["a"]


def test_what_a_watch_leaves_out_is_given_once_and_again_after_a_change(tmp_path: Path, clock: list[float]) -> None:
    given: list[list[str]] = []
    pattern = parse("{agent}_{id}.wav", SUFFIXES)
    lines: list[str] = []
    search = Search((str(tmp_path),), tmp_path / "out", pattern=pattern)
    watch = Watch(search, report=lines.append, leave_out=lambda items: given.append([item.path for item in items]))
    put(tmp_path / "notes.txt", b"x")
    put(tmp_path / "call.wav", b"x", age=60)
    for seconds in (0, 10, 20):
        clock[0] = seconds
        watch()
    assert given == [[str(tmp_path / "notes.txt")]]
    (line,) = lines
    assert line.startswith("1 recording without columns of --name-pattern")
    put(tmp_path / ".hidden.wav", b"x")
    clock[0] = 30
    watch()
    assert given[1:] == [[str(tmp_path / ".hidden.wav"), str(tmp_path / "notes.txt")]]


def test_a_watching_batch_transcribes_new_files(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    names: list[str] = []

    def on_result(result: RecordingResult) -> None:
        names.append(result.recording.name)
        if len(names) == 2:
            raise KeyboardInterrupt
        world.write_wav(calls / "second.wav")

    world.write_wav(calls / "first.wav")
    setup = Setup(world.settings(), tmp_path / "out", ("txt",), None)
    with pytest.raises(KeyboardInterrupt):
        run((), setup, BatchOptions(), on_result, Watch(Search((str(calls),), tmp_path / "out"), settled=0.2))
    assert names == ["first", "second"]
    assert sorted(path.name for path in (tmp_path / "out").glob("*.txt")) == ["first.txt", "second.txt"]


def test_a_file_that_changes_during_its_transcription_is_taken_again(tmp_path: Path) -> None:
    call = world.write_wav(tmp_path / "call.wav")
    recording = Recording(call, "call")
    setup = Setup(world.settings(), tmp_path / "out", ("txt",), None)
    rounds = iter([[recording], [recording]])
    results: list[RecordingResult] = []

    def on_result(result: RecordingResult) -> None:
        results.append(result)
        if len(results) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run((), setup, BatchOptions(jobs=2), on_result, lambda: next(rounds, []))
    assert [(result.decision, result.failed) for result in results] == [("do", False), ("done", False)]


def test_a_bad_manifest_does_not_end_the_watch(tmp_path: Path, clock: list[float]) -> None:
    for name in ("a", "b", "c"):
        put(tmp_path / f"{name}.wav", b"x", age=60)
    place = tmp_path / "list.csv"
    lines: list[str] = []

    def validate(settings: Mapping[str, Any]) -> None:
        check(assign(Config(), settings))

    watch = Watch(Search((str(place),), tmp_path / "out", validate=validate), report=lines.append)
    place.write_text("path,channels,speakers,roles,language\na.wav,,2,,\n")
    assert [recording.name for recording in watch()] == ["a"]
    place.write_text("path,channels,speakers,roles,language\na.wav,,2,,\nb.w")
    clock[0] = 5
    assert (watch(), lines) == ([], [])  # half-written: it may still be completed
    bad = ["a.wav,both,,,", "a.wav,,two,,", "a.wav,,,=,", ",,,,x", "gone.wav,,,,"]
    place.write_text("\n".join(["path,channels,speakers,roles,language", *bad, "b.wav,,,,", ""]))
    clock[0] = 8
    assert [recording.name for recording in watch()] == ["b"]
    for clock[0] in (20.0, 75.0, 140.0):
        assert watch() == []
    assert sorted(line.partition(", line ")[2][:1] for line in lines) == ["", "2", "3", "4", "5"]
    lines.clear()
    for number, spoiled in enumerate((b"spoiled", b"\xff\xfe\xfd", b'path\n"a.wav\n'), 1):
        place.write_bytes(spoiled)
        for clock[0] in (200.0 * number, 200.0 * number + 20, 200.0 * number + 40):
            assert watch() == []
        assert len(lines) == number
    place.write_text("path\nc.wav\n")
    clock[0] = 1000
    assert [recording.name for recording in watch()] == ["c"]


def test_a_bad_row_does_not_end_a_watching_batch(tmp_path: Path) -> None:
    world.write_wav(tmp_path / "a.wav")
    world.write_wav(tmp_path / "b.wav")
    (tmp_path / "list.csv").write_text("path,channels\na.wav,both\nb.wav,mix\n")
    setup = Setup(world.settings(), tmp_path / "out", ("txt",), None)

    def validate(settings: Mapping[str, Any]) -> None:
        check(assign(setup.config, settings))

    def on_result(result: RecordingResult) -> None:
        assert (result.recording.name, result.failed) == ("b", False)
        raise KeyboardInterrupt

    search = Search((str(tmp_path / "list.csv"),), setup.out, validate=validate)
    with pytest.raises(KeyboardInterrupt):
        run((), setup, BatchOptions(), on_result, Watch(search, settled=0.1))


def test_a_watching_batch_retries_blocked_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.batch.scheduler.BLOCKED_WAIT", 0.2)
    world.write_wav(tmp_path / "calls.wav")
    out = tmp_path / "out"
    out.mkdir()
    (out / "calls.txt").mkdir()  # in the way
    (out / "calls.txt/x").touch()
    results: list[RecordingResult] = []

    def on_result(result: RecordingResult) -> None:
        results.append(result)
        if not result.failed:
            raise KeyboardInterrupt
        (out / "calls.txt/x").unlink()
        (out / "calls.txt").rmdir()

    setup = Setup(world.settings(), out, ("txt",), None)
    with pytest.raises(KeyboardInterrupt):
        run(
            (),
            setup,
            BatchOptions(attempts=1),
            on_result,
            Watch(Search((str(tmp_path / "calls.wav"),), out), settled=0.1),
        )
    assert [result.status for result in results] == ["blocked", "done"]
