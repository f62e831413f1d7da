"""Killed, terminated, interrupted: nothing is left behind, and the next run goes on from the last finished stage."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import formats
from pipeline.engine.pipeline import Transcriber
from tests import world

pytestmark = pytest.mark.slow  # every test starts processes

DEADLY = """
import os, signal, time
from pathlib import Path
from pipeline.models.synthetic import SyntheticRecognizer

class Recognizer(SyntheticRecognizer):
    @classmethod
    def from_config(cls, config, models):
        return cls()

    def recognize(self, windows, language, fallback=False):
        marker = Path(os.environ["MARKER"])
        if not marker.exists():
            marker.touch()
            {act}
        return super().recognize(windows, language, fallback)
"""
PROGRAM = """
import sys
from pathlib import Path
from pipeline import formats
from pipeline.engine.artifact_cache import DiskCache
from pipeline.core.events import StageFinished
from pipeline.engine.pipeline import Transcriber
from tests import world

def listen(event):
    if isinstance(event, StageFinished):
        print(event.stage, event.cached, flush=True)

config = world.settings({"recognition.backend": "deadly:Recognizer"})
run = Transcriber(config, cache=DiskCache(Path("cache")), listener=listen)
Path("out.json").write_bytes(formats.dumps(run("talk.wav"), "json"))
"""
COMMAND = "from pipeline.cli.app import main; main()"


def environment(folder: Path, act: str) -> dict[str, str]:
    """Where ``deadly`` is found, and where everything temporary goes."""
    (folder / "deadly.py").write_text(DEADLY.format(act=act))
    (folder / "tmp").mkdir()
    world.write_wav(folder / "talk.wav")
    paths = os.pathsep.join([str(folder), str(Path(__file__).parent.parent)])
    places = {"PYTHONPATH": paths, "MARKER": str(folder / "marker"), "TMPDIR": str(folder / "tmp")}
    return {**os.environ, **places, "XDG_CACHE_HOME": str(folder / "home"), "HOME": str(folder / "home")}


@pytest.mark.promise(17)
def test_a_run_killed_in_the_middle_goes_on_where_it_was(tmp_path: Path) -> None:
    where = environment(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    reports = []
    for code in (-signal.SIGKILL, 0):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, cwd=tmp_path, env=where, check=False
        )
        assert done.returncode == code, done.stderr
        reports.append(done.stdout.split("\n")[:-1])
        assert (tmp_path / "out.json").exists() == (code == 0)
    killed, resumed = reports
    assert killed == ["decode False", "diarization False", "separation False"]
    assert resumed == ["decode False", "diarization True", "separation True", "recognition False"]
    whole = Transcriber(world.settings())(tmp_path / "talk.wav")
    assert formats.loads((tmp_path / "out.json").read_text(), "json").utterances == whole.utterances


@pytest.mark.promise(19)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_stopped_leaves_nothing_behind(tmp_path: Path, number: signal.Signals, code: int) -> None:
    where = environment(tmp_path, "time.sleep(600)")
    deadly = world.arguments({"recognition.backend": "deadly:Recognizer"})
    program = [sys.executable, "-c", COMMAND, "talk.wav", "-o", "out", *deadly]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=where) as running:
        while not (tmp_path / "marker").exists():
            assert running.poll() is None, running.stderr.read() if running.stderr else ""
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (code, b"")
    *_, line = err.decode().splitlines()
    assert line.startswith("transcribe: ")
    assert line.endswith("run the same command again to resume")
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not list(tmp_path.rglob(".crosstalk-*"))
    again = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, env=where, check=False)
    assert again.returncode == 0, again.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_file()) == ["talk.json", "talk.txt"]
