"""One file for each speaker: on the recording's clock, separated in overlaps, silent elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline import media
from pipeline.cli.app import main
from pipeline.core.audio import to_sample
from pipeline.engine import artifact_cache
from pipeline.models.synthetic import synthesize
from tests import world


@pytest.fixture(autouse=True)
def _separate_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_cache, "default_root", lambda: tmp_path / ".cache")


def split(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["split", *arguments])
    return int(caught.value.code or 0)


def test_each_file_has_one_speaker_at_the_times_of_the_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = tuple(
        type(world.DIALOGUE[0])(start, start + 1.0, text)
        for start, text in ((1.0, "a1"), (2.2, "a2"), (3.4, "a3"), (2.6, "b3"), (6.0, "b4"), (7.2, "b5"), (8.4, "a7"))
    )
    talk = world.write_wav(tmp_path / "talk.wav", words, 10.0)
    given = world.arguments({"separation.backend": "synthetic"})
    assert split(str(talk), "-o", str(tmp_path / "out"), "--speakers", "2", *given) == 0
    written = sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_file())
    assert written == ["talk.SPEAKER_00.wav", "talk.SPEAKER_01.wav", "talk.labels"]
    assert "talk.SPEAKER_01.wav" in capsys.readouterr().out
    for speaker, letter in (("SPEAKER_00", "a"), ("SPEAKER_01", "b")):
        exported = media.decode(tmp_path / "out" / f"talk.{speaker}.wav").audio.samples
        alone = synthesize([word for word in words if word.text[0] == letter], 10.0)
        assert len(exported) == len(alone) == to_sample(10.0)
        assert np.mean((exported - alone) ** 2) < 0.02 * np.mean(alone**2)
    labels = (tmp_path / "out" / "talk.labels").read_text().splitlines()
    assert labels[0].split("\t")[2] == "SPEAKER_00"


def test_an_unknown_audio_format_is_refused_before_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert split(str(tmp_path / "gone.wav"), "-f", "aiff") == 1
    message = capsys.readouterr().err
    assert "--format" in message
    assert all(name in message for name in ("'aiff'", "wav", "flac", "mp3", "m4a"))
