"""Codecs in unusual containers, streams that change their rate, comfort noise: decoded with the correct length."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import media
from pipeline.media.amr import frames_of
from tests.max_examples import at_most
from tests.media.factory import Array, bursts, encode, onset, overwrite, speech
from tests.media.test_parts import codes, decode

PAIRS = [
    *[(container, "aac", rate) for container in ("avi", "wav", "asf") for rate in (16_000, 44_100)],
    *[(container, "flac", rate) for container in ("avi", "wav", "asf") for rate in (16_000, 44_100)],
    *[(container, "adpcm_g722", 16_000) for container in ("avi", "wav", "asf")],
    *[("avi", codec, 48_000) for codec in ("ac3", "eac3", "mp2")],
    ("flv", "libmp3lame", 44_100), ("matroska", "wavpack", 44_100), ("mov", "nellymoser", 8_000),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.promise(1)
@pytest.mark.parametrize(("container", "codec", "rate"), PAIRS)
def test_any_codec_in_any_container(container: str, codec: str, rate: int) -> None:
    data = encode(0.5 * (speech(12, rate) + bursts(12, rate, (2.0, 11.0))), container, codec, rate)
    decoded = decode(data)
    assert (decoded.complete, codes(decoded)) == (True, [])
    assert decoded.duration == pytest.approx(12, abs=0.12)
    assert decoded.decoded == pytest.approx(decoded.duration, abs=0.1)
    for burst in (2.0, 11.0):
        assert onset(decoded.audio.samples, burst - 0.5, burst + 0.9) == pytest.approx(burst, abs=0.07)


@pytest.mark.parametrize("first", [0x80, 0xFF])
def test_a_codec_tag_that_is_no_text_is_no_copy_protection(first: int) -> None:
    data = encode(speech(3, 16_000), "avi", "aac", 16_000)
    at = data.index(b"auds") + 4
    assert decode(overwrite(data, at, bytes((first, 0, 0, 0)))).duration == pytest.approx(3, abs=0.2)


def streams(kind: str, *parts: tuple[float, int, int]) -> bytes:
    """An elementary stream of parts that differ: seconds, sample rate, channels; a burst 0.5 s before each end."""
    container, codec = {"aac": ("adts", "aac"), "mp3": ("mp3", "libmp3lame")}.get(kind, (kind, kind))
    options = {"write_xing": "0", "id3v2_version": "0"} if kind == "mp3" else {}
    return b"".join(
        encode(_sounds(seconds, rate, channels), container, codec, rate, options=options)
        for seconds, rate, channels in parts
    )


def _sounds(seconds: float, rate: int, channels: int) -> Array:
    burst = bursts(seconds, rate, (seconds - 0.5,))
    return np.stack([0.5 * (speech(seconds, rate, seed) + burst) for seed in range(channels)])


RATES = {
    "aac": (16_000, 22_050, 32_000, 44_100, 48_000),
    "mp3": (16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    "ac3": (32_000, 44_100, 48_000),
    "eac3": (32_000, 44_100, 48_000),
}


@pytest.mark.slow
@pytest.mark.promise(5)
@at_most(25)
@given(data=st.data(), kind=st.sampled_from(sorted(RATES)))
def test_a_stream_that_changes_keeps_its_length(data: st.DataObject, kind: str) -> None:
    part = st.tuples(st.sampled_from([2.0, 3.0]), st.sampled_from(RATES[kind]), st.sampled_from([1, 2]))
    parts = data.draw(st.lists(part, min_size=2, max_size=3))
    decoded = decode(streams(kind, *parts))
    assert decoded.complete
    assert set(codes(decoded)) <= {"antiphase"}
    total = sum(seconds for seconds, _, _ in parts)
    assert decoded.duration == pytest.approx(total, abs=0.2 * len(parts))
    assert decoded.decoded == pytest.approx(decoded.duration, abs=0.05)
    at = 0.0
    for seconds, _, _ in parts:
        at += seconds
        assert onset(decoded.audio.samples, at - 0.7, at + 0.4) == pytest.approx(at - 0.5, abs=0.15 * len(parts))


VOICED = bytes((0x3C, *([0x5A] * 31)))
SID, NO_DATA = bytes((0x44, 1, 2, 3, 4, 5)), b"\x7c"
WIDE = bytes((0x1C, *([0x5A] * 36)))
WIDE_SID, WIDE_NO_DATA = bytes((0x4C, 1, 2, 3, 4, 5)), b"\x7c"


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    ("head", "voiced", "sid", "nothing"),
    [(b"#!AMR\n", VOICED, SID, NO_DATA), (b"#!AMR-WB\n", WIDE, WIDE_SID, WIDE_NO_DATA)],
    ids=["amr", "amr-wb"],
)
def test_comfort_noise_is_silence(head: bytes, voiced: bytes, sid: bytes, nothing: bytes) -> None:
    pause = (sid + nothing * 7) * 10
    decoded = decode(head + voiced * 50 + pause + voiced * 50 + pause)
    assert (decoded.complete, codes(decoded)) == (True, [])
    assert decoded.duration == pytest.approx(1 + 1.6 + 1 + 1.6, abs=0.01)
    assert decoded.decoded == pytest.approx(decoded.duration, abs=0.01)
    assert not decoded.audio.samples[16_000 + 400 : round(2.6 * 16_000) - 400].any()
    assert decoded.audio.samples[round(2.6 * 16_000) : round(3.6 * 16_000)].any()


@pytest.mark.parametrize("head", [b"#!AMR\n", b"#!AMR-WB\n"])
def test_a_recording_of_comfort_noise_alone_is_silence(head: bytes) -> None:
    decoded = decode(head + NO_DATA * 100)
    assert (round(decoded.duration, 2), decoded.complete, codes(decoded)) == (2.0, True, [])
    assert not decoded.audio.samples.any()


def test_a_damaged_frame_of_amr_is_still_damage() -> None:
    reserved = b"\x64"
    decoded = decode(b"#!AMR\n" + VOICED * 50 + reserved * 20 + VOICED * 50)
    assert codes(decoded) == ["damaged"]


@pytest.mark.parametrize("container", ["3gp", "mov"])
def test_comfort_noise_in_other_containers(container: str) -> None:
    pattern = [VOICED] * 50 + [SID, *[NO_DATA] * 7] * 5 + [VOICED] * 50
    decoded = decode(_muxed(pattern, container))
    assert (decoded.complete, codes(decoded)) == (True, [])
    assert decoded.duration == pytest.approx(2.8, abs=0.05)
    assert decoded.decoded == pytest.approx(decoded.duration, abs=0.05)


def test_silence_descriptors_that_last_eight_frames() -> None:
    """Some telephones leave the frames without data out of a 3gp, and let each descriptor last longer."""
    pattern = [VOICED] * 50 + [SID] * 10 + [VOICED] * 50
    lasting = [160] * 50 + [1280] * 10 + [160] * 50
    decoded = decode(_muxed(pattern, "3gp", lasting))
    assert (decoded.complete, codes(decoded)) == (True, [])
    assert decoded.duration == pytest.approx(1 + 1.6 + 1, abs=0.05)


def test_a_packet_of_several_frames_is_taken_frame_by_frame() -> None:
    with av.open(io.BytesIO(b"#!AMR\n" + VOICED * 10)) as container:
        packet: av.Packet[Any] = av.Packet(VOICED + SID + NO_DATA + VOICED)
        packet.stream, packet.pts, packet.time_base = container.streams.audio[0], 800, Fraction(1, 8_000)
        frames = list(frames_of(packet, "amr_nb"))
    assert [(bytes(frame), frame.pts, silent) for frame, silent in frames] == [
        (VOICED, 800, False), (SID, 960, True), (NO_DATA, 1120, True), (VOICED, 1280, False)
    ]  # fmt: skip


def _muxed(frames: list[bytes], container: str, lasting: list[int] | None = None) -> bytes:
    """AMR frames in a container, ``lasting`` samples each."""
    with av.open(io.BytesIO(b"#!AMR\n" + VOICED * 10)) as template:
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=container) as output:
            stream = output.add_stream_from_template(template.streams.audio[0])
            at = 0
            for frame, length in zip(frames, lasting or [160] * len(frames), strict=True):
                packet: av.Packet[Any] = av.Packet(frame)
                packet.stream, packet.pts, packet.dts = stream, at, at
                packet.time_base, packet.duration = Fraction(1, 8_000), length
                at += length
                output.mux(packet)
        return buffer.getvalue()


@pytest.mark.parametrize(("name", "seconds"), [("aac.avi", 12), ("cat.aac", 20), ("a.amr-nb", 12)])
def test_the_recordings_of_the_reports(name: str, seconds: float, shared_data: Path) -> None:
    decoded = media.decode_in_process(shared_data / "odd" / name)
    assert decoded.duration == pytest.approx(seconds, abs=0.2)
    assert (decoded.complete, codes(decoded)) == (True, [])
