"""Bad, odd and hostile recordings, each with its expected result: one table, run by `tests.media.test_corpus`."""

from __future__ import annotations

import io
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from tests.media.factory import KINDS, encode, make, noise, overwrite, speech, wav

CANARY = "canary.wav"
"""A good recording in the same folder, which nothing may read."""
SPEECH = speech(3, 16_000)
PCM = (SPEECH * 32767).round()
Maker = Callable[[], bytes]


def _speech(kind: str, seconds: float = 3) -> bytes:
    return make(kind, speech(seconds, KINDS[kind][2]))


def _broken_flac() -> bytes:
    data = _speech("flac")
    first = data.index(b"\xff\xf8", 8000)
    return data[: first + 12] + bytes(3000)


def _silent_video() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        picture = output.add_stream("mpeg4", rate=5)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        for frame in [av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24"), None]:
            output.mux(picture.encode(frame))
    return buffer.getvalue()


def _flac_with_stated_samples(samples: int) -> bytes:
    data = bytearray(_speech("flac"))
    at = data.index(b"fLaC") + 8 + 10
    (word,) = struct.unpack_from(">Q", data, at)
    struct.pack_into(">Q", data, at, word >> 36 << 36 | samples)
    return bytes(data)


def _indexed_nowhere() -> bytes:
    data = _speech("m4a")
    return overwrite(data, data.index(b"stsz") + 12, bytes(4))


def _damaged(kind: str) -> bytes:
    data = _speech(kind, 6)
    return overwrite(data, len(data) // 2, noise(len(data) // 10))


NO_RECORDING = "recording in a known format"
REFUSED: dict[str, tuple[Maker, str]] = {
    "empty": (lambda: b"", "is empty"),
    "one byte": (lambda: b"R", "is a text file|" + NO_RECORDING),
    "zeros": (lambda: bytes(5000), "nothing but zeros"),
    "noise": (lambda: noise(100_000), NO_RECORDING),
    "zip": (lambda: b"PK\x03\x04" + noise(100), "zip archive"),
    "gzip": (lambda: b"\x1f\x8b" + noise(100), "gzip archive"),
    "pdf": (lambda: b"%PDF-1.7\n" + noise(100), "PDF"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + noise(500), NO_RECORDING),
    "program": (lambda: b"\x7fELF\x02\x01\x01" + noise(5000), NO_RECORDING),
    "html": (lambda: b"\n <!DOCTYPE html><html></html>", "web page"),
    "lfs": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
    "m3u8": (lambda: b"#EXTM3U\n#EXTINF:3,\ncanary.wav\n", "playlist"),
    "pls": (lambda: b"[playlist]\nFile1=canary.wav\n", "playlist"),
    "asx": (lambda: b'<ASX version="3.0"><entry><ref href="canary.wav"/></entry></ASX>', "playlist"),
    "ffconcat": (lambda: b"ffconcat version 1.0\nfile 'canary.wav'\n", "ffconcat"),
    "concat without its name": (lambda: b"file 'canary.wav'\n", "text file"),
    "dash": (lambda: b'<?xml version="1.0"?><MPD><BaseURL>canary.wav</BaseURL></MPD>', "text file"),
    "cue sheet": (lambda: b'FILE "canary.wav" WAVE\n  TRACK 01 AUDIO\n', "text file"),
    "sdp": (lambda: b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "SDP"),
    "text": (lambda: "dobrý den\n".encode() * 500, "text file"),
    "utf16": (lambda: "\ufeffhello there".encode("utf-16-le"), "text file"),
    "0 Hz": (lambda: wav(PCM, rate=0), "sample rate of 0 Hz"),
    "1 Hz": (lambda: wav(PCM, rate=1), "sample rate of 1 Hz"),
    "4 GHz": (lambda: wav(PCM, rate=2**32 - 1), "sample rate of 4294967295 Hz"),
    "no channels": (lambda: wav(PCM, channels=0), "has 0 channels"),
    "65535 channels": (lambda: wav(PCM, channels=65535), "has 65535 channels"),
    "no samples": (lambda: wav(PCM[:0]), "contains no audio"),
    "only NaN": (lambda: wav(np.full(9000, np.nan), float_=True), "not numbers"),
    "no moov": (lambda: _speech("m4a")[:-2000], r"no index \(moov\)"),
    "an index of nothing": (_indexed_nowhere, "its index damaged"),
    "drm": (lambda: _speech("m4a").replace(b"mp4a", b"drms"), "DRM"),
    "encrypted": (lambda: _speech("m4a").replace(b"mp4a", b"enca"), "DRM"),
    "no packet decodes": (_broken_flac, "can be decoded"),
    "no audio track": (_silent_video, "no audio track"),
    "100 h of nothing": (lambda: b"#!AMR\n" + b"\x7c" * 18_000_000, "longer than the limit"),
    "a header of 400 h": (lambda: _flac_with_stated_samples(2**36 - 1), "longer than the limit"),
} | {f"first bytes of {kind}": (lambda kind=kind: _speech(kind)[:20], ".") for kind in KINDS if kind != "amr"}  # type: ignore[misc]
"""Refused with exit code 2 and one line that matches."""

REPORTED: dict[str, tuple[Maker, str]] = {
    "nan": (lambda: wav(np.where(np.arange(48_000) % 5000, SPEECH, np.nan), float_=True), "repaired_samples"),
    "loud": (lambda: wav(SPEECH * 1e30, float_=True), "clipped_samples"),
    "two tracks": (lambda: make("mov", speech(3, 48_000), tracks=2), "other_tracks"),
    "antiphase": (lambda: make("wav", np.stack([speech(3, 44_100), -speech(3, 44_100)])), "antiphase"),
    "one of eight channels": (lambda: make("wav", np.stack([speech(3, 44_100), *[np.zeros(132_300, "f4")] * 7])),
                              "silent_channels"),
    "wav of 2 GB": (lambda: wav(PCM, declared=2**31), "truncated"),
    **{f"damaged {kind}": (lambda kind=kind: _damaged(kind), "damaged|gap|truncated")  # type: ignore[misc]
       for kind in ("m4a", "mp3", "ogg", "webm", "flac", "aac", "ts")},
    **{f"cut {kind}": (lambda kind=kind: _speech(kind)[: len(_speech(kind)) * 6 // 10 + 3], "truncated")  # type: ignore[misc]
       for kind in ("wav", "mp3", "ogg", "webm", "flac", "aac", "amr", "aiff", "ts")},
}  # fmt: skip
"""Transcribed with exit code 0, and a warning whose code matches."""

FINE: dict[str, tuple[Maker, str]] = {
    "-i.wav": (lambda: _speech("mp3"), ""),
    "%05d.wav": (lambda: _speech("m4a"), ""),
    "a b\n.pdf": (lambda: _speech("flac"), ""),
    "concat:canary.wav|canary.wav": (lambda: _speech("wav"), ""),
    "http:": (lambda: _speech("webm"), ""),
    "talk.m3u8": (lambda: _speech("ogg"), ""),
    os.fsdecode(b"caf\xe9"): (lambda: _speech("ts"), ""),
    "tiny.wav": (lambda: wav(PCM[:1]), ""),
    "open end.wav": (lambda: wav(PCM, declared=0xFFFFFFFF), ""),
    "video.mp3": (lambda: encode(speech(3, 44_100), "mp4", "aac", 44_100, video=3), ""),
}
"""Misleading names, transcribed like others; the key is the name."""


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def _sparse(path: Path, head: bytes) -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(50 << 30)


NO_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "is a folder"),
    "fifo": (os.mkfifo, "is a pipe"),
    "socket": (_socket, "is a socket"),
    "missing": (lambda path: None, "does not exist"),
    "loop": (lambda path: path.symlink_to(path), "leads back to itself"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a device"),
    "50 GB of zeros": (lambda path: _sparse(path, b""), "nothing but zeros"),
    "50 GB of wav": (lambda path: _sparse(path, wav(PCM, declared=0xFFFFFFFF)), "longer than the limit"),
}
"""Created at a path, and refused."""
