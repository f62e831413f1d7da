"""The segmentation network in torch alone, beside pyannote.audio's class."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from pipeline.core.audio import RATE
from pipeline.models.diarizers.pyannet import FRAME_CENTER, FRAME_STEP, LOCAL_SPEAKERS, WINDOW
from pipeline.models.diarizers.segmentation import load_segmentation, segment_parts
from pipeline.models.weights import Store

CPU = torch.device("cpu")


@pytest.mark.weights
@pytest.mark.parametrize("name", ["crosstalk-segmentation", "pyannote-segmentation"])
def test_the_network_is_that_of_pyannote_bit_for_bit(name: str) -> None:
    from pipeline.models.diarizers.pyannote_segmentation import load_pyannote_segmentation

    ours = load_segmentation(name, Store(offline=True), CPU)
    theirs = load_pyannote_segmentation(name, Store(offline=True))
    waveforms = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, (3, 1, 5 * RATE)).astype(np.float32))
    with torch.inference_mode():
        for windows in (waveforms, waveforms[:1], waveforms[:, :, :12_345]):
            assert torch.equal(ours(windows), theirs(windows))


@pytest.mark.weights
def test_frames_lie_where_pyannote_puts_them() -> None:
    from pipeline.models.diarizers.pyannote_segmentation import load_pyannote_segmentation

    field = load_pyannote_segmentation("crosstalk-segmentation", Store(offline=True)).receptive_field
    assert (field.step, field.start + field.duration / 2) == (FRAME_STEP, FRAME_CENTER)


@pytest.mark.weights
@pytest.mark.parametrize("seconds", [0.01, 1.0, 4.9, 5.0, 5.5, 12.0, 23.7])
def test_windows_are_those_of_the_inference_of_pyannote(seconds: float) -> None:
    from pyannote.audio import Inference

    from pipeline.models.diarizers.pyannote_segmentation import load_pyannote_segmentation

    samples = np.random.default_rng(1).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    network = load_pyannote_segmentation("crosstalk-segmentation", Store(offline=True))
    inference = Inference(network, duration=WINDOW, step=1.0, skip_aggregation=True, batch_size=32)
    expected = inference({"waveform": torch.from_numpy(samples)[None], "sample_rate": RATE}).data
    ours = load_segmentation("crosstalk-segmentation", Store(offline=True), CPU)
    (scores,) = segment_parts(ours, samples, [slice(0, len(samples))], CPU)
    assert scores.shape[2] == LOCAL_SPEAKERS
    np.testing.assert_array_equal(scores, expected)


def test_the_default_diarizer_imports_no_pyannote() -> None:
    program = (
        "import sys, pipeline.engine.pipeline, pipeline.models.diarizers.windowed\n"
        "import pipeline.models.recognizers.whisper_batches\n"
        "slow = {'pyannote.audio', 'lightning', 'torchmetrics', 'optuna', 'pandas', 'speechbrain', 'matplotlib', "
        "'sklearn', 'scipy.signal', 'scipy.optimize', 'torch._dynamo'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output == "[]\n"
