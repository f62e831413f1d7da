"""The whole table through the real command line: one line, the right exit code, no other file read, nothing left."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.app import main
from pipeline.engine import artifact_cache
from tests import world
from tests.media import corpus
from tests.media.factory import speech, wav

pytestmark = pytest.mark.slow  # every test starts processes

Run = Callable[[str], int]
SECONDS, BYTES = 15, 1.5e9
opened: list[str] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "socket.connect"):
        opened.append(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else event)


@pytest.fixture(scope="module", autouse=True)
def _watching() -> None:
    sys.addaudithook(_watch)  # cannot be taken away again, and costs nothing


@pytest.fixture
def transcribe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the program in this process; afterwards the canary file was not read and no temporary file is left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / ".cache")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / corpus.CANARY).write_bytes(wav(speech(1, 16_000) * 32_000))
    handler = signal.getsignal(signal.SIGTERM)
    opened.clear()

    def run(name: str) -> int:
        before = _cpu()
        with pytest.raises(SystemExit) as caught:
            main(["run", "-o", "out", *world.arguments(), "--", name])
        assert _cpu() - before < SECONDS
        return int(caught.value.code or 0)

    yield run
    signal.signal(signal.SIGTERM, handler)
    assert not [name for name in opened if name == "socket.connect" or Path(name).name == corpus.CANARY]
    assert not list((tmp_path / "temporary").iterdir())
    assert not list(tmp_path.rglob(".crosstalk-*"))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.mark.promise(2)
@pytest.mark.promise(3)
@pytest.mark.promise(24)
@pytest.mark.parametrize("case", [*corpus.REFUSED, *corpus.NO_FILES])
def test_refused(case: str, transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if case in corpus.REFUSED:
        (tmp_path / "x.wav").write_bytes(corpus.REFUSED[case][0]())
    else:
        corpus.NO_FILES[case][0](tmp_path / "x.wav")
    assert transcribe("x.wav") == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    reason = (corpus.REFUSED | corpus.NO_FILES)[case][1]
    assert line.startswith("transcribe: x.wav: ")
    assert re.search(reason, line), line
    assert "; " in line, "says what to do"
    assert out == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.promise(1)
@pytest.mark.promise(4)
@pytest.mark.promise(6)
@pytest.mark.parametrize("case", [*corpus.REPORTED, *corpus.FINE])
def test_transcribed(case: str, transcribe: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = case if case in corpus.FINE else "x"
    maker, code = (corpus.REPORTED | corpus.FINE)[case]
    (tmp_path / name).write_bytes(maker())
    assert transcribe(name) == 0
    written = json.loads((tmp_path / "out" / f"{Path(name).stem}.json").read_text())
    codes = [notice["code"] for notice in written["notices"]]
    assert any(re.fullmatch(code, one) for one in codes) if code else codes == []
    assert written["complete"] == ("truncated" not in codes)
    out, err = capsys.readouterr()
    warnings = [line for line in err.splitlines() if ": warning: " in line]
    assert len(warnings) == len(codes)
    stages = [line for line in err.splitlines() if line not in warnings]
    assert all(line.startswith("transcribe: ") and line.isprintable() for line in stages)
    assert out.isprintable() or all(line.isprintable() for line in out.splitlines())


PROGRAM = "from pipeline.cli.app import main; main()"
LAUNCHER = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stderr=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, done.stderr.decode(), used.ru_maxrss, used.ru_utime + used.ru_stime]))
"""
"""A child's peak memory counts its parent's from before it began: only a small parent can measure it."""


@pytest.mark.promise(3)
@pytest.mark.parametrize("case", ["100 h of nothing", "1 Hz", "65535 channels", "noise", "a header of 400 h"])
def test_refused_within_its_memory(case: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(corpus.REFUSED[case][0]())
    program = [sys.executable, "-c", LAUNCHER, sys.executable, "-c", PROGRAM, "x", *world.arguments()]
    places = {"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path)}
    done = subprocess.run(program, cwd=tmp_path, env=os.environ | places, capture_output=True, check=True)
    code, lines, kilobytes, seconds = json.loads(done.stdout)
    assert (code, len(lines.splitlines())) == (2, 1)
    assert kilobytes * 1024 < BYTES
    assert seconds < SECONDS
