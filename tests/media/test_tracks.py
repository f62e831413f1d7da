"""Where a recording's clock begins, and which of its audio tracks is read."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from pipeline import media
from pipeline.cli.app import main
from pipeline.config.schema import assign, check
from pipeline.core.errors import InputError, SettingsError
from tests import world
from tests.media.factory import Array, bursts, encode, make, onset, speech
from tests.media.test_parts import codes, decode

DAY = 24 * 3600.0
LATE = [("ogg", "libopus", {}), ("webm", "libopus", {}), ("matroska", "aac", {}),
        ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov+delay_moov", "frag_duration": "500000"})]  # fmt: skip


@pytest.mark.promise(5)
@pytest.mark.parametrize("late", [600.0, 3 * 3600.0, 28 * 3600.0, 365.25 * DAY])
@pytest.mark.parametrize(("container", "codec", "options"), LATE, ids=[case[0] for case in LATE])
def test_a_clock_that_began_long_before_is_no_silence(
    container: str, codec: str, options: dict[str, str], late: float
) -> None:
    sound = bursts(5, 48_000, (1.0, 4.0))
    decoded = decode(encode(sound, container, codec, 48_000, moment=lambda time: time + late, options=options))
    assert (decoded.complete, codes(decoded)) == (True, [])
    assert decoded.duration == pytest.approx(5, abs=0.1)
    assert [onset(decoded.audio.samples, at - 0.9, at + 0.9) for at in (1.0, 4.0)] == pytest.approx([1, 4], abs=0.08)


def with_picture(container: str, late: float, start: float = 0.0) -> bytes:
    """Twelve seconds of picture from ``start`` on, and four of sound that begin ``late`` seconds after it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        picture = output.add_stream("mpeg4", rate=5)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        track = output.add_stream("aac", rate=48_000)
        track.layout = "mono"
        for number in range(60):
            image = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), format="rgb24")
            image.pts, image.time_base = round(start * 5) + number, Fraction(1, 5)
            output.mux(picture.encode(image))
        sound = av.AudioFrame.from_ndarray(bursts(4, 48_000, (1.0,)).reshape(1, -1), format="flt", layout="mono")
        sound.rate, sound.pts, sound.time_base = 48_000, round((start + late) * 48_000), Fraction(1, 48_000)
        output.mux([*track.encode(sound), *track.encode(None), *picture.encode(None)])
    return buffer.getvalue()


@pytest.mark.promise(5)
@pytest.mark.parametrize("start", [0.0, 5 * 3600.0])
@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_sound_that_begins_after_the_picture_is_late(container: str, start: float) -> None:
    decoded = decode(with_picture(container, 3.0, start))
    assert onset(decoded.audio.samples, 0.0, 7.0) == pytest.approx(4, abs=0.05)
    assert decoded.duration == pytest.approx(7, abs=0.1)
    assert decoded.complete
    assert codes(decoded) == ["gap"]


SILENCE = np.zeros(3 * 48_000, np.float32)


def tracks(container: str, *sounds: Array, default: int | None = None) -> bytes:
    """A file with several audio tracks, ``default`` (from 0) being the one to play."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        streams = [output.add_stream("aac", rate=48_000, layout="mono") for _ in sounds]
        for place, stream in enumerate(streams):
            stream.disposition = Disposition.default if place == default else Disposition(0)
        for stream, sound in zip(streams, sounds, strict=True):
            frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout="mono")
            frame.rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
            output.mux([*stream.encode(frame), *stream.encode(None)])
    return buffer.getvalue()


def marked(at: float) -> Array:
    return speech(3, 48_000) * 0.1 + bursts(3, 48_000, (at,))


def read(decoded: media.Decoded) -> float:
    """Where the burst lies that marks a track."""
    return round(onset(decoded.audio.samples, 0.1, 2.9), 1)


@pytest.mark.parametrize("container", ["mp4", "matroska", "mov"])
def test_the_default_track_is_read_and_named(container: str) -> None:
    decoded = decode(tracks(container, marked(1.0), marked(2.0), marked(1.5), default=1))
    assert (read(decoded), decoded.source) == (2.0, "2")
    assert codes(decoded) == ["other_tracks"]


@pytest.mark.promise(2)
@pytest.mark.parametrize("container", ["mp4", "matroska"])
@pytest.mark.parametrize("default", [None, 0])
def test_a_track_with_sound_is_preferred_to_a_silent_one(container: str, default: int | None) -> None:
    decoded = decode(tracks(container, SILENCE, marked(2.0), default=default))
    assert (read(decoded), decoded.source) == (2.0, "2")


def test_without_any_sound_the_default_track_is_read() -> None:
    decoded = decode(tracks("matroska", SILENCE, SILENCE, default=1))
    assert (decoded.source, float(np.abs(decoded.audio.samples).max())) == ("2", 0.0)


@pytest.mark.parametrize(("track", "burst"), [(1, 1.0), (2, 2.0), (3, None)])
def test_a_track_is_chosen(track: int, burst: float | None) -> None:
    decoded = decode(tracks("mp4", marked(1.0), marked(2.0), SILENCE, default=1), track=track)
    assert decoded.source == str(track)
    assert read(decoded) == burst if burst else not decoded.audio.samples.any()


def test_a_track_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError):
        decode(tracks("mp4", marked(1.0), marked(2.0)), track=3)
    with pytest.raises(SettingsError):
        check(assign(world.settings(), {"input.track": 0}))


@pytest.mark.parametrize("command", ["run", "split"])
def test_the_command_line_chooses_a_track(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.mov").write_bytes(make("mov", speech(2, 48_000), tracks=2))
    given = [command, str(tmp_path / "x.mov"), "-o", str(tmp_path / "out"), "--no-cache", *world.arguments()]
    for track, code in (("2", 0), ("3", 2), ("0", 1)):
        with pytest.raises(SystemExit) as caught:
            main([*given, "--track", track])
        assert (caught.value.code or 0) == code


def test_tracks_have_separate_results(tmp_path: Path) -> None:
    """The same bytes, another track: nothing of the first is taken from the cache."""
    from pipeline.engine.artifact_cache import DiskCache
    from pipeline.engine.pipeline import Transcriber

    path = tmp_path / "x.mp4"
    path.write_bytes(tracks("mp4", SILENCE, marked(2.0)))
    cache = DiskCache(tmp_path / "cache")
    turns = [
        len(Transcriber(world.settings({"input.track": track}), cache=cache)(path).turns) for track in (1, 2)
    ]  # fmt: skip
    assert turns[0] == 0
    assert turns[1] > 0


@pytest.mark.parametrize(("name", "seconds"), [("epoch.mp4", 12), ("silent_first.mp4", 12)])
def test_the_recordings_of_the_reports(name: str, seconds: float, shared_data: Path) -> None:
    decoded = media.decode_in_process(shared_data / "odd" / name)
    assert decoded.duration == pytest.approx(seconds, abs=0.2)
    assert decoded.complete
    assert np.abs(decoded.audio.samples).max() > 0.1
