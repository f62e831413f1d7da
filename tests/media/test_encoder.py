"""What is exported is what is read back; the file is absent or whole, nothing else is left, no program is started."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import media
from pipeline.core.audio import RATE, Clip, Stream
from pipeline.core.errors import OutputError, ResourceError
from pipeline.media import encoder
from tests.media.factory import bursts, onset, speech

SPEECH = speech(2, 16_000)
STEP = 1 / 32767
"""One step of 16-bit samples."""


@pytest.fixture(autouse=True)
def workshop(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files would lie; and no process may be started."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.setenv("PATH", "")
    return folder


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_lossless_round_trip(kind: encoder.Format, tmp_path: Path) -> None:
    media.export(SPEECH, tmp_path / "stem", kind)
    assert np.abs(media.decode_in_process(tmp_path / "stem").audio.samples - SPEECH).max() < 1e-4


@pytest.mark.parametrize("kind", ["mp3", "m4a"])
def test_lossy_round_trip_keeps_times(kind: encoder.Format, tmp_path: Path, workshop: Path) -> None:
    media.export(bursts(3, 16_000, (1.0,)), tmp_path / "stem", kind)
    decoded = media.decode_in_process(tmp_path / "stem")
    assert onset(decoded.audio.samples, 0.1, 2) == pytest.approx(1, abs=0.02)
    assert decoded.duration == pytest.approx(3, abs=0.1)
    assert list(tmp_path.iterdir()) == [tmp_path / "stem"]
    assert not list(workshop.iterdir())


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "m4a"])
@pytest.mark.parametrize("samples", [0, 1, 70_000])
def test_any_length_is_written(kind: encoder.Format, samples: int, tmp_path: Path) -> None:
    media.export(np.full(samples, 0.5, np.float32), tmp_path / "stem", kind)
    decoded = media.decode_in_process(tmp_path / "stem").audio.samples
    assert len(decoded) == pytest.approx(max(1, samples), abs=3000 * (kind in ("mp3", "m4a")))
    assert samples < 70_000 or np.median(decoded) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "m4a"])
def test_other_rates(kind: encoder.Format, tmp_path: Path) -> None:
    media.export(speech(1, 8_000), tmp_path / "x", kind, rate=8_000)
    assert media.decode_in_process(tmp_path / "x").duration == pytest.approx(1, abs=0.15)


@pytest.mark.promise(26)
@pytest.mark.parametrize("codec", ["no_such_codec", "h264"])
def test_a_failing_encoder_leaves_nothing(
    tmp_path: Path, workshop: Path, monkeypatch: pytest.MonkeyPatch, codec: str
) -> None:
    monkeypatch.setitem(encoder.ENCODINGS, "mp3", encoder.Encoding("mp3", codec, 64_000))
    with pytest.raises(ResourceError):
        media.export(SPEECH, tmp_path / "x.mp3", "mp3")
    assert not list(tmp_path.iterdir())
    assert not list(workshop.iterdir())


def test_an_encoder_that_this_pyav_lacks_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    assert encoder.missing_encoders() == ""
    monkeypatch.setitem(encoder.ENCODINGS, "mp3", encoder.Encoding("mp3", "no_such_codec"))
    assert encoder.missing_encoders() == "mp3"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        media.export(SPEECH, tmp_path / "none" / "x.wav")


def stem(folder: Path, clips: list[Clip], duration: float) -> np.ndarray:
    (folder / "stem.wav").write_bytes(media.encode_stem(Stream("a", tuple(clips)), duration))
    samples = media.decode_in_process(folder / "stem.wav").audio.samples
    assert len(samples) == round(duration * RATE)
    return np.asarray(samples)


def constant(seconds: float, start: float, level: float = 0.5) -> Clip:
    return Clip(np.full(round(seconds * RATE), level, np.float32), start)


def test_speech_fades_beside_silence_and_nowhere_else(tmp_path: Path) -> None:
    samples = stem(tmp_path, [constant(0.5, 1.0), constant(0.25, 1.5), constant(0.5, 2.0)], 3.0)
    assert np.abs(np.diff(samples)).max() < 0.01  # a hard cut is a step of 0.5
    assert not samples[: RATE + 1].any()
    inside = slice(round(1.011 * RATE), round(1.739 * RATE))
    np.testing.assert_allclose(samples[inside], 0.5, atol=2 * STEP)  # also where two clips touch, at 1.5 s
    assert not samples[round(1.75 * RATE) : 2 * RATE].any()
    np.testing.assert_allclose(samples[round(2.011 * RATE) : round(2.489 * RATE)], 0.5, atol=2 * STEP)


def test_clips_that_overlap_are_added_and_do_not_wrap(tmp_path: Path) -> None:
    samples = stem(tmp_path, [constant(1.0, 0.0, 0.25), constant(1.0, 0.5, 0.25)], 1.5)
    np.testing.assert_allclose(samples[round(0.6 * RATE) : round(0.9 * RATE)], 0.5, atol=3 * STEP)
    loud = stem(tmp_path, [constant(1.0, 0.0, 0.9), constant(1.0, 0.5, 0.9)], 1.5)
    assert loud.min() >= 0
    assert loud.max() > 0.99


spans = st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 9_000)), max_size=6)


@given(spans=spans, length=st.integers(1, 48_000))
def test_every_clip_lies_where_it_is_in_time(
    spans: list[tuple[int, int]], length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Outside the fades of 10 ms, each sample is the sum of the clips."""
    clips = [Clip(np.full(count, 0.1, np.float32), first / RATE) for first, count in spans]
    level = np.zeros(60_000, np.float32)
    for first, count in spans:
        level[first : first + count] += np.float32(round(0.1 * 32767)) * np.float32(STEP)
    samples = stem(tmp_path_factory.mktemp("stem"), clips, length / RATE)
    assert not samples[level[:length] == 0].any()
    quiet = np.concatenate([[True], level == 0, [True]])
    near = np.convolve(quiet, np.ones(2 * 176 + 1), "same")[1:-1] > 0
    certain = ~near[:length]
    np.testing.assert_allclose(samples[certain], np.minimum(level[:length], 1)[certain], atol=3 * STEP)
