"""The default models on real recordings: correct, the same bytes twice, no network, no telemetry."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from pipeline import formats, media, transcribe
from pipeline.cli.app import main
from pipeline.core.timeline import overlaps
from pipeline.core.types import Transcript
from pipeline.evaluation.metrics.scoring import ScoreConfig, score
from tests import pages
from tests.media.factory import make

pytestmark = [pytest.mark.weights, pytest.mark.slow]
QUIETLY = {"cache": False, "offline": True}


def read(path: Path) -> Transcript:
    return formats.loads(path.read_text(encoding="utf-8"), formats.guess(path))


@pytest.fixture(scope="module")
def transcript(sample: Path) -> Transcript:
    return transcribe(sample, speakers=2, **QUIETLY)  # type: ignore[arg-type]


def test_the_telephone_call_is_attributed(transcript: Transcript, sample: Path) -> None:
    turns = score(read(sample.with_suffix(".rttm")), transcript).scores
    words = score(read(sample.with_suffix(".stm")), transcript, ScoreConfig("basic")).scores
    assert turns.der.error_rate is not None
    assert turns.der.error_rate <= 0.08
    assert words.cpwer.error_rate is not None
    assert words.cpwer.error_rate <= 0.25
    assert len(transcript.speakers) == 2
    assert transcript.language == "en"
    assert {region.start for region in transcript.overlaps} == {region.start for region in overlaps(transcript.turns)}


@pytest.mark.parametrize("suffix", ["m4a", "mp3", "ogg", "8k.wav"])
def test_other_containers_give_both_speakers(suffix: str, sample: Path, tmp_path: Path) -> None:
    audio = media.decode(sample).audio
    path = tmp_path / f"call.{suffix}"
    if suffix == "8k.wav":
        media.export(audio.samples[::2].copy(), path, "wav", 8_000)
    elif suffix == "ogg":
        path.write_bytes(make("ogg", resample_poly(audio.samples, 3, 1)[None].astype(np.float32)))
    else:
        media.export(audio.samples, path, suffix)
    transcript = transcribe(path, speakers=2, **QUIETLY)  # type: ignore[arg-type]
    assert len(transcript.speakers) == 2
    text = " ".join(u.text for u in transcript.utterances).casefold()
    assert all(word in text for word in ("hello", "sheila", "chicago", "yankee", "new jersey"))


@pytest.mark.parametrize(("name", "most_errors"), [("katie_steve", 4), ("phone_order_8k", 18)])
def test_shared_calls_read_as_their_references(name: str, most_errors: int, shared_data: Path, tmp_path: Path) -> None:
    """Two speakers, few errors; the reference of the phone order omits hesitations and speech besides the order."""
    lines = (shared_data / "calls" / f"{name}.txt").read_text().casefold().splitlines()
    parts = [line.partition(":") for line in lines if line.strip()]
    rows = [f"call 1 {speaker} {n}.0 {n}.9 {text.strip()}" for n, (speaker, _, text) in enumerate(parts)]
    reference = formats.loads("\n".join(rows) + "\n", "stm")
    transcript = transcribe(shared_data / "calls" / f"{name}.wav", speakers=2, **QUIETLY)  # type: ignore[arg-type]
    # "Chromecast" counts as one word, however it is spelled.
    written = formats.dumps(transcript, "stm", "call").decode().casefold().replace("chrome cast", "chromecast")
    cpwer = score(reference, formats.loads(written, "stm")).scores.cpwer
    assert len(transcript.speakers) == 2
    assert cpwer.errors <= most_errors


def test_no_socket_is_opened_and_telemetry_is_off(sample: Path, tmp_path: Path) -> None:
    script = (
        "import socket, sys\n"
        "class Refused(socket.socket):\n"
        "    def __init__(self, family=-1, *rest, **more):\n"
        "        if family in (-1, socket.AF_INET, socket.AF_INET6): raise SystemExit('a socket was opened')\n"
        "        super().__init__(family, *rest, **more)\n"
        "socket.socket = Refused\n"
        "from pipeline.cli.app import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "import os; assert os.environ['PYANNOTE_METRICS_ENABLED'] == '0'\n"
    )
    environment = {**os.environ, "PYANNOTE_METRICS_ENABLED": "1"}
    command = [sys.executable, "-c", script, str(sample), "--no-cache", "-o", str(tmp_path), "--speakers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "SPEAKER_01" in done.stdout


@pytest.mark.promise(16)
def test_run_twice_the_json_is_the_same_byte_for_byte(transcript: Transcript, sample: Path) -> None:
    again = transcribe(sample, speakers=2, threads=1, **QUIETLY)  # type: ignore[arg-type]
    one, other = (formats.dumps(each, "json", "sample") for each in (transcript, again))
    assert json.loads(one)["status"] == "ok"
    assert one == other


def test_simulate_transcribe_and_score_as_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the two speakers of the sample call, half a minute long, since a corpus is not available everywhere."""
    from examples.benchmarks import data

    monkeypatch.setattr(data, "WORK", tmp_path)
    data.sample_speakers()
    monkeypatch.chdir(tmp_path)
    (block,) = (b for b in pages.code(pages.DOCS / "benchmarks.md", "sh") if "transcribe simulate" in b)
    small = (
        block.replace("voices/", "voices/voices.csv").replace("3spk", "2spk").replace("--speakers 3", "--speakers 2")
    )
    for line in small.replace("--length 120", "--length 30").splitlines():
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(shlex.split(line)[1:])
        assert not caught.value.code, line
    table = capsys.readouterr().out
    rate = re.search(r"^cpWER +([\d.]+)%", table, re.MULTILINE)
    assert rate
    assert float(rate[1]) < 60
