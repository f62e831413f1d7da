"""Telephone files without a header: read where the suffix names one coding, else refused with a command to convert."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pipeline import media
from pipeline.core.errors import InputError
from pipeline.media.headerless import CODINGS
from tests.media.factory import bursts, encode, onset, speech, wav
from tests.media.test_parts import codes, decode

KINDS = {
    "ulaw": ("mulaw", "pcm_mulaw", 8_000), "ul": ("mulaw", "pcm_mulaw", 8_000), "alaw": ("alaw", "pcm_alaw", 8_000),
    "sln": ("s16le", "pcm_s16le", 8_000), "sln16": ("s16le", "pcm_s16le", 16_000),
    "SLN48": ("s16le", "pcm_s16le", 48_000),
    "g722": ("g722", "adpcm_g722", 16_000),
}  # fmt: skip


def raw(kind: str, seconds: float = 5) -> bytes:
    container, codec, rate = KINDS[kind]
    return encode(speech(seconds, rate) * 0.3 + bursts(seconds, rate, (1.0, 4.0)), container, codec, rate)


@pytest.mark.parametrize("suffix", KINDS)
def test_a_suffix_that_names_one_coding_is_used(suffix: str, tmp_path: Path) -> None:
    decoded = decode(raw(suffix), f"call.{suffix}")
    assert codes(decoded) == ["headerless"]
    assert decoded.complete
    assert decoded.duration == pytest.approx(5, abs=0.01)
    assert [onset(decoded.audio.samples, at - 0.9, at + 0.9) for at in (1.0, 4.0)] == pytest.approx([1, 4], abs=0.01)
    path = tmp_path / f"call.{suffix}"
    path.write_bytes(raw(suffix))
    assert media.decode(path).notices == decoded.notices


@pytest.mark.parametrize("suffix", CODINGS)
def test_a_header_counts_more_than_a_suffix(suffix: str) -> None:
    decoded = decode(wav((speech(2, 16_000) * 32_767).round()), f"x.{suffix}")
    assert (codes(decoded), decoded.duration, decoded.source) == ([], 2.0, "1")


def test_the_same_bytes_under_other_names_are_other_sources() -> None:
    data = raw("ulaw")
    sources = {decode(data, f"x.{suffix}").source for suffix in ("ulaw", "alaw", "sln", "sln16")}
    assert len(sources) == 4


def test_silence_that_looks_like_text_is_sound() -> None:
    decoded = decode(b"\x55" * 16_000, "x.alaw")
    assert decoded.duration == pytest.approx(2)


@pytest.mark.parametrize("suffix", ["raw", "pcm", "vox", "slin"])
def test_an_ambiguous_suffix_is_refused_with_a_command(suffix: str) -> None:
    with pytest.raises(InputError) as refusal:
        decode(raw("sln"), f"x.{suffix}")
    assert f"IN.{suffix}" in refusal.value.hint


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04" + bytes(100)], ids=["empty", "zip"])
def test_other_data_is_refused_whatever_the_suffix(data: bytes) -> None:
    with pytest.raises(InputError):
        decode(data, "x.ulaw")


def test_a_pipe_has_no_suffix() -> None:
    with pytest.raises(InputError):
        media.decode_stream(io.BytesIO(raw("ulaw")))
