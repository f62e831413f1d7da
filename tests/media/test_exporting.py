"""What is exported is what is read back; the file is absent or whole, and nothing else is left."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from pipeline import media
from pipeline.errors import ResourceError, SettingsError
from pipeline.media import exporting
from tests.media.factory import bursts, onset, speech

VOICE = speech(2, 16_000)


@pytest.fixture(autouse=True)
def workshop(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_lossless_round_trip(kind: exporting.Format, tmp_path: Path) -> None:
    media.export(VOICE, tmp_path / "stem", kind)
    assert np.abs(media.decode_here(tmp_path / "stem").audio.samples - VOICE).max() < 1e-4


@pytest.mark.parametrize("kind", ["mp3", "m4a"])
def test_lossy_round_trip_keeps_times(kind: exporting.Format, tmp_path: Path, workshop: Path) -> None:
    media.export(bursts(3, 16_000, (1.0,)), tmp_path / "stem", kind)
    decoded = media.decode_here(tmp_path / "stem")
    assert onset(decoded.audio.samples, 0.1, 2) == pytest.approx(1, abs=0.02)
    assert list(tmp_path.iterdir()) == [tmp_path / "stem"]
    assert not list(workshop.iterdir())


def test_other_rates(tmp_path: Path) -> None:
    media.export(speech(1, 8_000), tmp_path / "x.wav", rate=8_000)
    assert media.decode_here(tmp_path / "x.wav").duration == pytest.approx(1)


@pytest.mark.promise(26)
def test_a_failing_encoder_leaves_nothing(tmp_path: Path, workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting.shutil, "which", lambda name: "/bin/false")
    with pytest.raises(ResourceError, match="could not write mp3"):
        media.export(VOICE, tmp_path / "x.mp3", "mp3")
    assert not list(tmp_path.iterdir())
    assert not list(workshop.iterdir())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        media.export(VOICE, tmp_path / "none" / "x.wav")
