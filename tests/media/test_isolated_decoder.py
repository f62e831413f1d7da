"""Decoding in a separate process: the same samples, and any failure of a codec is one line."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pipeline import media
from pipeline.core.errors import CrosstalkError, InputError, OutOfDisk, OutOfMemory, ResourceError
from pipeline.media import isolated_decoder
from tests.media.factory import KINDS, make, speech, wav

pytestmark = pytest.mark.slow  # every test starts processes


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "talk"
    path.write_bytes(make("flac", speech(2, 44_100)))
    return path


def possessed(monkeypatch: pytest.MonkeyPatch, codec: str) -> None:
    """Let the child run a codec instead of the decoder."""
    program = isolated_decoder.PROGRAM.replace(
        "main()", f"from tests.media.broken_codecs import {codec}\nmain({codec})"
    )
    monkeypatch.setattr(isolated_decoder, "PROGRAM", program)


@pytest.mark.parametrize("kind", ["m4a", "ogg", "wav"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_separate_and_same_process_decode_the_same(kind: str, channels: int, tmp_path: Path) -> None:
    rate = KINDS[kind][2]
    signals = np.stack([speech(2, rate, seed) for seed in range(channels)])
    (tmp_path / "x").write_bytes(make(kind, signals) if channels < 3 else wav(signals.T.ravel() * 30_000, rate, 3))
    here, there = media.decode_in_process(tmp_path / "x"), media.decode(tmp_path / "x")
    assert np.array_equal(here.audio.samples, there.audio.samples)
    assert (here.audio.channels is None) == (there.audio.channels is None) == (channels == 1)
    if here.audio.channels is not None and there.audio.channels is not None:
        assert np.array_equal(here.audio.channels, there.audio.channels)
    assert (here.sha256, here.complete, here.notices, here.decoded) == (
        there.sha256, there.complete, there.notices, there.decoded
    )  # fmt: skip


@pytest.mark.promise(3)
@pytest.mark.promise(24)
@pytest.mark.parametrize(
    ("codec", "kind", "line"),
    [
        ("segfault", InputError, r"makes the decoder crash \(SIGSEGV\)"),
        ("hang", InputError, "makes the decoder hang"),
        ("devour", InputError, "needs more memory than a recording of its length"),
        ("stumble", InputError, r"makes the decoder fail \(RuntimeError\)"),
        ("babble", InputError, "makes the decoder hang"),
        ("pry", InputError, r"makes the decoder fail \(PermissionError\)"),
        ("lie", InputError, "samples are missing"),
        ("vanish", OutOfMemory, "was killed"),
    ],
)
def test_what_a_codec_does_costs_one_line(
    codec: str, kind: type[CrosstalkError], line: str, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated_decoder, "HANG_TIMEOUT", 3.0)
    possessed(monkeypatch, codec)
    with pytest.raises(kind, match=line) as refusal:
        media.decode(recording)
    assert refusal.value.where == str(recording)
    assert refusal.value.hint
    assert "\n" not in refusal.value.line
    assert "words of the recording" not in refusal.value.line


def test_reading_for_ever_ends_with_its_time(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    possessed(monkeypatch, "spin")
    hurried = (
        "import pipeline.media.decoder_process as c; c._SECONDS = 1.0\nfrom pipeline.media.decoder_process import main"
    )
    monkeypatch.setattr(
        isolated_decoder,
        "PROGRAM",
        isolated_decoder.PROGRAM.replace("from pipeline.media.decoder_process import main", hurried),
    )
    with pytest.raises(InputError, match="takes far too long"):
        media.decode(recording)


def test_a_decoder_that_does_not_start_is_no_fault_of_the_file(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated_decoder, "PROGRAM", "raise ImportError")
    with pytest.raises(ResourceError, match="could not be started") as failure:
        media.decode(recording)
    assert "transcribe doctor" in failure.value.hint


@pytest.mark.promise(20)
def test_no_room_for_the_samples_is_named(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", partial(open, "/dev/full", "r+b", buffering=0))
    with pytest.raises(OutOfDisk, match="no space left"):
        media.decode(recording)


LIMITED = """
import io, resource, sys
resource.setrlimit(getattr(resource, sys.argv[1]), (int(sys.argv[2]), int(sys.argv[2])))
from pipeline import media
from pipeline.core.errors import CrosstalkError
for read in (media.decode, lambda path: media.decode_stream(open(path, "rb"))):
    try:
        read(sys.argv[3])
    except CrosstalkError as error:
        print(error.exit_code, type(error).__name__, error.line)
"""


@pytest.mark.promise(20)
@pytest.mark.parametrize(
    ("limit", "value", "name"),
    [("RLIMIT_FSIZE", 50_000, "ulimit -f"), ("RLIMIT_NPROC", 0, ""), ("RLIMIT_NOFILE", 5, "")],
)
def test_a_limit_of_the_session_is_no_fault_of_the_recording(
    limit: str, value: int, name: str, recording: Path
) -> None:
    if limit == "RLIMIT_NPROC" and os.geteuid() == 0:
        pytest.skip("root may start any number of processes")
    recording.write_bytes(wav((speech(3, 16_000) * 32_767).round()))
    command = [sys.executable, "-c", LIMITED, limit, str(value), str(recording)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("5 ") and name in line for line in lines), lines


@pytest.mark.promise(26)
def test_children_end_and_no_file_stays(recording: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    children: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def watched(*arguments: object, **more: object) -> subprocess.Popen[bytes]:
        children.append(start(*arguments, **more))  # type: ignore[call-overload]
        return children[-1]

    monkeypatch.setattr(subprocess, "Popen", watched)

    def interrupt(done: float, total: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        media.decode(recording, progress=interrupt)
    media.decode(recording)
    assert [child.returncode is not None for child in children] == [True, True]
    assert not list((tmp_path / "temporary").iterdir())


def test_a_process_prepared_is_used_once_and_replaced_when_it_died(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = media.decode(recording)
    media.prestart()
    media.prestart()
    ((spare, _),) = isolated_decoder._PRESTARTED
    assert np.array_equal(media.decode(recording).audio.samples, alone.audio.samples)
    assert (spare.returncode is not None, isolated_decoder._PRESTARTED) == (True, [])
    media.prestart()
    ((spare, _),) = isolated_decoder._PRESTARTED
    spare.kill()
    spare.wait()
    assert np.array_equal(media.decode(recording).audio.samples, alone.audio.samples)
    possessed(monkeypatch, "segfault")
    media.prestart()
    with pytest.raises(InputError, match="SIGSEGV"):
        media.decode(recording)


def test_a_process_prepared_ends_with_who_prepared_it() -> None:
    spare = int(
        run_python("from pipeline.media import isolated_decoder as d; d.prestart(); print(d._PRESTARTED[0][0].pid)")
    )
    while _lives(spare):
        time.sleep(0.05)


@pytest.mark.promise(9)
@pytest.mark.slow
def test_memory_grows_by_what_the_recording_takes(tmp_path: Path) -> None:
    """A channel-hour may cost the decoding process 700 MB and the parent nothing that cannot be paged out."""
    peaks = []
    for minutes in (5, 35):
        (tmp_path / "x").write_bytes(wav(np.zeros(minutes * 60 * 16_000, np.int16) + 99))
        measure = f"import resource; from pipeline import media; media.decode({str(tmp_path / 'x')!r}); " \
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"  # fmt: skip
        peaks.append(int(run_python(measure)) * 1024)
    assert peaks[0] < 200e6
    assert (peaks[1] - peaks[0]) * 2 < 700e6


def run_python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_child_of_a_killed_run_ends_by_itself(recording: Path, tmp_path: Path) -> None:
    """Without a listener it stops at its next message."""
    born = tmp_path / "born"
    announce = f"import os, time; os.symlink(str(os.getpid()), {str(born)!r})"
    program = isolated_decoder.PROGRAM.replace("main()", f"{announce}\nmain(lambda *_: time.sleep(600))")
    run = f"from pipeline.media import isolated_decoder as d; d.PROGRAM = {program!r}; d.decode({str(recording)!r})"
    with subprocess.Popen([sys.executable, "-c", run], cwd=Path(__file__).parents[2]) as running:
        while not born.is_symlink():
            assert running.poll() is None
            time.sleep(0.01)
        running.kill()
    child = int(str(born.readlink()))
    while _lives(child):
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    """Whether a process runs; a zombie process does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        if stat.exists():
            return ") Z " not in stat.read_text()
        os.kill(pid, 0)
    except OSError:
        return False
    return True
