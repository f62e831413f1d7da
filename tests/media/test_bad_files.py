"""Every bad file gets one plain line, or its readable part and a notice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline import media
from pipeline.core.errors import InputError
from tests.media import corpus
from tests.media.factory import encode, make, speech, wav


@pytest.mark.parametrize("case", corpus.REFUSED)
@pytest.mark.parametrize("name", ["x.wav", "x.m4a"])
def test_refused_with_its_reason(case: str, name: str, tmp_path: Path) -> None:
    maker, reason = corpus.REFUSED[case]
    path = tmp_path / name
    path.write_bytes(maker())
    with pytest.raises(InputError, match=reason) as refusal:
        media.decode_in_process(path)
    assert refusal.value.where == str(path)
    assert refusal.value.hint
    assert "\n" not in refusal.value.line


@pytest.mark.parametrize("case", corpus.NO_FILES)
def test_other_paths_than_files(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    maker, reason = corpus.NO_FILES[case]
    maker(tmp_path / "x.wav")
    with pytest.raises(InputError, match=reason):
        media.decode_in_process(tmp_path / "x.wav")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav(corpus.PCM))
    path.chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        media.decode_in_process(path)


@pytest.mark.promise(4)
@pytest.mark.parametrize(
    ("kind", "rate"), [("wav", 44_100), ("mp3", 44_100), ("ogg", 48_000), ("webm", 48_000), ("flac", 44_100),
                       ("aac", 48_000), ("amr", 8_000), ("aiff", 22_050), ("ts", 48_000)]
)  # fmt: skip
def test_a_cut_file_gives_its_readable_part(kind: str, rate: int, tmp_path: Path) -> None:
    data = make(kind, speech(10, rate))
    (tmp_path / "x").write_bytes(data[: len(data) * 6 // 10 + 3])
    decoded = media.decode_in_process(tmp_path / "x")
    assert not decoded.complete
    assert "truncated" in [notice.code for notice in decoded.notices]
    assert 4.5 < decoded.duration < 7


def test_a_cut_file_with_its_index_in_front(tmp_path: Path) -> None:
    data = encode(speech(10, 44_100), "ipod", "aac", 44_100, options={"moov_size": "20000"})
    (tmp_path / "x").write_bytes(data[: len(data) * 6 // 10])
    decoded = media.decode_in_process(tmp_path / "x")
    assert not decoded.complete
    assert 4.5 < decoded.decoded < 7


@pytest.mark.parametrize("declared", [0, 0xFFFFFFFF])
def test_a_header_left_open_is_no_cut(declared: int, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(wav(corpus.PCM, declared=declared))
    decoded = media.decode_in_process(tmp_path / "x")
    assert decoded.complete
    assert decoded.duration == pytest.approx(3)
