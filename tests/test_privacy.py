"""Spoken words are in the transcript only: not in logs, temporary files or the environment of a codec."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import media
from pipeline.engine.pipeline import Transcriber
from pipeline.media import isolated_decoder
from tests import world
from tests.test_interruption import COMMAND, environment

pytestmark = pytest.mark.slow  # every test starts processes


@pytest.mark.promise(26)
def test_no_words_and_no_tokens_in_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    caplog.set_level(logging.DEBUG)
    transcript = Transcriber(world.settings())(world.write_wav(tmp_path / "talk.wav"))
    assert {word.text for word in transcript.words} == {word.text for word in world.DIALOGUE}
    assert not [word.text for word in world.DIALOGUE if word.text in caplog.text.split()]
    assert "hf_secret" not in caplog.text


@pytest.mark.promise(26)
def test_a_codec_sees_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    seen = tmp_path / "seen"
    monkeypatch.setattr(
        isolated_decoder,
        "PROGRAM",
        f"import os; open({str(seen)!r}, 'w').write(str(dict(os.environ)))\n" + isolated_decoder.PROGRAM,
    )
    media.decode(world.write_wav(tmp_path / "talk.wav"))
    assert seen.read_text().startswith("{")
    assert "hf_secret" not in seen.read_text()


@pytest.mark.promise(19)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("place", ["decode", "recognition"])
def test_a_run_stops_in_two_seconds(number: signal.Signals, place: str, tmp_path: Path) -> None:
    """All three attempts stop with the signal's code and leave nothing; the fastest takes under 2 s."""
    assert min(_seconds_to_stop(number, place, tmp_path / str(attempt)) for attempt in range(3)) < 2


def _seconds_to_stop(number: signal.Signals, place: str, folder: Path) -> float:
    folder.mkdir()
    where = environment(folder, "time.sleep(600)")
    program = COMMAND
    if place == "decode":
        write = f"import os, time; open({str(folder / 'child')!r}, 'w').write(str(os.getpid()))"
        stuck = f"{write}; os.rename({str(folder / 'child')!r}, {str(folder / 'marker')!r}); time.sleep(600)"
        program = (
            f"from pipeline.media import isolated_decoder as d; d.PROGRAM = {stuck!r}; d.HANG_TIMEOUT = 600\n{COMMAND}"
        )
    arguments = world.arguments({"recognition.backend": "deadly:Recognizer"})
    command = [sys.executable, "-c", program, "talk.wav", "-q", *arguments]
    with subprocess.Popen(command, cwd=folder, env=where, stderr=subprocess.PIPE) as running:
        while not (folder / "marker").exists():
            assert running.poll() is None
            time.sleep(0.01)
        start = time.monotonic()
        running.send_signal(number)
        assert running.wait(30) == 128 + number
        seconds = time.monotonic() - start
    assert not list((folder / "tmp").iterdir())
    assert not list(folder.rglob("talk.json"))
    assert not list(folder.rglob(".crosstalk-*"))
    if place == "decode":
        with pytest.raises(ProcessLookupError):
            os.kill(int((folder / "marker").read_text()), 0)
    return seconds
