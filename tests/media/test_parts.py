"""Nothing behind a header's end is lost: joined recordings, sizes that are wrong or open, metadata, left-over bytes."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import media
from pipeline.core.errors import InputError
from tests.max_examples import at_most
from tests.media.factory import KINDS, bursts, encode, make, noise, onset, speech, wav

FIRST, SECOND = 4.0, 3.0
OTHER = {
    "rf64": ("wav", "pcm_s16le", 16_000, {"rf64": "always"}),
    "opus": ("ogg", "libopus", 48_000, {}),
    "wavpack": ("wv", "wavpack", 44_100, {}),
    "voc": ("voc", "pcm_u8", 16_000, {}),
    "flv": ("flv", "libmp3lame", 44_100, {}),
    "mp4": ("mp4", "aac", 44_100, {}),
    "fragmented": ("mp4", "aac", 44_100, {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}),
    "aac": ("adts", "aac", 44_100, {}),
    "ac3": ("ac3", "ac3", 48_000, {}),
}
LIST = b"LIST" + struct.pack("<I", 26) + b"INFOISFT\x0e\0\0\0Recorder 1.0\0\0"
ID3 = b"id3 " + struct.pack("<I", 70) + b"ID3\x03\0\0\0\0\0\x3c" + bytes(60)


def decode(data: bytes, name: str = "x", track: int | None = None) -> media.Decoded:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return media.decode_in_process(path, track=track)


def codes(decoded: media.Decoded) -> list[str]:
    return [notice.code for notice in decoded.notices]


def recording(kind: str, seconds: float) -> bytes:
    """A recording with a burst one second before its end."""
    if kind in OTHER:
        container, codec, rate, options = OTHER[kind]
        return encode(bursts(seconds, rate, (seconds - 1,)), container, codec, rate, options=options)
    return make(kind, bursts(seconds, KINDS[kind][2], (seconds - 1,)))


@pytest.mark.promise(1)
@pytest.mark.parametrize("kind", sorted({*KINDS, *OTHER} - {"ts"}))
def test_joined_recordings_are_read_in_order(kind: str) -> None:
    decoded = decode(recording(kind, FIRST) + recording(kind, SECOND))
    assert decoded.complete
    assert codes(decoded) == []
    assert decoded.duration == pytest.approx(FIRST + SECOND, abs=0.3)
    for burst in (FIRST - 1, FIRST + SECOND - 1):
        assert onset(decoded.audio.samples, burst - 0.5, burst + 0.8) == pytest.approx(burst, abs=0.25)


@pytest.mark.parametrize("first", ["wav", "m4a", "aiff"])
@pytest.mark.parametrize("second", ["m4a", "flac", "ogg", "wma", "wav", "caf"])
def test_joined_recordings_of_different_kinds(first: str, second: str) -> None:
    decoded = decode(recording(first, FIRST) + recording(second, SECOND))
    assert decoded.complete
    assert decoded.duration == pytest.approx(FIRST + SECOND, abs=0.2)
    assert onset(decoded.audio.samples, FIRST + 0.5, FIRST + SECOND) == pytest.approx(FIRST + SECOND - 1, abs=0.2)


def test_joined_recordings_of_different_rates_and_channels() -> None:
    pcm = (speech(2, 48_000) * 32_767).round()
    decoded = decode(wav(pcm[:48_000], 16_000) + wav(pcm, 48_000) + wav(pcm, 24_000, channels=2))
    assert decoded.duration == pytest.approx(3 + 2 + 2, abs=0.01)
    assert decoded.complete


PCM = (bursts(6, 16_000, (1.0, 5.0)) * 32_000).round() + 1
"""Without a zero: zeros behind the stated end of the sound are padding, not sound."""


@pytest.mark.promise(1)
@at_most(40)
@given(
    declared=st.sampled_from([0, 0xFFFFFFFF]) | st.integers(1, 2 * len(PCM) - 64),
    tail=st.sampled_from([b"", LIST, ID3, LIST + ID3]),
)
def test_the_end_of_the_sound_counts_and_not_the_header(declared: int, tail: bytes) -> None:
    decoded = decode(wav(PCM, declared=declared) + tail)
    assert decoded.complete
    assert len(decoded.audio.samples) == len(PCM)
    assert codes(decoded) == ([] if declared in (0, 0xFFFFFFFF) else ["wrong_size"])


@pytest.mark.parametrize(
    "tail", [LIST, ID3 + LIST, (ID3 + LIST)[:-5], bytes(50_000), b"TAG" + bytes(125), b"<xml/>" * 3000]
)
def test_other_data_adds_no_sound(tail: bytes) -> None:
    decoded = decode(wav(PCM) + tail)
    assert (decoded.complete, codes(decoded), len(decoded.audio.samples)) == (True, [], len(PCM))


@pytest.mark.parametrize(
    ("kind", "mark", "form", "skip"),
    [("aiff", b"SSND", ">I", 4), ("w64", b"data\xf3", "<Q", 16), ("caf", b"data\0\0", ">Q", 4),
     ("rf64", b"ds64", "<Q", 16), ("wma", b"\x36\x26\xb2\x75\x8e\x66\xcf\x11", "<Q", 16)],
)  # fmt: skip
@pytest.mark.parametrize("stated", [0, 20_000])
def test_stale_sizes_of_other_containers(kind: str, mark: bytes, form: str, skip: int, stated: int) -> None:
    data = recording(kind, FIRST)
    at = data.index(mark) + skip
    decoded = decode(data[:at] + struct.pack(form, stated) + data[at + struct.calcsize(form) :])
    assert decoded.complete
    assert decoded.duration == pytest.approx(FIRST, abs=0.1)
    assert codes(decoded) == (["wrong_size"] if stated else [])


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    "tail", [noise(5000), make("m4a", speech(3, 44_100))[:9000]], ids=["noise", "a recording without its index"]
)
def test_bytes_that_cannot_be_read_are_counted(tail: bytes) -> None:
    decoded = decode(make("m4a", speech(3, 44_100)) + tail)
    (notice,) = decoded.notices
    assert (notice.code, notice.message.split()[0]) == ("unread", str(len(tail)))
    assert not decoded.complete


def test_a_joined_recording_that_was_cut_is_no_whole_one() -> None:
    data = wav(PCM)
    decoded = decode(data + data[:100_044])
    assert decoded.duration == pytest.approx(6 + 100_000 / 32_000, abs=0.01)
    assert not decoded.complete
    assert codes(decoded) == ["truncated"]


def test_joined_recordings_count_together_against_the_limit(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(wav(PCM) * 3)
    with pytest.raises(InputError):
        media.decode_in_process(tmp_path / "x", media.Limits(max_hours=13 / 3600))
    assert media.decode_in_process(tmp_path / "x", media.Limits(max_hours=19 / 3600)).duration == pytest.approx(18)


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.1, 0.31, 0.7, 1.3])
@pytest.mark.parametrize("kind", ["aiff", "flac", "wav", "w64", "caf", "au"])
def test_a_short_recording_is_not_cut_short(kind: str, seconds: float) -> None:
    decoded = decode(make(kind, speech(seconds, KINDS[kind][2])))
    assert (decoded.complete, codes(decoded)) == (True, [])


def test_the_joined_recording_of_the_reports(shared_data: Path) -> None:
    decoded = media.decode_in_process(shared_data / "odd" / "cat.wav")
    assert (decoded.complete, round(decoded.duration)) == (True, 20)
