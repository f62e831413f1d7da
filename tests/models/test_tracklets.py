"""Windows in parts: every window once, whole, and in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline import media
from pipeline.config.schema import Config, assign
from pipeline.core.audio import RATE, Samples
from pipeline.core.events import no_progress
from pipeline.core.types import Turn
from pipeline.models.protocols import SpeakerBounds
from pipeline.models.weights import Store
from tests.models.embedders import write_wespeaker


@pytest.mark.parametrize("windows", [1, 8])
@given(samples=st.integers(1, 60 * RATE))
def test_parts_hold_every_window_once(windows: int, samples: int) -> None:
    from pipeline.models.diarizers.segmentation import WINDOW
    from pipeline.models.diarizers.windowed import STEP, cut_windows

    length, step = int(WINDOW * RATE), int(STEP * RATE)

    def whole(start: int, stop: int) -> list[int]:
        return list(range(start, stop - length + 1, step))

    parts = cut_windows(samples, windows)
    assert [first for part in parts for first in whole(part.start, part.stop)] == whole(0, samples)
    assert all(len(whole(part.start, part.stop)) == windows for part in parts[:-1])
    assert (parts[0].start, parts[-1].stop) == (0, samples)


@pytest.mark.weights
def test_a_trunk_hears_a_recording_once(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.models.diarizers.windowed import WindowedDiarizer
    from pipeline.models.embedders.wespeaker_resnet34 import WeSpeakerEmbedder

    audio = media.decode(sample).audio
    heard: list[Samples] = []
    hear = WeSpeakerEmbedder.forward_frames

    def count(self: WeSpeakerEmbedder, pieces: list[Samples]) -> list[NDArray[np.float32]]:
        heard.extend(pieces)
        return hear(self, pieces)

    monkeypatch.setattr(WeSpeakerEmbedder, "forward_frames", count)
    monkeypatch.setattr(WeSpeakerEmbedder, "embed", lambda self, clips: pytest.fail("heard a clip once more"))
    config = assign(Config(), {"embedding.model": str(write_wespeaker(tmp_path)), "runtime.batch_size": 2})
    found = WindowedDiarizer.from_config(config, Store(offline=True)).diarize(audio, SpeakerBounds(2, 2), no_progress)
    assert 1 <= len({turn.speaker for turn in found.turns}) <= 2
    np.testing.assert_array_equal(np.concatenate(heard), audio.samples)


@pytest.mark.parametrize(
    ("fewer", "more", "found", "code"),
    [(0.01, 2.0, 5, "4"), (2.0, 0.01, 5, "6"), (0.01, 3.0, 1, "2"), (np.inf, np.inf, 2, "no other")],
)
def test_an_estimated_number_of_speakers_is_told_with_the_next_best(
    fewer: float, more: float, found: int, code: str
) -> None:
    from pipeline.models.diarizers.clustering import SpeakerEstimate
    from pipeline.models.diarizers.windowed import count_notices

    turns = tuple(Turn(n, n + 1, f"S{n}") for n in range(found))
    people = SpeakerEstimate(np.zeros((found, 2), np.float32), fewer, more)
    (notice,) = count_notices(turns, 5.0, SpeakerBounds(), people)
    assert notice.code == "speaker_count_estimated"
    assert f"{found} speaker" in notice.message
    assert notice.message.split("; ")[-1].startswith(code)
    assert count_notices(turns, 5.0, SpeakerBounds(found, found), people) == ()
