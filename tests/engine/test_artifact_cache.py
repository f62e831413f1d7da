"""The cache: what was kept comes back, anything damaged is absent, old things go, nobody else may read."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.events import Event, NoticeIssued
from pipeline.core.types import Transcript, Turn
from pipeline.engine.artifact_cache import DAY, DiskCache, NoCache, recipe_key
from pipeline.models.protocols import Diarization
from tests import strategies

KEY = "ab" * 16
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner), max_leaves=5
)


@given(transcript=strategies.transcripts())
def test_values_come_back(transcript: Transcript, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = DiskCache(tmp_path_factory.getbasetemp() / "values")
    cache.save(KEY, transcript)
    assert cache.load(KEY, Transcript) == transcript


@given(values=st.lists(st.integers(-32768, 32767), min_size=1, max_size=5000))
def test_samples_on_the_grid_come_back(values: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = DiskCache(tmp_path_factory.getbasetemp() / "samples")
    samples = (np.array(values) / 32768).astype(np.float32)
    cache.save_samples(KEY, samples)
    back = cache.load_samples(KEY)
    assert back is not None
    assert back.dtype == np.float32
    assert np.array_equal(back, samples)


def test_samples_out_of_range_are_clipped_not_wrapped(tmp_path: Path) -> None:
    DiskCache(tmp_path).save_samples(KEY, np.array([1.5, -1.5, 1.0], np.float32))
    back = DiskCache(tmp_path).load_samples(KEY)
    assert back is not None
    assert back.tolist() == [32767 / 32768, -1.0, 32767 / 32768]


@given(st.dictionaries(st.text(), PLAIN), st.dictionaries(st.text(), PLAIN))
def test_recipes_are_the_same_exactly_if_their_keys_are(one: dict[str, object], other: dict[str, object]) -> None:
    assert (recipe_key(settings=one) == recipe_key(settings=other)) == (repr_of(one) == repr_of(other))
    assert recipe_key(a=1, settings=one) == recipe_key(settings=dict(reversed(one.items())), a=1)


def repr_of(value: object) -> object:
    """Equality that tells True from 1."""
    if isinstance(value, dict):
        return frozenset((key, repr_of(inner)) for key, inner in value.items())
    return (type(value), value)


def test_a_key_holds_no_nan() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        recipe_key(value=float("nan"))


@pytest.mark.parametrize("spoilt", [b"", b"{", b"fLaC", b"\xff\xfe", b"null", b"[]"])
def test_what_is_damaged_is_absent(tmp_path: Path, spoilt: bytes) -> None:
    cache = filled(tmp_path)
    for path in tmp_path.glob("*/*"):
        path.write_bytes(spoilt)
    assert cache.load(KEY, Diarization) is None
    assert cache.load_samples(KEY) is None
    assert cache.load("0" * 32, Diarization) is None


def filled(folder: Path) -> DiskCache:
    cache = DiskCache(folder)
    cache.save(KEY, Diarization((Turn(0, 1, "A"),)))
    cache.save_samples(KEY, np.linspace(-0.5, 0.5, 160).astype(np.float32))
    return cache


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
    assert cache.load(KEY, Diarization) is None
    assert cache.load_samples(KEY) is None


def test_an_entry_of_another_shape_is_absent(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    for value in ([], {}, {"turns": 5, "notices": []}, {"turns": [{"start": "a"}], "notices": []}, None, "x"):
        cache.save(KEY, value)
        assert cache.load(KEY, Diarization) is None


@pytest.mark.promise(26)
def test_only_the_user_may_look_inside(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "runs")
    cache.save(KEY, Diarization(()))
    assert stat.S_IMODE(cache.root.stat().st_mode) == 0o700


def test_what_nobody_touched_for_long_goes(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    for key, days in (("a" * 32, 15), ("b" * 32, 13)):
        cache.save(key, Diarization(()))
        (path,) = tmp_path.glob(f"{key[:2]}/*")
        then = time.time() - days * 86_400
        os.utime(path, (then, then))
    assert len(list(tmp_path.glob("*/*"))) == 2
    DiskCache(tmp_path).load(KEY, Diarization)
    assert [path.stem[0] for path in tmp_path.glob("*/*")] == ["b"]
    cache.clear()
    assert not tmp_path.exists()


def test_a_cache_that_stays_open_removes_old_entries_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = filled(tmp_path)
    for path in tmp_path.glob("*/*"):
        os.utime(path, (0, 0))
    cache.load("0" * 32, Diarization)
    assert len(list(tmp_path.glob("*/*"))) == 2
    later = time.monotonic() + DAY
    monkeypatch.setattr("pipeline.engine.artifact_cache.time.monotonic", lambda: later)
    cache.load("0" * 32, Diarization)
    assert not list(tmp_path.glob("*/*"))


UNUSABLE = {
    "a file in the way": lambda folder: folder / "file" / "runs",
    "a device": lambda folder: Path("/dev/null/crosstalk/runs"),
    "a broken link": lambda folder: folder / "link",
}


@pytest.mark.parametrize("place", UNUSABLE)
def test_a_cache_that_cannot_be_written_says_so_once_and_keeps_nothing(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    events: list[Event] = []
    cache = DiskCache(UNUSABLE[place](tmp_path), events.append)
    for _ in range(2):
        cache.save(KEY, Diarization(()))
        cache.save_samples(KEY, np.zeros(1, np.float32))
        assert cache.load(KEY, Diarization) is None
        assert cache.load_samples(KEY) is None
    assert [type(event) for event in events] == [NoticeIssued]
    assert isinstance(events[0], NoticeIssued)
    assert events[0].code == "cache_unavailable"
    assert cache.problem()


def test_a_full_disk_ends_the_keeping_and_not_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    events: list[Event] = []
    cache = DiskCache(tmp_path, events.append)
    cache.save(KEY, Diarization(()))
    monkeypatch.setattr("pipeline.core.atomic_write.os.replace", full)
    for key in ("1" * 32, "2" * 32):
        cache.save(key, Diarization(()))
    assert [event.code for event in events if isinstance(event, NoticeIssued)] == ["cache_unavailable"]
    assert cache.load(KEY, Diarization) == Diarization(())
    assert cache.load("1" * 32, Diarization) is None


def test_no_cache_keeps_nothing() -> None:
    cache = NoCache()
    cache.save(KEY, Diarization(()))
    cache.save_samples(KEY, np.zeros(1, np.float32))
    assert cache.load(KEY, Diarization) is None
    assert cache.load_samples(KEY) is None
