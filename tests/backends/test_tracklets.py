"""Windows in parts: every window once, whole, and in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio import RATE


@pytest.mark.parametrize("windows", [1, 8])
@given(samples=st.integers(1, 60 * RATE))
def test_parts_hold_every_window_once(windows: int, samples: int) -> None:
    from pipeline.backends.segmentation import WINDOW
    from pipeline.backends.tracklets import STEP, cut_windows

    length, step = int(WINDOW * RATE), int(STEP * RATE)

    def whole(start: int, stop: int) -> list[int]:
        return list(range(start, stop - length + 1, step))

    parts = cut_windows(samples, windows)
    assert [first for part in parts for first in whole(part.start, part.stop)] == whole(0, samples)
    assert all(len(whole(part.start, part.stop)) == windows for part in parts[:-1])
    assert (parts[0].start, parts[-1].stop) == (0, samples)
