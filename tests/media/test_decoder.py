"""Every kind of file gives its samples at the correct times, whatever its name is."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline import media
from pipeline.core.errors import InputError
from tests.media import factory
from tests.media.factory import bursts, encode, make, onset, speech, wav

# Encoder delay that these containers have no field for, and AMR's five milliseconds of lookahead.
DELAYS = {"aac": 0.03, "ts": 0.03, "avi": 0.03, "wma": 0.05}


def decode(folder: Path, data: bytes, name: str = "recording") -> media.Decoded:
    path = folder / name
    path.write_bytes(data)
    return media.decode_in_process(path)


def codes(decoded: media.Decoded) -> list[str]:
    return [notice.code for notice in decoded.notices]


@pytest.mark.promise(1)
@pytest.mark.promise(5)
@pytest.mark.parametrize("kind", factory.KINDS)
def test_every_kind_keeps_its_times(kind: str, tmp_path: Path) -> None:
    decoded = decode(tmp_path, make(kind, bursts(6, factory.KINDS[kind][2], (1.0, 4.5))))
    assert decoded.complete
    assert codes(decoded) == []
    assert decoded.audio.rate == 16_000
    assert decoded.audio.samples.dtype == np.float32
    assert decoded.duration == pytest.approx(6, abs=0.1)
    assert decoded.decoded == pytest.approx(decoded.duration, rel=0.02)
    assert [onset(decoded.audio.samples, at, at + 2) for at in (0.2, 3.7)] == pytest.approx(
        [1.0, 4.5], abs=DELAYS.get(kind, 0.02)
    )


@pytest.mark.parametrize("kind", factory.LOSSLESS)
def test_lossless_kinds_give_the_signal_itself(kind: str, tmp_path: Path) -> None:
    rate = factory.KINDS[kind][2]
    decoded = decode(tmp_path, make(kind, speech(3, rate)))
    expected = decode(tmp_path, wav(speech(3, rate), rate, float_=True))
    assert np.abs(decoded.audio.samples - expected.audio.samples).max() < 1e-3


@pytest.mark.promise(5)
@pytest.mark.parametrize("kind", ["m4a", "ogg", "webm", "ts", "mka", "alac"])
def test_a_hole_keeps_its_length(kind: str, tmp_path: Path) -> None:
    def without_the_middle(time: float) -> float | None:
        return None if 2 < time < 5 else time

    decoded = decode(tmp_path, make(kind, bursts(9, factory.KINDS[kind][2], (1.0, 7.0)), moment=without_the_middle))
    assert onset(decoded.audio.samples, 6.2, 8) == pytest.approx(7, abs=DELAYS.get(kind, 0.02))
    assert codes(decoded) == ["gap"]
    assert decoded.duration - decoded.decoded == pytest.approx(3, abs=0.1)


@pytest.mark.promise(5)
@pytest.mark.parametrize("kind", ["webm", "mka", "ogg", "alac", "mov"])
def test_a_late_start_is_silence(kind: str, tmp_path: Path) -> None:
    data = make(kind, bursts(4, factory.KINDS[kind][2], (1.0,)), moment=lambda time: time + 2)
    decoded = decode(tmp_path, data)
    assert onset(decoded.audio.samples, 0.0, 6) == pytest.approx(3, abs=0.02)
    assert codes(decoded) == ["gap"]
    assert decoded.complete


def test_hand_made_amr(tmp_path: Path) -> None:
    frames = b"\x3c" + bytes(31)  # 12.2 kbit/s, 20 ms
    decoded = decode(tmp_path, b"#!AMR\n" + frames * 100)
    assert decoded.duration == pytest.approx(2.0)


def test_sound_of_a_video(tmp_path: Path) -> None:
    decoded = decode(tmp_path, encode(bursts(4, 44_100, (1.0, 3.0)), "mp4", "aac", 44_100, video=4))
    assert [onset(decoded.audio.samples, at, at + 1.5) for at in (0.2, 2.2)] == pytest.approx([1, 3], abs=0.02)


@pytest.mark.promise(6)
@pytest.mark.parametrize("name", ["-i.wav", "%05d.wav", "a b\n.mp3", "concat:x|y", "http:", "bare", "über.m3u8"])
def test_file_names_have_no_effect(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(make("flac", speech(1, 44_100)))
    assert media.decode(name).duration == pytest.approx(1)


@pytest.mark.promise(6)
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    path.write_bytes(make("wav", speech(1, 44_100)))
    assert media.decode(path).duration == pytest.approx(1)


def test_a_stream_is_decoded_like_a_file(tmp_path: Path) -> None:
    data = make("m4a", speech(2, 44_100))
    piped, read = media.decode_stream(io.BytesIO(data)), decode(tmp_path, data)
    assert np.array_equal(piped.audio.samples, read.audio.samples)
    assert piped.sha256 == read.sha256


def test_progress_grows_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(make("mp3", speech(5, 44_100)))
    seen: list[tuple[float, float]] = []
    media.decode(tmp_path / "x", progress=lambda done, total: seen.append((done, total)))
    assert len(seen) >= 4
    assert seen == sorted(seen)
    assert all(done <= total for done, total in seen)


def test_other_tracks_are_named(tmp_path: Path) -> None:
    decoded = decode(tmp_path, make("mov", speech(2, 48_000), tracks=2))
    assert decoded.duration == pytest.approx(2)
    assert codes(decoded) == ["other_tracks"]


def test_importing_the_package_loads_no_codec() -> None:
    check = "import sys, pipeline.media; sys.exit(bool({'av', 'pydub'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.promise(9)
@pytest.mark.parametrize("limits", [media.Limits(max_hours=2 / 3600), media.Limits(max_channel_hours=2 / 3600)])
@pytest.mark.parametrize("kind", ["m4a", "mp3", "wav", "amr"])
def test_too_long_is_refused(kind: str, limits: media.Limits, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(make(kind, speech(4, factory.KINDS[kind][2])))
    with pytest.raises(InputError, match="longer than the limit"):
        media.decode_in_process(path, limits)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["m4a", "mp3", "ogg", "mulaw"])
def test_a_real_call_survives_every_codec(kind: str, sample: Path, tmp_path: Path) -> None:
    original = media.decode_in_process(sample).audio.samples
    rate = factory.KINDS[kind][2]
    positions = np.arange(30 * rate) / rate * 16_000
    resampled = np.interp(positions, np.arange(len(original)), original).astype(np.float32)
    decoded = decode(tmp_path, make(kind, resampled))
    assert decoded.duration == pytest.approx(30, abs=0.1)
    length = min(len(original), len(decoded.audio.samples))
    assert np.corrcoef(original[:length], decoded.audio.samples[:length])[0, 1] > 0.9
