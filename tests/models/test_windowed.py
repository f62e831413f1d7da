"""The windowed diarizer: batches hold every window once, and frame features are computed once."""

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
def test_batches_hold_every_window_once(windows: int, samples: int) -> None:
    from pipeline.models.diarizers.pyannet import WINDOW
    from pipeline.models.diarizers.segmentation import STEP, cut_windows

    length, step = int(WINDOW * RATE), int(STEP * RATE)

    def whole(start: int, stop: int) -> list[int]:
        return list(range(start, stop - length + 1, step))

    batches = cut_windows(samples, windows)
    assert [first for batch in batches for first in whole(batch.start, batch.stop)] == whole(0, samples)
    assert all(len(whole(batch.start, batch.stop)) == windows for batch in batches[:-1])
    assert (batches[0].start, batches[-1].stop) == (0, samples)


@pytest.mark.weights
def test_frame_features_are_computed_once_per_recording(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.models.diarizers.windowed import WindowedDiarizer
    from pipeline.models.embedders.wespeaker_resnet34 import WeSpeakerEmbedder

    audio = media.decode(sample).audio
    received: list[Samples] = []
    forward_frames = WeSpeakerEmbedder.forward_frames

    def count(self: WeSpeakerEmbedder, blocks: list[Samples]) -> list[NDArray[np.float32]]:
        received.extend(blocks)
        return forward_frames(self, blocks)

    monkeypatch.setattr(WeSpeakerEmbedder, "forward_frames", count)
    monkeypatch.setattr(WeSpeakerEmbedder, "embed", lambda self, clips: pytest.fail("heard a clip once more"))
    config = assign(Config(), {"embedding.model": str(write_wespeaker(tmp_path)), "runtime.batch_size": 2})
    diarization = WindowedDiarizer.from_config(config, Store(offline=True)).diarize(
        audio, SpeakerBounds(2, 2), no_progress
    )
    assert 1 <= len({turn.speaker for turn in diarization.turns}) <= 2
    np.testing.assert_array_equal(np.concatenate(received), audio.samples)


@pytest.mark.parametrize(
    ("fewer", "more", "count", "code"),
    [(0.01, 2.0, 5, "4"), (2.0, 0.01, 5, "6"), (0.01, 3.0, 1, "2"), (np.inf, np.inf, 2, "no other")],
)
def test_an_estimated_number_of_speakers_is_reported_with_the_next_best(
    fewer: float, more: float, count: int, code: str
) -> None:
    from pipeline.models.diarizers.clustering import SpeakerEstimate
    from pipeline.models.diarizers.windowed import count_notices

    turns = tuple(Turn(n, n + 1, f"S{n}") for n in range(count))
    estimate = SpeakerEstimate(np.zeros((count, 2), np.float32), fewer, more)
    (notice,) = count_notices(turns, 5.0, SpeakerBounds(), estimate)
    assert notice.code == "speaker_count_estimated"
    assert f"{count} speaker" in notice.message
    assert notice.message.split("; ")[-1].startswith(code)
    assert count_notices(turns, 5.0, SpeakerBounds(count, count), estimate) == ()
