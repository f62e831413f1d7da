"""Damage affects only its place and is reported; the result is audio or one plain refusal."""

from __future__ import annotations

import errno
import io
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import media
from pipeline.core.errors import InputError, ResourceError
from pipeline.core.events import no_progress
from pipeline.media.decoder import decode_open
from pipeline.media.opening import spool
from tests.max_examples import at_most
from tests.media.factory import KINDS, bursts, make, noise, onset, overwrite, speech, wav

LONG, SHORT = 25.0, 6.0


@cache
def recording(kind: str, seconds: float) -> bytes:
    rate = KINDS[kind][2]
    return make(kind, speech(seconds, rate) + bursts(seconds, rate, (3.0, seconds - 2)))


@cache
def undamaged(kind: str) -> float:
    return decode(recording(kind, SHORT)).decoded


def decode(data: bytes) -> media.Decoded:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(data)
        return media.decode_in_process(path)


def codes(decoded: media.Decoded) -> set[str]:
    return {notice.code for notice in decoded.notices}


@pytest.mark.slow
@pytest.mark.promise(1)
@pytest.mark.parametrize(("kind", "least"), [("m4a", 24.5), ("mp3", 24.5), ("flac", 24.5), ("ogg", 23.9), ("ts", 24.5)])
def test_two_kilobytes_of_noise_cost_little(kind: str, least: float) -> None:
    data = recording(kind, LONG)
    decoded = decode(overwrite(data, len(data) // 2, noise(2000)))
    assert decoded.decoded > least
    assert codes(decoded) & {"damaged", "gap"}
    assert decoded.duration == pytest.approx(LONG, abs=0.1)
    for burst in (3.0, 23.0):
        assert onset(decoded.audio.samples, burst - 1, burst + 1) == pytest.approx(burst, abs=0.025)


@pytest.mark.slow
@pytest.mark.promise(1)
@pytest.mark.promise(8)
@at_most(30)
@given(
    kind=st.sampled_from(["m4a", "mp3", "ogg", "flac", "webm", "aac", "wav", "amr"]),
    hits=st.lists(st.tuples(st.floats(0.0, 0.999), st.integers(1, 2000), st.integers(0, 9)), min_size=1, max_size=4),
)
def test_random_damage_is_survived_and_reported(kind: str, hits: list[tuple[float, int, int]]) -> None:
    data = recording(kind, SHORT)
    for place, length, seed in hits:
        at = int(place * len(data))
        data = overwrite(data, at, noise(length, seed)[: len(data) - at])
    try:
        decoded = decode(data)
    except InputError:
        return
    assert np.isfinite(decoded.audio.samples).all()
    assert np.abs(decoded.audio.samples).max() <= 1
    lost = undamaged(kind) - decoded.decoded
    assert lost <= 0.02 * SHORT or decoded.notices or not decoded.complete


@pytest.mark.promise(1)
def test_noise_over_the_head_of_an_mp3_is_reported() -> None:
    for seed in range(3):
        decoded = decode(overwrite(recording("mp3", SHORT), 0, noise(2000, seed)))
        assert "damaged" in codes(decoded)
        assert decoded.duration == pytest.approx(SHORT, abs=0.1)
        assert onset(decoded.audio.samples, 2, 4) == pytest.approx(3, abs=0.06)


@pytest.mark.promise(1)
def test_an_ogg_in_which_the_reader_gives_up_is_reported() -> None:
    data = recording("ogg", 8.0)
    for at, length, seed in ((50382, 1801, 9), (39225, 1231, 3), (49528, 836, 5)):
        data = overwrite(data, at, noise(length, seed))
    decoded = decode(data)
    assert decoded.decoded < 7.9
    assert not decoded.complete or decoded.notices


@pytest.mark.promise(4)
@at_most(15)
@given(kind=st.sampled_from(["m4a", "mp3", "ogg", "flac", "webm", "mka", "avi"]), part=st.floats(0, 1))
def test_a_cut_anywhere_is_survived_and_reported(kind: str, part: float) -> None:
    data = recording(kind, SHORT)
    try:
        decoded = decode(data[: int(part * len(data))])
    except InputError:
        return
    assert decoded.decoded > 0.97 * SHORT or not decoded.complete


@pytest.mark.promise(8)
def test_nan_and_infinity_are_repaired_and_counted() -> None:
    samples = speech(2, 16_000)
    broken = samples.copy()
    broken[[100, 5000, 9000]] = np.nan, np.inf, -np.inf
    decoded = decode(wav(broken, float_=True))
    [notice] = decoded.notices
    assert (notice.code, notice.message[:2]) == ("repaired_samples", "3 ")
    finite = np.isfinite(broken)
    assert np.allclose(decoded.audio.samples[finite], samples[finite], atol=1e-6)
    assert (decoded.audio.samples[~finite] == 0).all()


@pytest.mark.promise(8)
def test_beyond_full_scale_is_clipped_and_counted() -> None:
    decoded = decode(wav(speech(1, 16_000) * 1e30, float_=True))
    assert np.abs(decoded.audio.samples).max() == 1
    assert codes(decoded) == {"clipped_samples"}


def test_an_impossible_time_stamp_is_ignored() -> None:
    def jump(time: float) -> float:
        return time if time < 2 else time + 5000

    decoded = decode(make("ts", speech(5, 48_000), moment=jump))
    assert decoded.duration == pytest.approx(5, abs=0.2)
    assert codes(decoded) == {"clock"}


class Failing(io.BytesIO):
    """A disk or network file that fails after a number of bytes."""

    def __init__(self, data: bytes, good: int) -> None:
        super().__init__(data)
        self.good = good

    def readinto(self, buffer: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self.good:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


@pytest.mark.promise(3)
@pytest.mark.parametrize("good", [0, 100, 20_000])
def test_a_failing_disk_is_no_fault_of_the_recording(good: int) -> None:
    file = Failing(recording("wav", SHORT), good)
    with pytest.raises(ResourceError) as failure:
        decode_open(file, "x", media.Limits(), no_progress, lambda seconds, channels: None)
    assert (failure.value.where, failure.value.exit_code) == ("x", 5)
    with pytest.raises(ResourceError) as failure:
        spool(Failing(recording("wav", SHORT), good), "standard input")
    assert failure.value.where == "standard input"
