"""The cache: stored values come back, damaged and old ones are absent, and only the user can read them."""

from __future__ import annotations

import errno
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.core.audio import Audio
from pipeline.core.codecs import DataclassCodec, decode_flac, encode_flac, encode_json
from pipeline.core.events import Event, NoticeIssued
from pipeline.core.types import Transcript, Turn
from pipeline.engine import artifact_cache
from pipeline.engine.artifact_cache import DAY, Cache, DiskCache, NoCache, recipe_key
from pipeline.models.protocols import Diarization
from tests import strategies

KEY = "ab" * 16
EMPTY = Diarization(())
Value = TypeVar("Value")
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner), max_leaves=5
)


@given(transcript=strategies.transcripts())
def test_values_come_back(transcript: Transcript, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = DiskCache(tmp_path_factory.getbasetemp() / "values")
    codec = DataclassCodec(Transcript)
    artifact_cache.save(cache, KEY, codec, transcript)
    assert artifact_cache.load(cache, KEY, codec) == transcript


@given(values=st.lists(st.integers(-32768, 32767), min_size=1, max_size=5000))
def test_samples_on_the_grid_come_back(values: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    samples = (np.array(values) / 32768).astype(np.float32)
    folder = tmp_path_factory.mktemp("samples")
    back = round_trip(DiskCache(folder), Audio(samples)).samples
    assert back.dtype == np.float32
    assert np.array_equal(back, samples)
    assert sorted(path.suffix for path in folder.glob("*/*")) == [".flac", ".json"]


def test_samples_out_of_range_are_clipped_not_wrapped() -> None:
    back = decode_flac(encode_flac(np.array([1.5, -1.5, 1.0], np.float32)))
    assert back.tolist() == [32767 / 32768, -1.0, 32767 / 32768]


def round_trip(cache: Cache, value: Value) -> Value:
    """The value as the cache gives it back."""
    codec = DataclassCodec(type(value))
    artifact_cache.save(cache, KEY, codec, value)
    back = artifact_cache.load(cache, KEY, codec)
    assert back is not None
    return back


@dataclass(frozen=True, eq=False)
class Speakers:
    """A value with arrays at several depths, as a stage that identifies speakers would make."""

    embeddings: tuple[NDArray[np.float64], ...]
    recording: Audio
    names: tuple[str, ...] = ()
    best: NDArray[np.float32] | None = None


@given(
    rows=st.lists(st.lists(st.floats(-1e9, 1e9), max_size=4), max_size=3),
    length=st.integers(0, 50),
    with_channels=st.booleans(),
)
def test_arrays_of_any_kind_come_back(
    rows: list[list[float]], length: int, with_channels: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = np.random.default_rng(length)
    on_grid = (rng.integers(-32768, 32768, (2, length)) / 32768).astype(np.float32)
    audio = Audio(rng.normal(size=length).astype(np.float32), channels=on_grid if with_channels else None)
    value = Speakers(tuple(np.array(row) for row in rows), audio, ("A",), on_grid[0] if with_channels else None)
    back = round_trip(DiskCache(tmp_path_factory.mktemp("cache")), value)
    assert back.names == value.names
    pairs = [*zip(back.embeddings, value.embeddings, strict=True), (back.recording.samples, audio.samples)]
    pairs += [(back.recording.channels, audio.channels), (back.best, value.best)]
    for one, other in pairs:
        assert (one is None) == (other is None)
        if one is not None:
            assert (one.dtype, one.shape) == (other.dtype, other.shape)
            assert np.array_equal(one, other)


@pytest.mark.parametrize("suffix", ["json", "flac", "npz"])
def test_a_value_without_one_of_its_files_is_absent(tmp_path: Path, suffix: str) -> None:
    cache = DiskCache(tmp_path)
    codec = DataclassCodec(Speakers)
    value = Speakers((np.array([0.1]),), Audio(np.zeros(8, np.float32)))
    artifact_cache.save(cache, KEY, codec, value)
    assert len(list(tmp_path.glob("*/*"))) == 3
    next(tmp_path.glob(f"*/*.{suffix}")).unlink()
    assert artifact_cache.load(cache, KEY, codec) is None


@given(st.dictionaries(st.text(), PLAIN), st.dictionaries(st.text(), PLAIN))
def test_recipes_are_the_same_exactly_if_their_keys_are(one: dict[str, object], other: dict[str, object]) -> None:
    assert (recipe_key(settings=one) == recipe_key(settings=other)) == (repr_of(one) == repr_of(other))
    assert recipe_key(a=1, settings=one) == recipe_key(settings=dict(reversed(one.items())), a=1)


def repr_of(value: object) -> object:
    """Equality that distinguishes True from 1."""
    if isinstance(value, dict):
        return frozenset((key, repr_of(inner)) for key, inner in value.items())
    return (type(value), value)


def test_a_key_holds_no_nan() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        recipe_key(value=float("nan"))


@pytest.mark.parametrize("spoilt", [b"", b"{", b"fLaC", b"\xff\xfe", b"null", b"[]"])
def test_damaged_entries_are_absent(tmp_path: Path, spoilt: bytes) -> None:
    cache = filled(tmp_path)
    for path in tmp_path.glob("*/*"):
        path.write_bytes(spoilt)
    assert cache.read(KEY, "json") is cache.read(KEY, "flac") is None
    assert load(cache) is load(cache, "0" * 32) is None


def filled(folder: Path) -> DiskCache:
    cache = DiskCache(folder)
    save(cache, KEY, Diarization((Turn(0, 1, "A"),)))
    cache.write(KEY, "flac", encode_flac(np.linspace(-0.5, 0.5, 160).astype(np.float32)))
    return cache


def save(cache: Cache, key: str = KEY, value: Diarization = EMPTY) -> None:
    artifact_cache.save(cache, key, DataclassCodec(Diarization), value)


def load(cache: Cache, key: str = KEY) -> Diarization | None:
    return artifact_cache.load(cache, key, DataclassCodec(Diarization))


@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255), cut=st.booleans())
def test_one_changed_byte_or_a_cut_makes_an_entry_absent(
    place: float, change: int, cut: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = filled(folder)
    for path in folder.glob("*/*"):
        data = bytearray(path.read_bytes())
        at = int(place * len(data))
        data[at] ^= change
        path.write_bytes(data[:at] if cut else data)
    assert cache.read(KEY, "json") is cache.read(KEY, "flac") is None
    assert load(cache) is None


def test_an_entry_of_another_shape_is_absent(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    for value in ([], {}, {"turns": 5, "notices": []}, {"turns": [{"start": "a"}], "notices": []}, None, "x"):
        for data in (value, {"value": value, "arrays": []}):
            cache.write(KEY, "json", encode_json(data))
            assert load(cache) is None


@pytest.mark.promise(26)
def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "runs")
    save(cache)
    assert stat.S_IMODE(cache.root.stat().st_mode) == 0o700


def test_old_entries_are_removed(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    for key, days in (("a" * 32, 15), ("b" * 32, 13)):
        save(cache, key)
        (path,) = tmp_path.glob(f"{key[:2]}/*")
        then = time.time() - days * 86_400
        os.utime(path, (then, then))
    assert len(list(tmp_path.glob("*/*"))) == 2
    load(DiskCache(tmp_path))
    assert [path.stem[0] for path in tmp_path.glob("*/*")] == ["b"]
    cache.clear()
    assert not tmp_path.exists()


def test_a_cache_that_stays_open_removes_old_entries_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = filled(tmp_path)
    for path in tmp_path.glob("*/*"):
        os.utime(path, (0, 0))
    load(cache, "0" * 32)
    assert len(list(tmp_path.glob("*/*"))) == 2
    later = time.monotonic() + DAY
    monkeypatch.setattr("pipeline.engine.artifact_cache.time.monotonic", lambda: later)
    load(cache, "0" * 32)
    assert not list(tmp_path.glob("*/*"))


UNUSABLE = {
    "a file in the way": lambda folder: folder / "file" / "runs",
    "a device": lambda folder: Path("/dev/null/crosstalk/runs"),
    "a broken link": lambda folder: folder / "link",
}


@pytest.mark.parametrize("place", UNUSABLE)
def test_a_cache_that_cannot_be_written_is_reported_once_and_stores_nothing(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    events: list[Event] = []
    cache = DiskCache(UNUSABLE[place](tmp_path), events.append)
    for _ in range(2):
        save(cache)
        assert load(cache) is None
    assert [type(event) for event in events] == [NoticeIssued]
    assert isinstance(events[0], NoticeIssued)
    assert events[0].code == "cache_unavailable"
    assert cache.problem()


def test_a_full_disk_ends_the_storing_and_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    events: list[Event] = []
    cache = DiskCache(tmp_path, events.append)
    save(cache)
    monkeypatch.setattr("pipeline.core.atomic_write.os.replace", full)
    for key in ("1" * 32, "2" * 32):
        save(cache, key)
    assert [event.code for event in events if isinstance(event, NoticeIssued)] == ["cache_unavailable"]
    assert load(cache) == EMPTY
    assert load(cache, "1" * 32) is None


def test_no_cache_stores_nothing() -> None:
    cache = NoCache()
    save(cache)
    assert load(cache) is None
