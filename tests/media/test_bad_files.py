"""Every bad file gets one plain line, or its readable part and a notice."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline import media
from pipeline.errors import InputError
from tests.media.factory import encode, make, noise, speech, wav

VOICE = speech(3, 16_000)
PCM = (VOICE * 32767).round()
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is empty"),
    "zeros": (lambda: bytes(5000), "nothing but zeros"),
    "noise": (lambda: noise(100_000), "no recording in a known format"),
    "zip": (lambda: b"PK\x03\x04" + noise(100), "zip archive"),
    "gzip": (lambda: b"\x1f\x8b" + noise(100), "gzip archive"),
    "pdf": (lambda: b"%PDF-1.7\n" + noise(100), "PDF"),
    "html": (lambda: b"\n <!DOCTYPE html><html></html>", "web page"),
    "lfs": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
    "m3u8": (lambda: b"#EXTM3U\nhttp://example.org/a.ts\n", "playlist"),
    "pls": (lambda: b"[playlist]\nFile1=/etc/passwd\n", "playlist"),
    "ffconcat": (lambda: b"ffconcat version 1.0\nfile 'other.wav'\n", "ffconcat"),
    "sdp": (lambda: b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "SDP"),
    "text": (lambda: "dobrý den\n".encode() * 500, "text file"),
    "utf16": (lambda: "\ufeffhello there".encode("utf-16-le"), "text file"),
    "0 Hz": (lambda: wav(PCM, rate=0), "sample rate of 0 Hz"),
    "1 Hz": (lambda: wav(PCM, rate=1), "sample rate of 1 Hz"),
    "4 GHz": (lambda: wav(PCM, rate=2**32 - 1), "sample rate of 4294967295 Hz"),
    "no channels": (lambda: wav(PCM, channels=0), "has 0 channels"),
    "65535 channels": (lambda: wav(PCM, channels=65535), "has 65535 channels"),
    "no samples": (lambda: wav(PCM[:0]), "holds no audio"),
    "only NaN": (lambda: wav(np.full(9000, np.nan), float_=True), "no numbers"),
    "no moov": (lambda: make("m4a", VOICE)[:-2000], r"no index \(moov\)"),
    "drm": (lambda: make("m4a", VOICE).replace(b"mp4a", b"drms"), "DRM"),
    "encrypted": (lambda: make("m4a", VOICE).replace(b"mp4a", b"enca"), "DRM"),
    "no packet decodes": (lambda: _broken_flac(), "can be decoded"),
}


def _broken_flac() -> bytes:
    data = make("flac", speech(3, 44_100))
    first = data.index(b"\xff\xf8", 8000)
    return data[: first + 12] + bytes(3000)


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("name", ["x.wav", "x.m4a"])
def test_refused_with_its_reason(case: str, name: str, tmp_path: Path) -> None:
    maker, reason = REFUSED[case]
    path = tmp_path / name
    path.write_bytes(maker())
    with pytest.raises(InputError, match=reason) as refusal:
        media.decode_here(path)
    assert refusal.value.where == str(path)
    assert refusal.value.hint
    assert "\n" not in refusal.value.line


def test_no_audio_track(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(_silent_video())
    with pytest.raises(InputError, match="no audio track"):
        media.decode_here(path)


def _silent_video() -> bytes:
    import io

    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        picture = output.add_stream("mpeg4", rate=5)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        for frame in [av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24"), None]:
            output.mux(picture.encode(frame))
    return buffer.getvalue()


def _folder(path: Path) -> None:
    path.mkdir()


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def _missing(path: Path) -> None:
    assert not path.exists()


NO_FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "folder": (_folder, "is a folder"),
    "fifo": (os.mkfifo, "is a pipe"),
    "socket": (_socket, "is a socket"),
    "missing": (_missing, "does not exist"),
    "loop": (lambda path: path.symlink_to(path), "leads back to itself"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a device"),
}


@pytest.mark.parametrize("case", NO_FILES)
def test_what_is_no_file(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    maker, reason = NO_FILES[case]
    maker(tmp_path / "x.wav")
    with pytest.raises(InputError, match=reason):
        media.decode_here(tmp_path / "x.wav")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav(PCM))
    path.chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        media.decode_here(path)


@pytest.mark.parametrize(
    ("kind", "rate"), [("wav", 44_100), ("mp3", 44_100), ("ogg", 48_000), ("webm", 48_000), ("flac", 44_100),
                       ("aac", 48_000), ("amr", 8_000), ("aiff", 22_050), ("ts", 48_000)]
)  # fmt: skip
def test_a_cut_file_gives_its_readable_part(kind: str, rate: int, tmp_path: Path) -> None:
    data = make(kind, speech(10, rate))
    (tmp_path / "x").write_bytes(data[: len(data) * 6 // 10 + 3])
    decoded = media.decode_here(tmp_path / "x")
    assert not decoded.complete
    assert "truncated" in [notice.code for notice in decoded.notices]
    assert 4.5 < decoded.duration < 7


def test_a_cut_file_with_its_index_in_front(tmp_path: Path) -> None:
    data = encode(speech(10, 44_100), "ipod", "aac", 44_100, options={"moov_size": "20000"})
    (tmp_path / "x").write_bytes(data[: len(data) * 6 // 10])
    decoded = media.decode_here(tmp_path / "x")
    assert not decoded.complete
    assert 4.5 < decoded.decoded < 7


@pytest.mark.parametrize("declared", [0, 0xFFFFFFFF])
def test_a_header_left_open_is_no_cut(declared: int, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(wav(PCM, declared=declared))
    decoded = media.decode_here(tmp_path / "x")
    assert decoded.complete
    assert decoded.duration == pytest.approx(3)
