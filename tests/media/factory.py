"""Recordings for the tests: known signals in any container and codec that this machine's PyAV can write."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

LOSSY: dict[str, tuple[str, str, int]] = {
    "m4a": ("ipod", "aac", 44_100),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "ogg": ("ogg", "libopus", 48_000),
    "webm": ("webm", "libopus", 48_000),
    "aac": ("adts", "aac", 48_000),
    "ts": ("mpegts", "aac", 48_000),
    "mka": ("matroska", "aac", 44_100),
    "mulaw": ("wav", "pcm_mulaw", 8_000),
    "alaw": ("wav", "pcm_alaw", 8_000),
    "amr": ("amr", "libopencore_amrnb", 8_000),
    "wma": ("asf", "wmav2", 44_100),
    "avi": ("avi", "libmp3lame", 44_100),
}
LOSSLESS: dict[str, tuple[str, str, int]] = {
    "wav": ("wav", "pcm_s16le", 44_100),
    "float": ("wav", "pcm_f32le", 16_000),
    "w64": ("w64", "pcm_s24le", 48_000),
    "aiff": ("aiff", "pcm_s16be", 22_050),
    "caf": ("caf", "pcm_s16le", 48_000),
    "au": ("au", "pcm_s16be", 16_000),
    "flac": ("flac", "flac", 44_100),
    "alac": ("ipod", "alac", 44_100),
    "mov": ("mov", "pcm_s16le", 48_000),
}
KINDS = LOSSY | LOSSLESS


def speech(seconds: float, rate: int, seed: int = 0) -> Array:
    """A signal similar to speech: a voiced chirp under syllables, without long silence or repetition."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitch = 2 * np.pi * np.cumsum(130 + 30 * np.sin(2 * np.pi * 0.7 * time + seed)) / rate
    harmonics = sum(np.sin(k * pitch) / k for k in range(1, 9))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 3.1 * time + seed)
    return np.asarray(0.12 * harmonics * syllables + 0.002 * rng.standard_normal(len(time)), np.float32)


def bursts(seconds: float, rate: int, times: tuple[float, ...]) -> Array:
    """Silence but for 10 ms bursts of a 1 kHz tone that begin at ``times``."""
    samples = np.zeros(round(seconds * rate), np.float32)
    tone = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(rate // 100) / rate)
    for time in times:
        at = round(time * rate)
        samples[at : at + len(tone)] = tone
    return samples


def onset(samples: Array, after: float, before: float, rate: int = 16_000) -> float:
    """Where a burst begins between two times, in seconds."""
    part = np.abs(samples[round(after * rate) : round(before * rate)])
    return after + float(np.argmax(part > 0.3 * part.max())) / rate


def encode(
    channels: Array,
    container: str,
    codec: str,
    rate: int,
    *,
    moment: Callable[[float], float | None] = lambda time: time,
    options: dict[str, str] | None = None,
    video: float = 0.0,
    tracks: int = 1,
) -> bytes:
    """``channels`` (channels × samples, or one) as a file's bytes.

    ``moment`` moves each packet's time, or drops it; ``video`` adds seconds of a picture;
    ``tracks`` repeats the sound.
    """
    channels = np.atleast_2d(channels)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=options or {}) as output:
        picture = _add_picture(output) if video else None
        layout = {1: "mono", 2: "stereo"}.get(len(channels), f"{len(channels)} channels")
        layout = "7.1" if len(channels) == 8 else layout
        streams = [output.add_stream(codec, rate=rate) for _ in range(tracks)]
        for stream in streams:
            stream.layout = layout
            if codec == "wmav2":
                stream.bit_rate = 64_000
        for stream in streams:
            for frame in [*_frames(channels, layout, rate), None]:
                for packet in stream.encode(frame):
                    _mux(output, packet, moment)
        if picture is not None:
            for frame in [*_pictures(video), None]:
                for packet in picture.encode(frame):
                    output.mux(packet)
    return buffer.getvalue()


def make(kind: str, channels: Array, **more: Any) -> bytes:
    """A file of a kind of `KINDS`."""
    container, codec, rate = KINDS[kind]
    return encode(channels, container, codec, rate, **more)


def wav(
    samples: NDArray[Any], rate: int = 16_000, channels: int = 1, declared: int | None = None, float_: bool = False
) -> bytes:
    """A WAV file written byte by byte, so that its header can be wrong."""
    body = samples.astype("<f4" if float_ else "<i2").tobytes()
    width = 4 if float_ else 2
    length = len(body) if declared is None else declared
    block = channels * width
    head = struct.pack("<HHIIHH", 3 if float_ else 1, channels, rate, rate * block % 2**32, block % 65536, width * 8)
    riff = b"RIFF" + struct.pack("<I", min(length + 36, 2**32 - 1)) + b"WAVEfmt \x10\0\0\0"
    return riff + head + b"data" + struct.pack("<I", length) + body


def noise(length: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).bytes(length)


def overwrite(data: bytes, at: int, patch: bytes) -> bytes:
    return data[:at] + patch + data[at + len(patch) :]


def _frames(channels: Array, layout: str, rate: int) -> list[av.AudioFrame]:
    frames = []
    for at in range(0, channels.shape[1], 1 << 15):
        part = np.ascontiguousarray(channels[:, at : at + (1 << 15)].T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, format="flt", layout=layout)
        frame.rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        frames.append(frame)
    return frames


def _mux(output: Any, packet: av.Packet, moment: Callable[[float], float | None]) -> None:
    base = packet.time_base or Fraction(1, 1000)
    time = moment(float(packet.pts * base))
    if time is not None:
        shift = round(time / base) - packet.pts
        if abs(shift) > 1:
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        output.mux(packet)


def _add_picture(output: Any) -> Any:
    picture = output.add_stream("mpeg4", rate=5)
    picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
    return picture


def _pictures(seconds: float) -> list[av.VideoFrame]:
    images = [np.full((48, 64, 3), number % 200, np.uint8) for number in range(round(seconds * 5))]
    return [av.VideoFrame.from_ndarray(image, format="rgb24") for image in images]
